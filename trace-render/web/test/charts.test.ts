import assert from "node:assert/strict";
import { test } from "node:test";
import { align, atLevel } from "../src/part/alignment";
import { linePath } from "../src/part/chart";
import { extremes } from "../src/part/heatmap";
import { logShare, ramp, timeTicks, valueTicks } from "../src/part/scale";
import { sparkPaths } from "../src/part/sparkline";
import { pathClasses, windowOf } from "../src/part/timeline";
import type { Diff, DiffHop, Era, Series } from "../src/types";

test("value ticks are round and cover the greatest value", () => {
  assert.deepEqual(valueTicks(197), [0, 50, 100, 150, 200]);
  assert.deepEqual(valueTicks(0.9), [0, 0.25, 0.5, 0.75, 1]);
  for (const most of [0.003, 1, 7, 33, 1234, 99_999]) assert.ok((valueTicks(most).at(-1) ?? 0) >= most);
  for (const nonsense of [0, -1, NaN, Infinity]) assert.deepEqual(valueTicks(nonsense), [0, 1]);
});

test("time ticks are round in UTC and no more than asked", () => {
  const day = Date.UTC(2026, 10, 24);
  assert.deepEqual(timeTicks(day + 1, day + 86_400_000, 5).map(({ label, strong }) => [label, strong]), [["06:00", false], ["12:00", false], ["18:00", false], ["25 Nov", true]]);
  for (const [length, most] of [[3e5, 4], [8e7, 6], [9e8, 5], [6e9, 7], [9e10, 6], [1e12, 5]] as const) {
    const ticks = timeTicks(day, day + length, most);
    assert.ok(ticks.length >= 1 && ticks.length <= most + 1, `${length}: ${ticks.length}`);
    assert.ok(ticks.every(({ at }) => at >= day && at <= day + length));
  }
  assert.deepEqual(timeTicks(day, day, 4), []);
});

test("colours go one way in lightness, whichever theme", () => {
  const light = (css: string): number => {
    const [r = 0, g = 0, b = 0] = css.match(/\d+/g)?.map(Number) ?? [];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const name of ["rtt", "loss"] as const) {
    for (const dark of [false, true]) {
      const values = Array.from({ length: 21 }, (_, i) => light(ramp(name, i / 20, dark)));
      for (let i = 1; i < values.length; i++) assert.ok(dark ? (values[i] ?? 0) > (values[i - 1] ?? 0) : (values[i] ?? 0) < (values[i - 1] ?? 0), `${name} ${dark} ${i}`);
    }
  }
  assert.equal(ramp("rtt", -3, false), ramp("rtt", 0, false));
  assert.equal(logShare(10, 1, 100), 0.5);
  assert.equal(logShare(0, 1, 100), 0);
});

test("one wild value does not take the colours from all others", () => {
  const median_ms = [...Array.from({ length: 999 }, () => 20), 90_000];
  const series = { hops: [{ ttl: 1, address: null, sent: [], answered: [], min_ms: [], median_ms }] } as unknown as Series;
  assert.deepEqual(extremes(series), [20, 40]);
  assert.deepEqual(extremes({ hops: [] } as unknown as Series), [1, 10]);
});

test("lines stay open where a value is missing", () => {
  assert.equal(linePath([1, 2, null, 3, null], (i) => i, (value) => value), "M0.0 1.0L1.0 2.0M3.0 3.0h1.5");
  const { line, missing, last } = sparkPaths([[0, 5], [1, null], [2, 5.1]]);
  assert.equal(line.match(/M/g)?.length, 2);
  assert.equal(missing.match(/M/g)?.length, 1);
  assert.ok(last && last.x > 90);
  assert.equal(sparkPaths([]).line, "");
});

test("a window has its ends in order, inside the range", () => {
  const range = { since: 0, until: 400_000 };
  assert.deepEqual(windowOf(300_000, 100_000, range), { since: 100_000, until: 300_000 });
  assert.deepEqual(windowOf(-5, 900_000, range), range);
  const thin = windowOf(400_000, 400_000, range);
  assert.ok(thin.until - thin.since >= 1000 && thin.until <= 400_000);
});

test("a path keeps its colour when it comes back", () => {
  const era = (path: string, last: string): Era => ({ path, first: last, last, traces: 1, reached: 1, length: 3, rtt: null, trace: "" });
  const classes = pathClasses([era("a", "2026-01-01"), era("b", "2026-01-02"), era("a", "2026-01-03")]);
  assert.deepEqual([...classes], [["a", "path-0"], ["b", "path-1"]]);
});

test("paths are aligned like a text diff", () => {
  assert.deepEqual(align(["a", "b", "c"], ["a", "x", "c", "d"]).map(({ change }) => change), ["same", "replaced", "same", "added"]);
  assert.deepEqual(align([], ["a"]), [{ change: "added", a: null, b: "a" }]);
  assert.deepEqual(align(["a", "b"], ["b"]).map(({ change }) => change), ["removed", "same"]);
});

test("coarser levels count repeats once, and take the server's word where it has one", () => {
  const hop = (city: string, asn: number): DiffHop => ({ ttl: 1, address: "192.0.2.1", hostname: null, asn, city, country: null, rtt_ms: 1 });
  const diff = { rows: [{ change: "same", a: hop("Wien", 1), b: hop("Wien", 1) }, { change: "replaced", a: hop("Wien", 2), b: hop("Paris", 3) }] } as unknown as Diff;
  assert.deepEqual(atLevel(diff, "city"), [{ change: "same", a: "Wien", b: "Wien" }, { change: "added", a: null, b: "Paris" }]);
  assert.deepEqual(atLevel({ ...diff, alignments: { as: [{ change: "same", a: 64500, b: 64500 }] } }, "as"), [{ change: "same", a: "AS64500", b: "AS64500" }]);
});
