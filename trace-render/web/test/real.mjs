// The page against the real program on real databases: `node test/real.mjs BINARY [FILTER]`. It makes the databases itself, from documents
// and a CSV, and sends no packet anywhere.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { Checks, axe, expect, until, wide } from "./checks.mjs";
import { geoInterpolate } from "d3-geo";
import { INK, along, painted, position } from "./canvas.mjs";
import { documents, oldCsv } from "./documents.mjs";
import { faults } from "./faults.mjs";
import { walk } from "./keyboard.mjs";
import { served } from "./served.mjs";

const binary = process.argv[2];
const filter = new RegExp(process.argv[3] ?? ".");
const work = mkdtempSync(`${tmpdir()}/trace-page-`);
const env = { PATH: process.env.PATH, HOME: work, NO_COLOR: "1" };
const servers = [];
process.on("exit", () => {
  for (const server of servers) server.kill();
  rmSync(work, { recursive: true, force: true });
});

function run(...options) {
  const done = spawnSync(binary, options, { env, encoding: "utf8" });
  if (done.status !== 0 && done.status !== 1) throw new Error(`${options.join(" ")}: ${done.status} ${done.stderr}`);
  return done.stdout;
}

/** Starts `serve` and waits until it says where it listens. */
async function serve(...options) {
  const { server, base } = await served(binary, options, env);
  servers.push(server);
  return base;
}

const data = `${work}/data`;
writeFileSync(`${work}/traces.jsonl`, documents());
run("--data-dir", data, "import", `${work}/traces.jsonl`);
writeFileSync(`${work}/old.csv`, oldCsv());
const base = await serve("--data-dir", data);
const get = async (path) => {
  const response = await fetch(base + path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
};
const checks = new Checks(base);
await checks.start();
const check = async (name, options, act) => {
  if (filter.test(name)) await checks.check(name, options, act);
};

// It waits more than it works: the others need not wait for it.
const faulty = check("real: a database that is locked, newer, damaged, gone or another: said, and well again by itself", {}, (opened) => faults(opened, work, data, run, serve));

const { items: targets } = await get("/api/v1/targets");
const one = targets.find((target) => target.name === "tokyo.example.jp");
const { items: eras } = await get(`/api/v1/targets/${one.key}/eras`);
const { items: traces } = await get(`/api/v1/traces?target=${one.key}`);
const VIEWS = {
  overview: "/", target: `/target/${one.key}`, trace: `/trace/${one.last.id}?ttl=3&open=3`,
  diff: `/diff?a=${eras[0].trace}&b=${eras[1].trace}`, live: "/live",
};
const EXPECTED = {
  overview: (text) => text.includes("tokyo.example.jp") && text.includes("Latest changes"), target: (text) => text.includes("Path eras"),
  trace: (text) => text.includes("Vienna") && text.includes("Probes"), diff: (text) => /reroute/i.test(text), live: (text) => text.includes("--allow-trace"),
};
const views = [];
for (const theme of ["light", "dark"]) {
  for (const size of ["desktop", "phone"]) {
    for (const [view, path] of Object.entries(VIEWS)) {
      views.push([`real ${view}, ${size}, ${theme}`, { theme, size }, async (opened) => {
        await checks.open(opened, path);
        const text = await opened.locator("main").innerText();
        expect(EXPECTED[view](text), `what is expected is not there: ${text.slice(0, 200)}`);
        const findings = [...(await axe(opened)), ...(await wide(opened))];
        expect(findings.length === 0, findings.join("\n    "));
      }]);
    }
  }
}
await checks.views(views.filter(([name]) => filter.test(name)));

await check("real: policy and kinds of the page's files", {}, async (opened) => {
  const response = await opened.goto(`${base}/`);
  const policy = response.headers()["content-security-policy"] ?? "";
  expect(policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
  const files = await opened.evaluate(() => performance.getEntriesByType("resource").map(({ name, transferSize, encodedBodySize }) => [new URL(name).pathname, transferSize, encodedBodySize]));
  const sum = files.filter(([name]) => name.startsWith("/assets/") && !name.includes("50m")).reduce((total, [, , size]) => total + size, 0);
  checks.figures["first load, kB"] = (sum / 1000).toFixed(1);
  expect(sum > 50_000 && sum < 250_000, `${sum} bytes`);
});

await check("real: the first view is there soon", {}, async (opened) => {
  await opened.goto(`${base}/`);
  await until(opened, "rows and map", () => document.querySelectorAll(".targets tbody tr").length > 0 && document.querySelector(".panel-map .tools").textContent !== "");
  const ms = await opened.evaluate(() => performance.now());
  checks.figures["first view, ms"] = ms.toFixed(0);
  // Half a second where nothing else runs; what is far from that is wrong on a busy machine too.
  expect(ms < 5000, `after ${ms.toFixed(0)} ms`);
});

await check("real: where the milliseconds went adds up", {}, async (opened) => {
  await checks.open(opened, VIEWS.trace);
  const numbers = async (selector) => (await opened.locator(selector).allInnerTexts()).map((text) => Number.parseFloat(text));
  const [rtt] = await numbers(".budget-sum strong");
  const shares = await numbers(".budget-shares .number");
  const sum = shares.reduce((total, share) => total + share, 0);
  expect(shares.length > 0 && Math.abs(sum - rtt) < 0.01 * rtt + 0.5, `${shares} of ${rtt}`);
});

await check("real: an address that leads nowhere leads back", {}, async (opened) => {
  const response = await opened.goto(`${base}/targets/of/old`);
  expect(response.status() === 404, `${response.status()}`);
  await opened.locator("main a[href='/']").click();
  await until(opened, "the overview", () => location.pathname === "/" && document.querySelectorAll(".targets tbody tr").length > 0);
});

await check("real: downloads", {}, async (opened) => {
  await checks.open(opened, VIEWS.trace);
  const { hops } = await get(`/api/v1/traces/${one.last.id}`);
  const answered = hops.flatMap((hop) => [...new Set(hop.probes.flatMap((probe) => probe.from ?? []))].map((address) => [hop.ttl, address]));
  const download = async (name) => {
    const waiting = opened.waitForEvent("download");
    await opened.getByRole("link", { name, exact: true }).click();
    const file = await waiting;
    return readFileSync(await file.path());
  };
  expect((await download("PNG")).toString("latin1").startsWith("\u0089PNG"), "a PNG");
  const svg = (await download("SVG")).toString();
  expect(svg.startsWith("<svg") && svg.includes("Tokyo"), svg.slice(0, 80));
  const [head, ...rows] = (await download("CSV")).toString().trimEnd().split(/\r?\n/).map((line) => line.split(","));
  const column = (name) => {
    expect(head.includes(name), `the heading has ${name}: ${head}`);
    return rows.map((row) => row[head.indexOf(name)]);
  };
  expect(column("id").every((id) => id === one.last.id), "every row is of this trace");
  const told = column("ttl").map((ttl, i) => [Number(ttl), column("address")[i]]).filter(([, address]) => address !== "");
  expect(JSON.stringify(told) === JSON.stringify(answered), `a row a TTL and router: ${JSON.stringify(told)}`);
  expect(column("city").includes("Tokyo") && column("min_ms").filter((text) => Number(text) > 0).length === answered.length, "places and times are in the rows");
  const document = JSON.parse(await download("JSON"));
  expect(document.id === one.last.id && document.hops.length === hops.length, "the document is the trace");
  const { features } = JSON.parse(await download("GeoJSON"));
  expect(features.length > 3, "the scene has features");
});

await check("real: two traces in two clicks, and levels", {}, async (opened) => {
  await checks.open(opened, `/target/${one.key}`);
  // A trace every two hours for five days: a line, and no dots.
  await until(opened, "the RTT as a line", () => {
    const line = document.querySelector(".chart .line-median")?.getAttribute("d") ?? "";
    return line.split("L").length > 25 && line.split("M").length < 5;
  });
  await opened.locator(".eras .compare").first().click();
  await opened.locator(".eras .compare").last().click();
  await until(opened, "the comparison", () => location.pathname === "/diff" && document.querySelectorAll(".diff tbody tr").length > 3);
  await opened.getByRole("button", { name: "City" }).click();
  await until(opened, "cities", () => document.querySelector(".diff tbody")?.innerText.includes("Vienna"));
});

await check("real: a new trace appears by itself", {}, async (opened) => {
  await checks.open(opened, `/?q=late`);
  expect((await opened.locator("main").innerText()).includes("No target fits"), "it is not there yet");
  writeFileSync(`${work}/late.jsonl`, documents({ late: true }));
  run("--data-dir", data, "import", `${work}/late.jsonl`);
  await opened.evaluate(() => document.querySelector("#search").dispatchEvent(new Event("input")));
  await until(opened, "the new target", () => document.querySelectorAll(".targets tbody tr").length === 1);
});

await check("real: hostile names stay text", {}, async (opened) => {
  const hostile = targets.find((target) => target.name?.includes("onerror"));
  expect(hostile !== undefined, "the hostile target is there");
  for (const path of [`/target/${hostile.key}`, `/trace/${hostile.last.id}?open=2,3`, "/"]) {
    await checks.open(opened, path);
    const found = await opened.evaluate(() => ({ title: document.title, images: document.querySelectorAll("img, main script").length, override: document.body.innerText.includes("\u202e") }));
    expect(found.title !== "owned" && found.images === 0 && !found.override, `${path}: ${JSON.stringify(found)}`);
  }
});

await check("real: by keys alone, from the overview to a comparison and back", {}, async (opened) => {
  await checks.open(opened, "/");
  await walk(opened, "tokyo.example.jp");
});

await check("real: how targets stand, what changed today and this week, and the filters", {}, async (opened) => {
  await checks.open(opened, "/");
  const row = (name) => opened.locator(".targets tbody tr").filter({ hasText: name });
  const cell = async (name, column) => (await row(name).locator(`td.${column}`).innerText()).trim();
  await until(opened, "the changes are worked out", () => document.querySelectorAll(".targets tbody tr").length > 9 && document.querySelectorAll(".targets [title='Being worked out']").length === 0);
  expect(Number(await cell("moving.example.sg", "c-day")) > 0 && Number(await cell("moving.example.sg", "c-week")) > 0, "what changed today is counted for the day and the week");
  expect(Number(await cell("tokyo.example.jp", "c-week")) >= Number(await cell("tokyo.example.jp", "c-day")) + 2, "what changed earlier is counted for the week alone");
  // How noise is judged depends on the hour of the day: hardly any of it is taken for a change.
  expect((await opened.locator(".targets tbody td.c-week").allInnerTexts()).filter((text) => text.trim() === "0").length > 6, "and what did not change, not at all");
  const states = { Reached: ["reached", "tokyo.example.jp", /^reached$/i], "Not reached": ["not-reached", "silent.example.cl", /^not reached$/i], Stale: ["stale", "gone.example.is", /^stale$/i] };
  let sum = 0;
  for (const [label, [status, name, word]] of Object.entries(states)) {
    expect(word.test(await cell(name, "c-status")), `${name} is ${label}: ${await cell(name, "c-status")}`);
    const { items } = await get(`/api/v1/targets?status=${status}`);
    expect(items.length > 0 && items.every((target) => target.status === status) && items.some((target) => target.name === name), `?status=${status}`);
    sum += items.length;
    const another = await opened.context().newPage();
    await checks.open(another, `/?status=${status}`);
    await until(another, `the link to ${label}`, (number) => document.querySelectorAll(".targets tbody tr").length === number && document.querySelector("[data-value][aria-pressed=true]") !== null, items.length);
    expect((await another.getByRole("button", { name: label, exact: true }).getAttribute("aria-pressed")) === "true", `${label} is pressed`);
    await another.close();
  }
  expect(sum === (await get("/api/v1/targets")).items.length, "every target is in one of them");
  await opened.getByRole("button", { name: "Changed in 24 h" }).click();
  await until(opened, "those that changed today", () => [...document.querySelectorAll(".targets tbody tr td.c-day")].every((cell) => Number(cell.innerText) > 0) && document.querySelectorAll(".targets tbody tr").length > 0);
  expect((await row("moving.example.sg").count()) === 1 && (await row("gone.example.is").count()) === 0, "and no others");
});

await check("real: a plain CSV of the old form, its columns in another order", {}, async (opened) => {
  const there = await serve("--csv", `${work}/old.csv`);
  await opened.goto(`${there}/`);
  await until(opened, "the map", () => /path/.test(document.querySelector(".panel-map .tools").textContent) && document.querySelectorAll(".targets tbody tr").length === 1);
  const { features, routes } = await (await fetch(`${there}/api/v1/map`)).json();
  const marks = features.filter((feature) => feature.properties.kind === "mark");
  const legs = features.filter((feature) => feature.properties.kind === "leg");
  expect(routes.length === 3 && legs.length === 4 && legs.every(({ properties }) => [properties.from, properties.to].every((mark) => marks[mark].properties.stops.some((stop) => stop.route === properties.route))), "a leg joins only within its trace");
  expect((await opened.locator(".lamp").innerText()).includes("CSV"), "the page says that it is a CSV");
  const findings = [...(await axe(opened)), ...(await wide(opened))];
  expect(findings.length === 0, findings.join());
  // Over the Atlantic from London to New York: the great circle is painted, and its ends are.
  const view = position(-40, 45, 2);
  await opened.goto(`${there}/?${view.query}`);
  await painted(opened, "London", view.at([-0.12, 51.5]), 8, INK.first, 12);
  await painted(opened, "New York", view.at([-74, 40.71]), 8, INK.first, 12);
  const course = geoInterpolate([-0.12, 51.5], [-74, 40.71]);
  const share = await along(opened, [0.2, 0.35, 0.5, 0.65, 0.8].map((t) => view.at(course(t))), INK.first);
  expect(share === 1, `the leg is painted along its way: ${share}`);
  await opened.locator(".targets tbody a.row-link").click();
  await until(opened, "its traces", () => document.querySelectorAll(".traces tbody tr").length === 3);
  const times = await opened.locator(".traces tbody a.row-link").allInnerTexts();
  expect(JSON.stringify(times.map((time) => time.replace(/\.\d+/, ""))) === JSON.stringify(["2021-01-31 21:06:12", "2021-01-25 00:30:00", "2021-01-19 23:04:04"]), `times with their zones, in UTC: ${times}`);
  await opened.locator(".traces tbody a.row-link").last().click();
  await until(opened, "hops", () => document.querySelectorAll(".hops tbody tr").length === 3);
  const hops = await opened.locator(".hops tbody tr").allInnerTexts();
  expect(["Los Angeles", "Tokyo", "Sydney"].every((city, i) => hops[i].includes(city)), hops.join(" / "));
});

await check("real: a trace of this machine, started from the page", {}, async (opened) => {
  const there = await serve("--data-dir", `${work}/live`, "--allow-trace");
  await opened.goto(`${there}/live`);
  await opened.locator("#host").fill("127.0.0.1");
  await opened.keyboard.press("Enter");
  await until(opened, "it is followed", () => new URLSearchParams(location.search).has("id"));
  await until(opened, "its hop", () => document.querySelectorAll(".hops tbody tr").length === 1);
  await until(opened, "its end", () => document.body.innerText.includes("Open the trace"));
  await opened.getByRole("link", { name: "Open the trace" }).click();
  await until(opened, "the trace that was kept", () => location.pathname.startsWith("/trace/") && document.querySelectorAll(".hops tbody tr").length === 1);
  // Somebody who has no token of this page cannot start one.
  const refused = await fetch(`${there}/api/v1/live`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"host":"127.0.0.1"}' });
  expect(refused.status === 403 || refused.status === 401, `started without a token: ${refused.status}`);
});

await check("real: a map that stands alone, from a file and without a network", {}, async (opened, context) => {
  await context.setOffline(true);
  const hostile = targets.find((target) => target.name?.includes("onerror"));
  for (const [name, id] of [["plain", one.last.id], ["hostile", hostile.last.id]]) {
    run("--data-dir", data, "map", id, "-o", `${work}/${name}.html`);
    await opened.goto(`file://${work}/${name}.html`);
    await until(opened, "the hops", () => document.querySelectorAll(".alone-hops li").length > 2);
    await opened.waitForTimeout(600);
    const land = await opened.evaluate(() => {
      const canvas = document.querySelector("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set();
      for (let i = 0; i < data.length; i += 4 * 97) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
      return { colours: [...colours].filter((colour) => colour === "246,243,236" || colour === "217,230,236").length, images: document.querySelectorAll("img").length, title: document.title };
    });
    expect(land.colours === 2, "land and sea are drawn");
    expect(land.images === 0 && land.title !== "owned", "markup came alive");
    const findings = await axe(opened);
    expect(findings.length === 0, findings.join());
  }
});

await faulty;
expect(traces.length > 3, "the generator made several traces");
const failed = await checks.end();
process.exit(failed === 0 ? 0 : 1);
