import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, links, parse, readPosition, readWindow, writePosition, writeTime } from "../src/address";
import { ago, count, group, ms, share, span, stamp } from "../src/format";
import { visible } from "../src/element";

test("paths stand for views", () => {
  assert.deepEqual(parse("/"), { view: "overview" });
  assert.deepEqual(parse("/target/00ff"), { view: "target", key: "00ff" });
  assert.deepEqual(parse("/trace/a%20b"), { view: "trace", id: "a b" });
  assert.deepEqual(parse("/live"), { view: "live", id: null });
  assert.deepEqual(parse("/live", new URLSearchParams("id=7")), { view: "live", id: "7" });
  assert.deepEqual(parse("/diff", new URLSearchParams("a=x&level=as")), { view: "diff", a: "x", b: "" });
  for (const path of ["/nowhere", "/target", "/target/a/b", "/live/7", "/trace/%E0%A4%A"]) assert.equal(parse(path).view, "unknown", path);
  assert.equal(links.target("a/b?c"), "/target/a%2Fb%3Fc");
});

test("a query keeps what it does not know", () => {
  assert.equal(changed(new URLSearchParams("q=a&x=1"), { q: null, status: "stale", empty: "" }).toString(), "x=1&status=stale");
});

test("positions and windows survive the URL, and nonsense is nothing", () => {
  const position = { longitude: -58.4, latitude: -34.6, zoom: 3.5 };
  assert.deepEqual(readPosition(writePosition(position)), position);
  for (const text of [null, "", "1,2", "a,b,c", "500,0,1", "0,0,99", "1,2,3,4", "NaN,0,0"]) assert.equal(readPosition(text), null, String(text));
  const since = Date.UTC(2026, 10, 1);
  assert.deepEqual(readWindow(new URLSearchParams({ since: writeTime(since), until: "x" })), { since, until: null });
  assert.deepEqual(readWindow(new URLSearchParams({ since: "2026-11-02T00:00:00Z", until: "2026-11-01T00:00:00Z" })), { since: null, until: null });
});

test("numbers have three digits, and what is missing is a dash", () => {
  assert.deepEqual([0.4126, 19.44, 196.6, 12345, null, undefined, NaN].map(ms), ["0.41", "19.4", "197", "12\u2009345", "–", "–", "–"]);
  assert.deepEqual([0, 0.004, 0.333, 1, null].map(share), ["0%", "0.4%", "33%", "100%", "–"]);
  assert.equal(group(1234567), "1\u2009234\u2009567");
  assert.equal(count(1, "hop") + count(2, "hop"), "1 hop2 hops");
});

test("times are UTC", () => {
  assert.equal(stamp("2026-11-24T00:57:27.4Z"), "2026-11-24 00:57:27");
  assert.equal(stamp("nonsense"), "–");
  assert.deepEqual([500, 43_000, 12 * 60_000, 5 * 3_600_000, 9 * 86_400_000, 3 * 366 * 86_400_000].map(span), ["1 s", "43 s", "12 min", "5 h", "9 d", "3 y"]);
  assert.equal(ago("2026-11-24T00:00:00Z", Date.UTC(2026, 10, 24, 2)), "2 h ago");
});

test("text that would hide or turn its neighbours is written out", () => {
  assert.equal(visible("evil\u202egnp.exe"), "evil\\u{202e}gnp.exe");
  assert.equal(visible("a\u0000b\u001b[31m\u200b"), "a\\u{0}b\\u{1b}[31m\\u{200b}");
  assert.equal(visible("<b>São Paulo</b>"), "<b>São Paulo</b>");
  assert.equal(visible("\u{e0041}"), "\\u{e0041}");
});
