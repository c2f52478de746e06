// How soon the first view of the dashboard is usable in Chromium, with a server that was just started and a browser that knows nothing:
//
//     cargo build --release -p trace-cli && (cd trace-render/web && npm ci)
//     node benches/first-view.mjs DIRECTORY [PROGRAM] [TIMES]
//
// Exits with 1 where the median is a second or more.
//
// Usable: the rows of the table stand, and the map shows the current paths. DIRECTORY is a data directory, which is only read.
import { browser, page } from "../trace-render/web/test/browser.mjs";
import { served } from "../trace-render/web/test/served.mjs";

const [directory, program = "target/release/trace-cli", times = "5"] = process.argv.slice(2);
const troubles = [];

async function once() {
  const started = performance.now();
  const { server, base } = await served(program, ["--data-dir", directory]);
  try {
    const listening = performance.now() - started;
    const chromium = await browser();
    const context = await chromium.newContext({ viewport: { width: 1280, height: 860 } });
    const opened = await page(context, troubles);
    await opened.goto(`${base}/`, { waitUntil: "commit" });
    const rows = await opened.waitForFunction(() => document.querySelectorAll(".targets tbody tr").length > 0 && performance.now(), null, { polling: 5 });
    const all = await opened.waitForFunction(() => document.querySelectorAll(".targets tbody tr").length > 0 && /path/.test(document.querySelector(".panel-map .tools")?.textContent ?? "") && performance.now(), null, { polling: 5 });
    const found = { listening, rows: await rows.jsonValue(), usable: await all.jsonValue() };
    await chromium.close();
    return found;
  } finally {
    server.kill();
  }
}

const runs = [];
for (let run = 0; run < Number(times); run++) runs.push(await once());
const sorted = (name) => runs.map((run) => run[name]).sort((a, b) => a - b);
const median = (name) => sorted(name)[Math.floor(runs.length / 2)];
const of = (name) => `median ${median(name).toFixed(0)} ms, longest ${sorted(name).at(-1).toFixed(0)} ms`;
console.log(`the server listens after: ${of("listening")}`);
console.log(`rows stand after: ${of("rows")}`);
console.log(`usable after: ${of("usable")}, from the beginning of navigation, ${runs.length} times`);
if (troubles.length > 0) console.log(troubles.join("\n"));
if (median("usable") >= 1000 || troubles.length > 0) process.exitCode = 1;
