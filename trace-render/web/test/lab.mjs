// A live trace from the page over real routers: `node test/lab.mjs BINARY`. It makes a laboratory of network namespaces with no way out,
// in a user namespace of its own, and runs the server and the browser in there.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { counting } from "./canvas.mjs";
import { Checks, axe, expect, until, wide } from "./checks.mjs";
import { served } from "./served.mjs";

const binary = process.argv[2];
if (process.env.TRACE_LAB === undefined) {
  const self = [process.execPath, fileURLToPath(import.meta.url), binary];
  const inside = spawnSync("unshare", ["-Urnm", ...self], { env: { ...process.env, TRACE_LAB: "1" }, stdio: "inherit" });
  process.exit(inside.status ?? 1);
}

// Two routers and a target behind them. What may be done in here is all that the kernel permits this user.
const LAB = `
mount -t tmpfs none /run
mkdir /run/netns
ip link set lo up
for name in one two end; do ip netns add $name; ip -n $name link set lo up; done
join() { # namespace or -, its address, namespace, its address
  ip link add left type veth peer name right
  for side in "left $1 $2" "right $3 $4"; do
    set -- $side
    if [ $2 = - ]; then ip link set $1 name to-$1 up; ip addr add $3/24 dev to-$1
    else ip link set $1 netns $2; ip -n $2 link set $1 name to-$1 up; ip -n $2 addr add $3/24 dev to-$1; fi
  done
}
join - 10.99.1.1 one 10.99.1.2
join one 10.99.2.1 two 10.99.2.2
join two 10.99.3.1 end 10.99.3.2
for name in one two; do nsenter --net=/run/netns/$name sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'; done
ip route add 10.99.0.0/16 via 10.99.1.2
ip -n one route add 10.99.3.0/24 via 10.99.2.2
ip -n two route add 10.99.1.0/24 via 10.99.2.1
ip -n end route add 10.99.0.0/16 via 10.99.3.1
`;
const made = spawnSync("sh", ["-euc", LAB], { encoding: "utf8" });
if (made.status !== 0) {
  console.log(`SKIPPED: no laboratory of routers can be made here: ${made.stderr.trim().split("\n").at(-1)}`);
  process.exit(process.env.TRACE_REQUIRE_ALL === "1" ? 1 : 0);
}

const work = mkdtempSync(`${tmpdir()}/trace-lab-`);
const env = { PATH: process.env.PATH, HOME: work, NO_COLOR: "1" };
const WAY = ["10.99.1.2", "10.99.2.2", "10.99.3.2"];
// Places of a city each, so near together that light makes the way between them in the time of a laboratory.
writeFileSync(`${work}/networks.csv`, WAY.map((address, i) => `${address},AT,,${["Vienna", "Simmering", "Schwechat"][i]},,${48.21 - 0.025 * i},16.37\n`).join(""));
writeFileSync(`${work}/config.toml`, 'places = ["networks.csv"]\n');
const { server, base } = await served(binary, ["--allow-trace", "--data-dir", `${work}/data`, "--config", `${work}/config.toml`], env);
process.on("exit", () => {
  server.kill();
  rmSync(work, { recursive: true, force: true });
});
const checks = new Checks(base);
await checks.start();
await checks.check("lab: a trace over routers, started from the page, is drawn as it is heard and kept", {}, async (opened) => {
  await counting(opened);
  await checks.open(opened, "/live");
  await opened.locator("#host").fill(WAY.at(-1));
  await opened.keyboard.press("Enter");
  await until(opened, "all hops, and the link to the trace", () => document.querySelectorAll(".hops tbody tr").length === 3 && document.body.innerText.includes("Open the trace"));
  const rows = await opened.locator(".hops tbody tr").allInnerTexts();
  expect(WAY.every((address, place) => rows[place].includes(address)), `the routers in their order: ${rows.join(" / ")}`);
  await until(opened, "a mark on the map for each", () => window.marks.at(-1) === 3);
  const marks = await opened.evaluate(() => window.marks);
  expect(marks[0] === 0 && marks.every((number, i) => i === 0 || number > marks[i - 1]), `the map draws itself: marks ${marks}`);
  await opened.getByRole("link", { name: "Open the trace" }).click();
  await until(opened, "the trace that was kept", () => location.pathname.startsWith("/trace/") && document.querySelectorAll(".hops tbody tr").length === 3);
  const { items } = await (await fetch(`${base}/api/v1/traces`)).json();
  expect(items.length === 1 && items[0].outcome === "reached" && items[0].address === WAY.at(-1) && items[0].length === 3, JSON.stringify(items));
});
// A target that nobody has takes seconds to be given up: so long there is a trace under way to look at.
for (const [theme, size] of [["light", "desktop"], ["dark", "phone"]]) {
  await checks.check(`lab: a trace under way, and given up from the page, ${size}, ${theme}`, { theme, size }, async (opened) => {
    await checks.open(opened, "/live");
    await opened.locator("#host").fill("10.99.3.77");
    await opened.keyboard.press("Enter");
    await until(opened, "the first routers", () => document.querySelectorAll(".hops tbody tr").length >= 2);
    const stop = opened.getByRole("button", { name: "Stop" });
    expect((await stop.count()) === 1, "it can be stopped");
    const findings = [...(await axe(opened)), ...(await wide(opened))];
    expect(findings.length === 0, findings.join("\n    "));
    expect((await stop.count()) === 1, "it was under way until then");
    await stop.click();
    await until(opened, "its end", () => document.body.innerText.includes("Open the trace"));
  });
}
process.exit((await checks.end()) === 0 ? 0 : 1);
