import assert from "node:assert/strict";
import { test } from "node:test";
import { SHEET, across, bounded, copies, down, fitted, latitudeOf, longitudeOf, stretch, zoomed } from "../src/map/plane";
import { course, joined, numbers, read } from "../src/map/scene";
import type { SceneDocument } from "../src/types";

const extent = (a: number, b: number, weight = 1) => ({ x0: across(a), x1: across(b), y0: 0, y1: 0, weight });

test("degrees come back from the plane", () => {
  for (const longitude of [-180, -74, 0, 16.4, 179.9]) assert.ok(Math.abs(longitudeOf(across(longitude)) - longitude) < 1e-9);
  for (const latitude of [-80, -33, 0, 48.2, 83]) assert.ok(Math.abs(latitudeOf(down(latitude)) - latitude) < 1e-9);
});

test("a leg over the Pacific stays whole on the plane", () => {
  const line = course([139.7, 35.7], [-118.2, 34.05]);
  for (let i = 2; i < line.length; i += 2) assert.ok(Math.abs((line[i] ?? 0) - (line[i - 2] ?? 0)) < SHEET / 20);
  assert.ok((line.at(-2) ?? 0) > SHEET, "it runs on past the edge");
  // Great circle: nearer to the pole than both ends.
  const least = Math.min(...line.filter((_, i) => i % 2 === 1));
  assert.ok(least < down(45) && least > down(50));
});

test("westward over the date line runs on to the left", () => {
  const line = course([-170, 0], [170, 10]);
  assert.ok((line.at(-2) ?? 0) < 0);
});

test("the map is cut where it cuts nothing", () => {
  const pacific = stretch([extent(139.7, 241.8), extent(241.8, 241.8, 0)]);
  assert.ok(pacific && Math.abs(pacific.start - across(139.7)) < 1e-6 && Math.abs(pacific.width - (102.1 / 360) * SHEET) < 1e-6);
  assert.equal(stretch([]), null);
  const one = stretch([extent(16, 16, 0)]);
  assert.ok(one && one.width === 0);
});

test("where everything is covered, the cut goes through what matters least", () => {
  // Vienna - London - New York - Los Angeles - Tokyo in front, Vienna - Dubai - Tokyo behind.
  const band = stretch([extent(0, 16, 3), extent(-74, 0, 3), extent(-118, -74, 3), extent(139.7, 242, 3), extent(16, 55, 1), extent(55, 139.7, 1)]);
  assert.ok(band && (Math.abs(band.start - across(139.7)) < 1 || Math.abs(band.start - across(55)) < 1));
});

test("a view stays on the sheet, and zooms about the pointer", () => {
  const view = bounded({ x: 3000, y: -500, k: 2, width: 800, height: 400 });
  assert.ok(view.x >= 0 && view.x < SHEET && view.y - 100 >= down(84) - 1e-9);
  const start = bounded({ x: 500, y: 400, k: 3, width: 800, height: 400 });
  const unit = (v: typeof view, px: number): number => v.x + (px - v.width / 2) / v.k;
  const next = zoomed(start, 2, 100, 200);
  assert.ok(Math.abs(unit(start, 100) - unit(next, 100)) < 1e-9);
  assert.equal(zoomed(start, 1e9, 0, 0).k, 640);
});

test("copies of the sheet cover a wide view", () => {
  const view = { x: 512, y: 500, k: 0.5, width: 1100, height: 300 };
  assert.deepEqual(copies(view, 0, SHEET), [-1, 1]);
  assert.deepEqual(copies({ ...view, k: 4 }, 600, 610), [0, 0]);
  const [first, last] = copies({ ...view, k: 40 }, 100, 101);
  assert.ok(first > last);
});

test("what fits is inside the canvas", () => {
  const places = [[-58.4, -34.6], [8.68, 50.1]] as const;
  const view = fitted(places.map(([x, y]) => ({ x0: across(x), x1: across(x), y0: down(y), y1: down(y), weight: 0 })), 900, 500);
  for (const [x, y] of places) {
    const px = 450 + (across(x) - view.x) * view.k, py = 250 + (down(y) - view.y) * view.k;
    assert.ok(px > 20 && px < 880 && py > 20 && py < 480, `${px} ${py}`);
  }
});

test("hop numbers are drawn together", () => {
  assert.equal(numbers([3, 4, 5, 7]), "3–5, 7");
  assert.equal(numbers([8, 9]), "8, 9");
  assert.equal(numbers([]), "");
});

const document = (address: string, places: [number, number][]): SceneDocument => ({
  type: "FeatureCollection",
  routes: [{ name: null, address, vantage: null, started_ns: 0, outcome: null, protocol: null, hops: places.length, rtt_ms: null }],
  features: [
    ...places.map((coordinates, i) => ({ type: "Feature" as const, geometry: { type: "Point" as const, coordinates }, properties: { kind: "mark" as const, city: `c${coordinates[0]}`, country: null, trust: "sound" as const, stops: [{ route: 0, origin: false, target: false, hops: [{ ttl: i + 1, address, rtt_ms: 1 }] }] } })),
    ...places.slice(1).map((to, i) => ({ type: "Feature" as const, geometry: { type: "LineString" as const, coordinates: [places[i] ?? to, to] }, properties: { kind: "leg" as const, route: 0, from: i, to: i + 1, between: 0, course: "great-circle" as const } })),
  ],
});

test("two scenes become one, and a place that both pass one mark", () => {
  const scene = read(joined(document("192.0.2.1", [[0, 0], [10, 10]]), document("192.0.2.2", [[0, 0], [20, 20]])));
  assert.equal(scene.marks.length, 3);
  assert.deepEqual(scene.legs.map(({ route, from, to }) => [route, from, to]), [[0, 0, 1], [1, 0, 2]]);
  assert.deepEqual(scene.marks[0]?.stops.map((stop) => stop.route), [0, 1]);
});

test("a leg to a mark that is not there is not drawn", () => {
  const broken = document("192.0.2.1", [[0, 0], [10, 10]]);
  const [leg] = broken.features.filter((feature) => feature.properties.kind === "leg");
  if (leg?.properties.kind === "leg") leg.properties.to = 9;
  assert.equal(read(broken).legs.length, 0);
});
