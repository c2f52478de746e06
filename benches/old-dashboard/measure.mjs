// Time to the first picture of a CSV, and memory, of a server and of the page it sends: see ./measure.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { browser } from "../../trace-render/web/test/browser.mjs";

const [csv, binary, python, shapes] = process.argv.slice(2);
const ROUNDS = 5;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const free = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/** Resident memory of a process and its children, in MB. */
function resident(pid) {
  const parents = new Map(readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const text = readFileSync(`/proc/${name}/status`, "utf8");
      return [[Number(name), { parent: Number(/^PPid:\s+(\d+)/m.exec(text)[1]), kb: Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0) }]];
    } catch {
      return [];
    }
  }));
  const sum = (of) => (parents.get(of)?.kb ?? 0) + [...parents].filter(([, { parent }]) => parent === of).reduce((total, [child]) => total + sum(child), 0);
  return sum(pid) / 1000;
}

async function answers(url) {
  for (let i = 0; i < 1200; i++) {
    try {
      await fetch(url);
      return;
    } catch {
      await sleep(10);
    }
  }
  throw new Error(`${url} never answered`);
}

async function once(kind, chromium, online) {
  const port = await free();
  const started = performance.now();
  const server = kind === "old"
    ? spawn(python, [new URL("app.py", import.meta.url).pathname, csv, String(port)], { stdio: "ignore" })
    : spawn(binary, ["serve", "--csv", csv, "--no-open", "--listen", `127.0.0.1:${port}`], { stdio: "ignore" });
  try {
    await answers(`http://127.0.0.1:${port}/`);
    const up = performance.now() - started;
    const context = await chromium.newContext({ viewport: { width: 1280, height: 860 } });
    const page = await context.newPage();
    let bytes = 0;
    page.on("response", async (response) => (bytes += Number(response.headers()["content-length"] ?? 0)));
    const asked = [];
    // The old map asks a CDN for its coastlines. Here that answer comes from a file, at once; or never, as without a network.
    await page.route((url) => url.hostname !== "127.0.0.1", (route) => {
      asked.push(route.request().url());
      return online && /world_110m/.test(route.request().url()) ? route.fulfill({ path: shapes, contentType: "application/json", headers: { "access-control-allow-origin": "*" } }) : route.abort();
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    const drawn = kind === "old"
      ? () => document.querySelectorAll(".trace.scattergeo path").length > 0 && document.querySelectorAll(".layer.land path").length > 0
      : () => document.querySelectorAll('[aria-busy="true"]').length === 0 && /path/.test(document.querySelector(".panel-map .tools")?.textContent ?? "");
    let first = null;
    try {
      await page.waitForFunction(drawn, null, { timeout: online || kind !== "old" ? 20000 : 4000, polling: 10 });
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      first = performance.now() - started;
    } catch {
      // No picture.
    }
    const memory = resident(server.pid);
    const heap = await page.evaluate(() => performance.memory?.usedJSHeapSize / 1e6);
    await context.close();
    return { up, first, memory, heap, asked };
  } finally {
    server.kill();
  }
}

const chromium = await browser();
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const results = {};
for (const kind of ["old", "new"]) {
  const runs = [];
  for (let i = 0; i < ROUNDS; i++) runs.push(await once(kind, chromium, true));
  results[kind] = { up: median(runs.map((run) => run.up)), first: median(runs.map((run) => run.first ?? Infinity)), memory: median(runs.map((run) => run.memory)), heap: median(runs.map((run) => run.heap)) };
}
const offline = await once("old", chromium, false);
await chromium.close();
const row = (name, unit, key) => console.log(`${name.padEnd(34)} ${results.old[key].toFixed(0).padStart(7)} ${results.new[key].toFixed(0).padStart(7)} ${unit.padEnd(3)} ${(results.old[key] / results.new[key]).toFixed(1).padStart(6)} times`);
console.log(`median of ${ROUNDS}, chromium warm             old app  trace-cli`);
row("start to first answer", "ms", "up");
row("start to first picture", "ms", "first");
row("server, resident", "MB", "memory");
row("page, JavaScript heap", "MB", "heap");
console.log(`old app without a network: ${offline.first === null ? "no map" : `map after ${offline.first.toFixed(0)} ms`}; it asked ${[...new Set(offline.asked)].join(" ")}`);
process.exit(0);
