// The real server on a port of its own.
import { spawn } from "node:child_process";

/** Starts `serve` with these options. Returns its process, and the address that it said it listens on. */
export async function served(program, options, env = process.env) {
  const server = spawn(program, ["serve", "--no-open", "--listen", "127.0.0.1:0", ...options], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const base = await new Promise((resolve, reject) => {
    const hear = (part) => {
      said += part;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    };
    server.stdout.on("data", hear);
    server.stderr.on("data", hear);
    server.on("error", reject);
    server.on("exit", (status) => reject(new Error(`serve ended with ${status}: ${said}`)));
  });
  return { server, base };
}
