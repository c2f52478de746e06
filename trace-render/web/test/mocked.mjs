// The page against the mock server: every view in both themes and three widths under axe-core, keyboard, hostile text, states and faults,
// links that carry the state, the live view, frame times. `node test/mocked.mjs [FILTER]`.
import { counting } from "./canvas.mjs";
import { Checks, axe, expect, until, wide } from "./checks.mjs";
import { settled } from "./browser.mjs";
import { frames } from "./frames.mjs";
import { maps } from "./maps.mjs";
import { mock } from "./mock.mjs";

const filter = new RegExp(process.argv[2] ?? ".");
const server = mock().listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const checks = new Checks(base);
await checks.start();
const set = async (query = "") => fetch(`${base}/mock${query}`);
const get = async (path) => (await fetch(base + path)).json();
const check = async (name, options, act) => {
  if (!filter.test(name)) return;
  await set(options.mock ?? "");
  await checks.check(name, options, act);
};

const { items: targets } = await get("/api/v1/targets");
const one = targets[4];
const { items: eras } = await get(`/api/v1/targets/${one.key}/eras`);
const VIEWS = {
  overview: "/", target: `/target/${one.key}`, trace: `/trace/${one.last.id}?ttl=5&open=3,5`, diff: `/diff?a=${eras.at(-1).trace}&b=${eras[1].trace}`,
  "diff by city": `/diff?a=${eras.at(-1).trace}&b=${eras[1].trace}&level=city`, live: "/live", following: "/live?id=live-1", "no such page": "/nowhere", "no such trace": "/trace/00000000", compare: "/diff",
};

// Several views at once: they change nothing in the server.
const views = [];
for (const theme of ["light", "dark"]) {
  for (const size of ["desktop", "tablet", "phone", "narrow"]) {
    for (const [view, path] of Object.entries(VIEWS)) {
      views.push([`${view}, ${size}, ${theme}`, { theme, size }, async (opened) => {
        await checks.open(opened, path);
        if (view === "following") await until(opened, "the live trace ends", () => document.body.innerText.includes("Open the trace"));
        const findings = await axe(opened);
        expect(findings.length === 0, findings.join("\n    "));
        const beyond = await wide(opened);
        expect(beyond.length === 0, beyond.join());
      }]);
    }
  }
}
await set();
await checks.views(views.filter(([name]) => filter.test(name)));

await check("what the server still works out is told so, and comes by itself", { mock: "?working=1" }, async (opened) => {
  await checks.open(opened, "/");
  const pending = () => document.querySelectorAll(".targets tbody td.c-week [title='Being worked out']").length;
  expect((await opened.evaluate(pending)) > 0, "the table stands there before the changes are known");
  await until(opened, "the changes are being looked for", () => document.querySelector(".panel-changes")?.textContent?.includes("Looking for changes"));
  const findings = await axe(opened);
  expect(findings.length === 0, findings.join("\n    "));
  await set();
  await until(opened, "they are known", () => document.querySelectorAll("[title='Being worked out']").length === 0 && document.querySelectorAll(".panel-changes .change-list li").length > 0);
});

await check("keyboard only: from the overview to a comparison and back", {}, async (opened) => {
  await checks.open(opened, "/");
  await opened.keyboard.press("Tab");
  expect(await opened.evaluate(() => document.activeElement?.textContent === "Skip to the content"), "the first stop is the skip link");
  await opened.keyboard.press("Enter");
  expect(await opened.evaluate(() => document.activeElement?.id === "main"), "the skip link leads to the content");
  await opened.keyboard.press("/");
  await opened.keyboard.type("tokyo");
  await until(opened, "one row is left", () => document.querySelectorAll(".targets tbody tr").length === 1);
  await opened.keyboard.press("Enter");
  await opened.keyboard.press("Enter");
  await until(opened, "the target opens", () => location.pathname.startsWith("/target/") && document.querySelectorAll(".traces tbody tr").length > 1);
  // A hop of the heat map, and through time on it.
  await opened.locator(".heat-name[tabindex='0']").focus();
  await opened.keyboard.press("ArrowDown");
  await opened.keyboard.press("Enter");
  await until(opened, "the hop stands in the URL", () => new URLSearchParams(location.search).get("hop") === "2");
  await opened.keyboard.press("ArrowRight");
  await until(opened, "the cell is told", () => document.querySelector(".heat [aria-live]")?.textContent?.includes("hop 2"));
  // The window by its handles.
  await opened.locator(".brush-handle").first().focus();
  await opened.keyboard.press("Shift+ArrowRight");
  await until(opened, "the window stands in the URL", () => new URLSearchParams(location.search).has("since"));
  await opened.keyboard.press("Escape");
  await until(opened, "everything is shown again", () => !new URLSearchParams(location.search).has("since"));
  await until(opened, "all traces are back", () => document.querySelectorAll(".traces tbody tr").length > 1);
  // Two traces in two presses.
  const buttons = opened.locator(".traces .compare");
  await buttons.nth(0).focus();
  await opened.keyboard.press("Enter");
  await buttons.nth(1).focus();
  await opened.keyboard.press("Enter");
  await until(opened, "the comparison opens", () => location.pathname === "/diff" && document.querySelectorAll(".diff tbody tr").length > 3);
  await opened.goBack();
  await until(opened, "back at the target", () => location.pathname.startsWith("/target/"));
  await opened.keyboard.press("?");
  expect(await opened.evaluate(() => document.querySelector("dialog")?.open), "? opens the help");
  await opened.keyboard.press("Escape");
  await opened.keyboard.press("m");
  expect(await opened.evaluate(() => document.activeElement?.tagName === "CANVAS"), "m leads to the map");
  await opened.keyboard.press("+");
  // Until the document of the map is there, the map says that it has none.
  const told = () => opened.evaluate(() => document.querySelector(".map [aria-live]")?.textContent ?? "");
  for (let times = 0; times < 100; times++) {
    await opened.keyboard.press("n");
    if (!["", "No places on the map yet"].includes(await told())) break;
    await opened.waitForTimeout(100);
  }
  expect(/\S/.test(await told()) && !(await told()).includes("No places"), `a place is told: ${await told()}`);
  await until(opened, "the map's position stands in the URL", () => new URLSearchParams(location.search).has("map"));
  await opened.keyboard.press("o");
  await until(opened, "o leads to the overview", () => location.pathname === "/");
  const visible = await opened.evaluate(() => {
    const link = document.querySelector("nav a");
    link.focus();
    return getComputedStyle(link).outlineStyle;
  });
  expect(visible !== "none", "the focus is seen");
});

await check("rows of a trace open with Enter, and rows and map follow each other", {}, async (opened) => {
  await checks.open(opened, `/trace/${one.last.id}`);
  await opened.keyboard.press("t");
  await opened.keyboard.press("ArrowDown");
  await opened.keyboard.press("ArrowDown");
  await opened.keyboard.press("Enter");
  await until(opened, "the evidence is open", () => document.querySelector("tr.evidence .candidate-list li.struck") !== null);
  await until(opened, "the hop stands in the URL", () => new URLSearchParams(location.search).get("ttl") === "3" && new URLSearchParams(location.search).get("open") === "3");
  // Over the canvas until something is hit: the row lights up.
  const box = await opened.locator(".panel-map canvas").boundingBox();
  let lit = 0;
  for (let y = box.y + 10; y < box.y + box.height && lit === 0; y += 9) {
    for (let x = box.x + 10; x < box.x + box.width && lit === 0; x += 9) {
      await opened.mouse.move(x, y);
      lit = await opened.evaluate(() => document.querySelectorAll(".hops tr.lit").length);
    }
  }
  expect(lit > 0, "a mark under the pointer lights its row");
});

await maps(check, checks, get, one, "Reykjavík");

await check("hostile names stay text", { mock: "?hostile=1" }, async (opened) => {
  const { items } = await get("/api/v1/targets");
  for (const path of ["/", ...items.flatMap((target) => [`/target/${target.key}`, `/trace/${target.last.id}?open=3,4`])]) {
    await checks.open(opened, path);
    const found = await opened.evaluate(() => ({ title: document.title, images: document.querySelectorAll("img, main script, main iframe").length, override: document.body.innerText.includes("\u202e"), text: document.body.innerText }));
    expect(found.title !== "owned" && found.images === 0, `${path}: markup came alive`);
    expect(!found.override, `${path}: a direction override reached the page`);
    expect(/onerror|\\u\{202e\}|very-long/.test(found.text), `${path}: the names are shown`);
    expect((await wide(opened)).length === 0, `${path}: too wide`);
  }
  await opened.setViewportSize({ width: 360, height: 740 });
  await checks.open(opened, "/");
  expect((await wide(opened)).length === 0, "too wide on a phone");
});

for (const state of ["damaged", "newer", "older", "locked", "missing", "unreadable"]) {
  await check(`store ${state}: said, and over by itself`, { mock: `?store=${state}` }, async (opened) => {
    await checks.open(opened, "/");
    await until(opened, "the banner is there", () => !document.querySelector(".banner").hidden);
    const text = await opened.locator(".banner").innerText();
    expect(text.includes(`the database is ${state}`), text);
    expect(!(await opened.locator("main").innerText()).includes("Nothing has been traced"), "an unreadable store is not an empty one");
    const findings = await axe(opened);
    expect(findings.length === 0, findings.join("\n    "));
    await set();
    // Once it is waited for; the other times the page is told that the network is back, which makes it ask at once.
    if (state !== "damaged") await opened.evaluate(() => dispatchEvent(new Event("online")));
    await until(opened, "it recovers", () => document.querySelector(".banner").hidden && document.querySelectorAll(".targets tbody tr").length === 20);
  });
}

// What is not as it should be, or not there yet, is looked at too: some views on a desktop in light, the others on a phone in dark, where they
// are narrowest; each with a server of its own.
await Promise.all([
  ["light", "desktop", ["/", "/live"]],
  ["dark", "narrow", [`/target/${one.key}`, `/trace/${one.last.id}`]],
].map(async ([theme, size, paths]) => {
  const own = mock().listen(0, "127.0.0.1");
  await new Promise((resolve) => own.once("listening", resolve));
  const there = `http://127.0.0.1:${own.address().port}`;
  const be = (query) => fetch(`${there}/mock${query}`);
  const look = async (name, query, act) => {
    if (!filter.test(name)) return;
    for (const path of paths) {
      await be(query);
      // A window each: what one still waits for keeps the next one waiting.
      await checks.check(`${name}: ${path}`, { theme, size }, async (opened) => {
        await act(opened, path);
        const findings = [...(await axe(opened)), ...(await wide(opened))];
        expect(findings.length === 0, findings.join("\n    "));
      });
    }
  };
  await look(`while it loads, ${size}, ${theme}`, "?slow=60000", async (opened, path) => {
    await opened.goto(there + path);
    await until(opened, "the view is there", () => document.querySelector("main > *") !== null && document.querySelectorAll('.panel[aria-busy="true"]').length > 0);
    const bare = await opened.evaluate(() => [...document.querySelectorAll('.panel[aria-busy="true"]')].filter((panel) => !panel.innerText.includes("Loading")).map((panel) => panel.className));
    expect(bare.length === 0, `nothing is said in ${bare.join(", ")}`);
  });
  await look(`after a failure, ${size}, ${theme}`, "?fail=500", async (opened, path) => {
    await opened.goto(there + path);
    await until(opened, "it is said", () => document.querySelectorAll(".trouble").length > 0 && document.querySelectorAll('[aria-busy="true"]').length === 0);
  });
  await look(`with the server gone, ${size}, ${theme}`, "", async (opened, path) => {
    await opened.goto(there + path);
    await settled(opened);
    const rows = () => opened.evaluate(() => document.querySelectorAll("main tbody tr, main ol li").length);
    const shown = await rows();
    expect(shown > 0, "there is something to lose");
    await be("?down=1");
    await opened.evaluate(() => dispatchEvent(new Event("online")));
    await until(opened, "the silence is said", () => document.querySelector(".banner")?.textContent?.includes("does not answer"));
    expect((await rows()) === shown, "what was shown stays");
  });
  own.closeAllConnections();
  own.close();
}));

await check("the server goes and comes back", {}, async (opened) => {
  await checks.open(opened, "/");
  await set("?down=1");
  await opened.evaluate(() => dispatchEvent(new Event("online")));
  await until(opened, "the silence is said", () => document.querySelector(".banner")?.textContent?.includes("does not answer"));
  expect((await opened.locator(".targets tbody tr").count()) === 20, "what was shown stays");
  await set();
  await until(opened, "it recovers", () => document.querySelector(".banner").hidden);
});

await check("an empty store says how to begin", { mock: "?empty=1" }, async (opened) => {
  await checks.open(opened, "/");
  expect((await opened.locator("main").innerText()).includes("trace-cli trace HOST"), "the command is there");
  expect((await axe(opened)).length === 0, "axe");
});

await check("a failing request says so and can be tried again", { mock: "?fail=500" }, async (opened) => {
  await checks.open(opened, "/");
  expect((await opened.locator(".panel-targets .trouble").innerText()).includes("it was asked to"), "the reason is there");
  await set();
  await opened.locator(".panel-targets .trouble button").click();
  await until(opened, "the rows come", () => document.querySelectorAll(".targets tbody tr").length === 20);
});

await check("while it loads it says so", { mock: "?slow=1500" }, async (opened) => {
  await opened.goto(`${base}/`);
  await until(opened, "panels are busy", () => document.querySelectorAll('.panel[aria-busy="true"]').length > 0);
  await until(opened, "and then not", () => document.querySelectorAll('.panel[aria-busy="true"]').length === 0 && document.querySelectorAll(".targets tbody tr").length === 20);
});

await check("a token is asked for and opens the page", { mock: "?token=1" }, async (opened) => {
  await opened.goto(`${base}/`);
  await opened.locator("#token").fill("wrong");
  await opened.keyboard.press("Enter");
  await until(opened, "a wrong one is refused", () => document.querySelector(".login")?.textContent?.includes("not the token"));
  expect((await axe(opened)).length === 0, "axe");
  await opened.locator("#token").fill("secret");
  await opened.keyboard.press("Enter");
  await until(opened, "the rows come", () => document.querySelectorAll(".targets tbody tr").length === 20);
});

await check("filters, order, selection and map stand in the URL", {}, async (opened) => {
  await checks.open(opened, "/");
  await opened.getByRole("button", { name: "Not reached" }).click();
  await until(opened, "two are left", () => document.querySelectorAll(".targets tbody tr").length === 2);
  await opened.getByRole("button", { name: "RTT ms" }).click();
  await opened.locator(".targets tbody tr td.c-loss").first().click();
  const url = new URL(opened.url());
  expect(url.searchParams.get("status") === "not-reached" && url.searchParams.get("sort") === "rtt" && url.searchParams.get("sel") !== null, url.search);
  await checks.open(opened, `${url.pathname}${url.search}&map=139.70,35.60,3.00`);
  expect((await opened.locator(".targets tbody tr").count()) === 2 && (await opened.locator("tr.chosen").count()) === 1, "the link opens the same");
  expect((await opened.locator("th[aria-sort='ascending']").innerText()).startsWith("RTT"), "and the order");
  expect(new URL(opened.url()).searchParams.get("map") === "139.70,35.60,3.00", "and the map's position");
});

await check("dragging a window: the map and the charts follow", {}, async (opened) => {
  await checks.open(opened, `/target/${one.key}`);
  const asked = [];
  opened.on("request", (request) => asked.push(request.url()));
  const box = await opened.locator(".timeline-plot").boundingBox();
  await opened.mouse.move(box.x + box.width * 0.2, box.y + 15);
  await opened.mouse.down();
  for (let i = 0; i <= 10; i++) await opened.mouse.move(box.x + box.width * (0.2 + i * 0.03), box.y + 15);
  await opened.waitForTimeout(250);
  expect(asked.some((url) => url.includes("/scene?at=")), "the map follows the hand");
  await opened.mouse.up();
  await until(opened, "the window stands in the URL", () => new URLSearchParams(location.search).has("until"));
  await settled(opened);
  expect(asked.some((url) => url.includes("/series?since=")), "the charts follow");
  await opened.getByRole("button", { name: "All", exact: true }).click();
  await until(opened, "all again", () => !new URLSearchParams(location.search).has("until"));
});

await check("the wheel zooms about the pointer, a finger pans, and what moved can be undone", { size: "phone" }, async (opened, context) => {
  await checks.open(opened, "/");
  const box = await opened.locator(".map canvas").boundingBox();
  await opened.mouse.move(box.x + 100, box.y + 100);
  await opened.keyboard.down("Control");
  await opened.mouse.wheel(0, -400);
  await opened.keyboard.up("Control");
  await until(opened, "zoomed", () => new URLSearchParams(location.search).has("map"));
  const before = new URL(opened.url()).searchParams.get("map").split(",").map(Number);
  const finger = await context.newCDPSession(opened);
  const touch = (type, x) => finger.send("Input.dispatchTouchEvent", { type, touchPoints: x === null ? [] : [{ id: 0, x: box.x + x, y: box.y + 120 }] });
  await touch("touchStart", 250);
  for (let x = 240; x >= 130; x -= 10) await touch("touchMove", x);
  await touch("touchEnd", null);
  // 120 pixels to the left: so far eastward, and neither up nor nearer.
  const east = (120 / 2 ** before[2] / 1024) * 360;
  await until(opened, "panned", ([longitude, latitude, zoom, east]) => {
    const now = new URLSearchParams(location.search).get("map").split(",").map(Number);
    const way = (now[0] - longitude + 540) % 360 - 180;
    return way > east * 0.6 && way < east * 1.1 && Math.abs(now[1] - latitude) < 3 && Math.abs(now[2] - zoom) < 0.05;
  }, [...before, east]);
  await opened.getByRole("button", { name: "Show everything" }).click();
  await until(opened, "all is shown", () => !new URLSearchParams(location.search).has("map"));
});

await check("changes of long ago come page by page", { mock: "?pages=1" }, async (opened) => {
  const shown = () => opened.locator(".panel-changes .change-list li").count();
  await checks.open(opened, `/target/${one.key}`);
  expect((await shown()) === 1, "one page to begin with");
  await opened.getByRole("button", { name: "Earlier changes" }).click();
  await until(opened, "all of them", () => document.querySelectorAll(".panel-changes .change-list li").length > 1 && !document.querySelector(".panel-changes").innerText.includes("Earlier changes"));
});

await check("live: traces that were started are told with how they are", {}, async (opened) => {
  await checks.open(opened, "/live");
  const rows = await opened.locator(".live-list li").allInnerTexts();
  expect(rows.length === 3 && rows[0].includes("under way") && rows[1].includes("<img") && rows[1].includes("failed") && rows[2].includes("interrupted"), rows.join(" / "));
  await opened.locator(".live-list a").first().click();
  await until(opened, "it is followed", () => new URLSearchParams(location.search).get("id") === "live-1");
});

await check("two fingers zoom the map about what is between them, and do not zoom the page", { size: "phone" }, async (opened, context) => {
  // A view of its own to begin with: where the map stands is in the address.
  await checks.open(opened, "/?map=10.00,48.00,1.00");
  await opened.locator(".map canvas").scrollIntoViewIfNeeded();
  const box = await opened.locator(".map canvas").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const fingers = await context.newCDPSession(opened);
  const touch = (type, apart) => fingers.send("Input.dispatchTouchEvent", {
    type, touchPoints: apart === null ? [] : [{ id: 0, x: x - apart, y }, { id: 1, x: x + apart, y }],
  });
  const pinch = async (from, to) => {
    await touch("touchStart", from);
    for (let step = 1; step <= 8; step++) await touch("touchMove", from + ((to - from) * step) / 8);
    await touch("touchEnd", null);
  };
  const at = () => opened.evaluate(() => new URLSearchParams(location.search).get("map").split(",").map(Number));
  const zooms = async (what, factor) => {
    await until(opened, what, (factor) => Math.abs(Number(new URLSearchParams(location.search).get("map").split(",")[2]) - factor) < 0.25, factor);
    const [longitude, latitude] = await at();
    expect(Math.abs(longitude - 10) < 3 && Math.abs(latitude - 48) < 3, `what is between the fingers stays there: ${longitude}, ${latitude}`);
  };
  // The zoom is told in powers of two.
  await pinch(30, 120);
  await zooms("spread: four times as large", 3);
  await pinch(120, 60);
  await zooms("drawn together: half of that", 2);
  expect((await opened.evaluate(() => visualViewport.scale)) === 1, "the page is as large as it was");
});

await check("live: off unless it is allowed", { mock: "?allow=0" }, async (opened) => {
  await checks.open(opened, "/live");
  await until(opened, "it says how", () => document.querySelector("main").innerText.includes("--allow-trace"));
  expect((await opened.locator("form").count()) === 0, "no form");
});

await check("live: hops and their marks appear as they are heard", { mock: "?hops=2" }, async (opened) => {
  await counting(opened);
  await checks.open(opened, "/live");
  await opened.locator("#host").fill("tokyo.example.jp");
  await opened.keyboard.press("Enter");
  // The first hop is private: it is nowhere on the map.
  await until(opened, "two hops, and the mark of the second", () => document.querySelectorAll(".hops tbody tr").length === 2 && window.marks.at(-1) === 1);
  await set("?hops=4");
  await until(opened, "two more, and their marks", () => document.querySelectorAll(".hops tbody tr").length === 4 && window.marks.at(-1) === 3);
  await set();
  await until(opened, "all hops, and the link to the trace", () => document.querySelectorAll(".hops tbody tr").length >= 9 && document.body.innerText.includes("Open the trace") && window.marks.at(-1) > 3);
  const marks = await opened.evaluate(() => window.marks);
  expect(marks[0] === 0 && marks.every((number, i) => i === 0 || number > marks[i - 1]), `the map draws itself: marks ${marks}`);
  const [x, y] = await opened.evaluate(() => window.middles.at(-1));
  const box = await opened.locator(".panel-map canvas").boundingBox();
  await opened.mouse.move(box.x + x, box.y + y);
  await until(opened, "a mark under the pointer lights its row", () => document.querySelectorAll(".hops tr.lit").length > 0);
  await opened.mouse.down();
  await opened.mouse.up();
  await until(opened, "a click on it chooses the row", () => document.querySelectorAll(".hops tr.chosen").length === 1);
  await opened.getByRole("link", { name: "Open the trace" }).click();
  await until(opened, "the trace", () => location.pathname.startsWith("/trace/"));
});

await check("ten thousand legs: half of all frames come within 33 ms", { mock: "?legs=10000" }, async () => {
  const found = await frames(checks.chromium, base, [], 3);
  checks.figures["frames with 10,000 legs, ms"] = `drag median ${found.drag.median.toFixed(1)}, p95 ${found.drag.p95.toFixed(1)}; zoom median ${found.zoom.median.toFixed(1)}, p95 ${found.zoom.p95.toFixed(1)}`;
  expect(found.drag.median < 33.5 && found.zoom.median < 33.5, JSON.stringify(found));
});

const failed = await checks.end();
process.exit(failed === 0 ? 0 : 1);
