// Bundles the unit tests and runs them with node's own runner: `npm test`.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";

const here = new URL(".", import.meta.url).pathname;
const out = here + "../out/";
mkdirSync(out, { recursive: true });
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
await build({ entryPoints: tests.map((name) => here + name), outdir: out, bundle: true, format: "esm", platform: "node", target: "node20", outExtension: { ".js": ".mjs" }, logLevel: "warning" });
const { status } = spawnSync(process.execPath, ["--test", ...(process.argv.slice(2)), ...tests.map((name) => out + name.replace(/\.ts$/, ".mjs"))], { stdio: "inherit" });
process.exit(status ?? 1);
