// The map and the charts themselves: what is painted where, and that map and tables lead to one another, by the pointer and by choice.
import { geoDistance, geoInterpolate } from "d3-geo";
import { INK, along, colours, like, painted, position } from "./canvas.mjs";
import { expect, until } from "./checks.mjs";

/** Marks of a scene that are points and stand apart from all others. */
function apart(scene) {
  const marks = scene.features.map(({ geometry, properties }) => ({ at: geometry.coordinates, ...properties })).filter(({ kind }) => kind === "mark");
  return marks.filter((mark) => mark.country_code === undefined && mark.trust === "sound" && marks.every((other) => other === mark || geoDistance(other.at, mark.at) > 0.04));
}

/** The canvas's middle in the window, once it is in sight. */
async function middle(opened) {
  await opened.locator(".panel-map canvas").scrollIntoViewIfNeeded();
  const { x, y, width, height } = await opened.locator(".panel-map canvas").boundingBox();
  return { x: x + width / 2, y: y + height / 2, width, height };
}

/** Where nothing on the page follows the pointer. */
const nowhere = (opened) => opened.locator(".brand").hover();

/** A ring around a mark, which says that it is meant. */
const RING = 17;

export async function maps(check, checks, get, one, island) {
  await check("map: rows and marks of a trace lead to one another", {}, async (opened) => {
    const scene = await get(`/api/v1/traces/${one.last.id}/scene`);
    const [mark, other] = apart(scene);
    expect(other !== undefined, "two places that stand apart");
    const view = position(...mark.at, 3.5);
    const ttl = mark.stops[0].hops[0].ttl, second = other.stops[0].hops[0].ttl;
    const row = (ttl) => opened.locator(`.hops tr[data-ttl="${ttl}"]`).first();
    await checks.open(opened, `/trace/${one.last.id}?${view.query}`);
    await painted(opened, "the mark", [0, 0], 5, INK.first, 20);
    await painted(opened, "no ring yet", [0, 0], RING, INK.select, 0);
    await row(ttl).hover();
    await painted(opened, "a ring, while its row is under the pointer", [0, 0], RING, INK.select, 60);
    await row(second).hover();
    await painted(opened, "no ring, while another row is", [0, 0], RING, INK.select, 0);
    await row(second).locator("td").nth(2).click();
    await until(opened, "a click on the row chooses", (ttl) => new URLSearchParams(location.search).get("ttl") === String(ttl), second);
    await nowhere(opened);
    await painted(opened, "still no ring", [0, 0], RING, INK.select, 0);
    const { x, y } = await middle(opened);
    await opened.mouse.move(x + 1, y + 1);
    await until(opened, "the mark under the pointer lights its row, and is told", (ttl) => document.querySelector(`.hops tr[data-ttl="${ttl}"].lit`) && !document.querySelector(".map-note").hidden, ttl);
    expect((await opened.locator(".map-note").innerText()).includes(mark.city), "the place stands beside the pointer");
    await opened.mouse.down();
    await opened.mouse.up();
    await until(opened, "a click on it chooses the row", (ttl) => new URLSearchParams(location.search).get("ttl") === String(ttl) && document.querySelector(`.hops tr[data-ttl="${ttl}"].chosen`), ttl);
    await nowhere(opened);
    await painted(opened, "the ring stays", [0, 0], RING, INK.select, 60);
  });

  await check("map: hops of a target and marks lead to one another", {}, async (opened) => {
    const scene = await get(`/api/v1/targets/${one.key}/scene?eras=4`);
    const mark = apart(scene).find(({ stops }) => stops.some(({ route }) => route === 0));
    const { ttl } = mark.stops.find(({ route }) => route === 0).hops[0];
    await checks.open(opened, `/target/${one.key}?${position(...mark.at, 3.5).query}`);
    await painted(opened, "the mark", [0, 0], 5, INK.first, 20);
    await opened.locator(`.heat-name[data-ttl="${ttl}"]`).hover();
    await painted(opened, "a ring, while its hop is under the pointer", [0, 0], RING, INK.select, 60);
    await nowhere(opened);
    await painted(opened, "and none behind", [0, 0], RING, INK.select, 0);
    const { x, y } = await middle(opened);
    await opened.mouse.move(x + 1, y + 1);
    await until(opened, "the mark lights its hop", (ttl) => document.querySelector(`.heat-name[data-ttl="${ttl}"].lit`), ttl);
    await opened.mouse.down();
    await opened.mouse.up();
    await until(opened, "a click chooses it", (ttl) => new URLSearchParams(location.search).get("hop") === String(ttl) && document.querySelector(`.heat-name[data-ttl="${ttl}"][aria-pressed=true]`), ttl);
    await nowhere(opened);
    await painted(opened, "the ring stays", [0, 0], RING, INK.select, 60);
  });

  await check("map: targets and paths of the overview lead to one another", {}, async (opened) => {
    const scene = await get("/api/v1/map");
    const marks = scene.features.filter(({ properties }) => properties.kind === "mark");
    const end = marks.find(({ properties }) => properties.city === island);
    const [stop] = end.properties.stops;
    const leg = scene.features.find(({ properties }) => properties.kind === "leg" && properties.route === stop.route && marks[properties.to] === end);
    const { key } = scene.routes[stop.route];
    const course = geoInterpolate(...leg.geometry.coordinates);
    const view = position(...course(0.5), 1.8);
    await checks.open(opened, `/?${view.query}`);
    const points = [0.35, 0.5, 0.65].map((t) => view.at(course(t)));
    for (const end = Date.now() + 30_000; (await along(opened, points, INK.first)) < 1;) expect(Date.now() < end, "the leg is painted along its way");
    expect((await like(opened, [points[1][0] + 20, points[1][1] - 20], 3, INK.first)) === 0, "and not beside it");
    const { width, height } = await middle(opened);
    const whole = () => like(opened, [0, 0], Math.min(width, height) / 2 - 4, INK.first);
    const plain = await whole();
    await opened.locator(`.targets tr[data-key="${key}"] td.c-status`).hover();
    for (const end = Date.now() + 30_000; (await whole()) > plain * 0.8;) expect(Date.now() < end, "the other paths are faint while a row is under the pointer");
    expect((await along(opened, points, INK.first)) === 1, "its own is not");
    // The row may lie farther down the page.
    const { x, y } = await middle(opened);
    await opened.mouse.move(x + points[1][0], y + points[1][1]);
    await until(opened, "the path under the pointer lights its row alone", (key) => [...document.querySelectorAll(".targets tr.lit")].map((row) => row.dataset.key).join() === key, key);
    await opened.mouse.down();
    await opened.mouse.up();
    await until(opened, "a click on it chooses the row", (key) => new URLSearchParams(location.search).get("sel") === key && document.querySelector(`.targets tr.chosen`)?.dataset.key === key, key);
    await nowhere(opened);
    for (const end = Date.now() + 30_000; (await whole()) > plain * 0.8;) expect(Date.now() < end, "the others stay faint");
    const [dx, dy] = view.at(end.geometry.coordinates);
    await opened.mouse.move(x + dx, y + dy);
    await opened.mouse.down();
    await opened.mouse.up();
    await until(opened, "a click on a place leaves the paths through it", (place) => new URLSearchParams(location.search).get("place") === place && document.querySelectorAll(".targets tbody tr").length === 1, island);
    expect((await opened.locator(".chip").innerText()).includes(island), "and says so");
  });

  await check("map: fine shapes at rest, coarse ones while it moves", {}, async (opened) => {
    // An island that the coarse shapes do not have.
    const mauritius = [57.55, -20.28];
    const view = position(...mauritius, 5);
    await checks.open(opened, `/?${view.query}`);
    await painted(opened, "the island at rest", [0, 0], 4, INK.land, 40);
    const { x, y } = await middle(opened);
    await opened.mouse.move(x, y);
    await opened.mouse.down();
    await opened.mouse.move(x + 40, y + 30, { steps: 4 });
    await painted(opened, "no island there while the map is held", [40, 30], 4, INK.land, 0);
    await painted(opened, "but the sea", [40, 30], 4, INK.ocean, 40);
    await opened.mouse.up();
    await painted(opened, "the island again, where the map was put", [40, 30], 4, INK.land, 40);
  });

  await check("charts: lines of RTT and loss, the heat map, the probes of a trace, the raw document", {}, async (opened) => {
    await checks.open(opened, `/target/${one.key}`);
    const line = () => opened.locator(".chart .line-median").getAttribute("d");
    await until(opened, "the line of the RTT", () => (document.querySelector(".chart .line-median")?.getAttribute("d") ?? "").length > 200);
    expect((await opened.locator(".chart .line-other").count()) > 2 && (await opened.locator(".chart .line-min").getAttribute("d")).length > 200, "those of the other hops, and the least");
    expect((await opened.locator(".chart .loss-bar").count()) > 0, "the loss below them");
    expect((await opened.locator(".era").count()) > 1, "the eras above them");
    const before = await line();
    expect((await colours(opened, ".heat-plot canvas")) > 30, "the heat map has colours");
    const picture = () => opened.evaluate(() => document.querySelector(".heat-plot canvas").toDataURL());
    const rtt = await picture();
    await opened.getByRole("button", { name: "Loss", exact: true }).click();
    await until(opened, "the loss as colours", (rtt) => document.querySelector(".heat-plot canvas").toDataURL() !== rtt && new URLSearchParams(location.search).get("metric") === "loss", rtt);
    expect((await colours(opened, ".heat-plot canvas")) > 1, "of more than one kind");
    await opened.locator(".heat-name[data-ttl='2']").click();
    await until(opened, "the line of another hop", (before) => document.querySelector(".chart .line-median").getAttribute("d") !== before && document.querySelector(".chart-title").innerText.includes("hop 2"), before);

    const link = new URL(opened.url());
    const another = await opened.context().newPage();
    await checks.open(another, `${link.pathname}${link.search}`);
    await until(another, "the link opens the same hop and measure", () => document.querySelector(".chart-title").innerText.includes("hop 2") && document.querySelector("[data-metric=loss][aria-pressed=true]"));
    await another.close();

    await checks.open(opened, `/trace/${one.last.id}`);
    const document_ = await get(`/api/v1/traces/${one.last.id}`);
    const answers = document_.hops.flatMap((hop) => hop.probes.filter((probe) => typeof probe.rtt_ms === "number")).length;
    await until(opened, "a dot for each answer", (answers) => document.querySelectorAll(".ladder-dot").length === answers, answers);
    expect((await opened.locator(".ladder-line").getAttribute("d")).split("L").length > 2, "and the line of the medians");
    await opened.locator(".panel-raw summary").click();
    await until(opened, "the raw document", () => document.querySelector(".panel-raw pre").textContent.length > 100);
    expect(JSON.stringify(JSON.parse(await opened.locator(".panel-raw pre").textContent())) === JSON.stringify(document_), "is the whole document");
  });
}
