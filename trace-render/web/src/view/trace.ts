// Trace: one measurement, hop by hop, with the evidence for every place.
import { links, readPosition, writePosition } from "../address";
import { get, path } from "../api";
import { type Child, fill, foreign, h, icon } from "../element";
import { count, ms, short, stamp } from "../format";
import { describe } from "../map/describe";
import { WorldMap, type Hit } from "../map/map";
import { read } from "../map/scene";
import { Feed, Panel, empty } from "../panel";
import { outcomeSign } from "../part/badge";
import { budgetList } from "../part/budget";
import { compareButton, traceLabel } from "../part/compare";
import { HopTable, answerers } from "../part/hops";
import { Ladder } from "../part/ladder";
import type { Router, View } from "../router";
import type { Budget, Document, SceneDocument } from "../types";

/** Documents longer than this are not laid out in the page. */
const RAW_MOST = 400_000;

export function trace(id: string, router: Router, signal: AbortSignal): View {
  const name = `traces/${encodeURIComponent(id)}`;
  const heading = h("h1", {}, "Trace");
  const facts = h("div", { class: "facts-row" });
  const acts = h("div", { class: "acts" });
  let document_: Document | null = null;
  let gone = false;
  const open = new Set((router.query.get("open") ?? "").split(",").map(Number).filter((ttl) => Number.isInteger(ttl) && ttl > 0));
  const ttlChosen = (): number | null => {
    const ttl = Number(router.query.get("ttl"));
    return Number.isInteger(ttl) && ttl > 0 ? ttl : null;
  };

  const map = new WorldMap({
    label: "Map of this trace", describe,
    moved: (position) => router.set({ map: position && writePosition(position) }),
    hovered: (hit) => light(ttlsOf(hit)),
    picked: (hit) => {
      const [ttl] = ttlsOf(hit);
      choose(ttl ?? null, true);
    },
  });
  map.at(readPosition(router.query.get("map")));
  const mapPanel = new Panel("Map", "panel-map");
  mapPanel.body.append(map.element);
  const hopsPanel = new Panel("Hops", "panel-hops");
  const table = new HopTable();
  hopsPanel.body.append(table.element);
  const chartPanel = new Panel("RTT by hop", "panel-ladder");
  const ladder = new Ladder({ hovered: (ttl) => light(ttl === null ? new Set() : new Set([ttl])), chosen: (ttl) => choose(ttl, true) }, signal);
  chartPanel.body.append(ladder.element);
  const notesPanel = new Panel("What the trace shows", "panel-notes");
  const budgetPanel = new Panel("Where the milliseconds went", "panel-budget");
  const rawPanel = new Panel("Document", "panel-raw");

  const options = {
    places: {} as Document["places"], open, chosen: (ttl: number | null) => choose(ttl, false), hovered: (ttl: number | null) => light(ttl === null ? new Set<number>() : new Set([ttl])),
    opened: (ttl: number, now: boolean) => {
      if (now) open.add(ttl);
      else open.delete(ttl);
      router.set({ open: [...open].sort((a, b) => a - b).join(",") || null });
      const hop = document_?.hops.find((candidate) => candidate.ttl === ttl);
      if (hop) table.row(hop, options);
      table.mark(ttlChosen(), new Set());
    },
  };

  new Feed<Document>({
    load: (abort) => get(name, {}, abort),
    show: (value) => {
      // It was not there, and is again: all of the view is wanted.
      if (gone) return router.reopen();
      document_ = value;
      options.places = value.places ?? {};
      drawHead(value);
      table.rows(value.hops, options);
      ladder.set(value.hops);
      drawNotes(value);
      drawRaw(value);
      light(new Set());
    },
    panel: hopsPanel,
    failed: (problem) => {
      gone = problem.status === 404 || problem.status === 400;
      if (gone) fill(root, empty("No such trace", h("p", {}, "It may have been deleted, or the id is not whole."), h("a", { href: links.overview() }, "Back to the overview")));
    },
  }, signal);
  new Feed<SceneDocument>({ load: (abort) => get(`${name}/scene`, {}, abort), show: (scene) => {
    map.show(read(scene));
    const key = scene.routes[0]?.key;
    if (key !== undefined) fill(siblings, h("a", { class: "button", href: links.target(key) }, "All traces of this target", icon("arrow")));
    light(new Set());
  }, panel: mapPanel }, signal);
  new Feed<Budget | null>({
    load: (abort) => get(`${name}/budget`, {}, abort),
    show: (budget) => {
      budgetPanel.element.hidden = budget === null;
      if (budget !== null) fill(budgetPanel.body, budgetList(budget));
    },
    failed: () => (budgetPanel.element.hidden = true),
  }, signal);
  budgetPanel.element.hidden = true;

  function ttlsOf(hit: Hit | null): Set<number> {
    if (hit === null) return new Set();
    const marks = hit.mark ? [hit.mark] : [map.shown().marks[hit.leg.from], map.shown().marks[hit.leg.to]];
    return new Set(marks.flatMap((mark) => mark?.stops.flatMap((stop) => stop.hops.map((hop) => hop.ttl)) ?? []));
  }

  function light(ttls: ReadonlySet<number>): void {
    const chosen = ttlChosen();
    table.mark(chosen, ttls);
    ladder.mark(chosen, ttls);
    const wanted = new Set(ttls);
    if (chosen !== null) wanted.add(chosen);
    if (wanted.size === 0) return map.emphasize(null);
    const marks = map.shown().marks.filter((mark) => mark.stops.some((stop) => stop.hops.some((hop) => wanted.has(hop.ttl))));
    map.emphasize({ marks: new Set(marks.map(({ index }) => index)), routes: null });
  }

  function choose(ttl: number | null, bring: boolean): void {
    router.set({ ttl: ttl === null ? null : String(ttl) });
    light(new Set());
    if (bring) table.mark(ttl, new Set(), true);
  }

  function drawHead(value: Document): void {
    const label = value.target?.name ?? value.target?.address ?? null;
    fill(heading, foreign(label, "A trace without a target"));
    router.retitle(label === null ? `Trace ${short(value.id)}` : `${label}, ${stamp(value.started, false)}`);
    const fact = (title: string, ...what: Child[]): HTMLElement => h("div", { class: "fact" }, h("span", { class: "fact-name" }, title), h("span", { class: "fact-value" }, ...what));
    const last = value.hops.at(-1);
    const reached = value.outcome === "reached" ? last?.statistics.min_ms ?? null : null;
    const settings = value.settings;
    fill(facts,
      fact("Outcome", outcomeSign(value.outcome), value.outcome_detail !== null && h("span", { class: "muted" }, " ", foreign(value.outcome_detail))),
      value.target?.name && fact("Address", foreign(value.target.address)),
      fact("Started, UTC", stamp(value.started)),
      fact("Took", value.duration_ms === null ? "–" : `${ms(value.duration_ms)} ms`),
      reached !== null && fact("RTT", `${ms(reached)} ms`),
      fact("Hops", String(value.hops.length)),
      fact("Probes", [value.protocol, value.mode, settings?.queries ? `${settings.queries} a hop` : null].filter(Boolean).join(", ") || "–"),
      value.source !== null && fact("From", value.vantage === null ? foreign(value.source) : foreign(value.vantage)),
      (value.as_path?.length ?? 0) > 0 && fact("AS path", (value.as_path ?? []).join(" › ")),
      value.kind !== "measured" && fact("Kind", `${value.kind}: hop numbers are counters`));
    const download = (kind: string, text: string): HTMLElement => h("a", { class: "button", href: path(`${name}/download.${kind}`, kind === "png" || kind === "svg" ? { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" } : {}), download: `${value.id}.${kind}` }, icon("down"), text);
    fill(acts, h("div", { class: "button-row", role: "group", "aria-label": "Download" }, download("png", "PNG"), download("svg", "SVG"), download("csv", "CSV"), download("json", "JSON"), download("geojson", "GeoJSON")),
      compareButton(router, value.id, traceLabel(value.id, stamp(value.started, false)), signal), siblings);
    const answered = value.hops.filter((hop) => answerers(hop).length > 0).length;
    hopsPanel.tool(h("span", {}, `${count(answered, "hop")} of ${value.hops.length} answered`));
  }

  const siblings = h("div", { class: "siblings" });
  function drawNotes(value: Document): void {
    const notes = value.hops.flatMap((hop) => (hop.explanations ?? hop.findings.map((finding) => finding.replaceAll("-", " "))).map((text) => ({ ttl: hop.ttl, text })));
    const changes = (value.path_changes ?? []).map((change) => ({ ttl: change.first_ttl, text: `the path changed in round ${change.round + 1}, hops ${change.first_ttl} to ${change.last_ttl}` }));
    const places = Object.values(value.places ?? {});
    const doubted = places.filter((place) => place.verdict === "suspect" || place.verdict === "impossible").length;
    const all = [...notes, ...changes];
    notesPanel.element.hidden = all.length === 0 && doubted === 0 && (value.consistency ?? null) === null;
    fill(notesPanel.body, h("ul", { class: "notes" },
      ...all.map(({ ttl, text }) => h("li", {}, h("button", { type: "button", class: "note-ttl", on: { click: () => choose(ttl, true) } }, `hop ${ttl}`), h("span", {}, foreign(text)))),
      doubted > 0 && h("li", {}, h("span", {}, `${count(doubted, "place")} doubted: light could not have made the way in the time measured.`))));
  }

  function drawRaw(value: Document): void {
    const text = JSON.stringify(value, null, 2);
    const details = h("details", {}, h("summary", {}, "The raw document, schema ", value.schema), h("pre", { tabindex: "0", role: "region", "aria-label": "Raw document" }));
    details.addEventListener("toggle", () => {
      const pre = details.querySelector("pre");
      if (pre && details.open && pre.textContent === "") pre.textContent = text.length > RAW_MOST ? `${text.slice(0, RAW_MOST)}\n… the download has the rest` : text;
    });
    fill(rawPanel.body, details);
  }

  const root = h("div", { class: "view trace" },
    h("header", { class: "view-head" }, h("div", { class: "head-line" }, heading, acts), facts),
    h("div", { class: "trace-grid" }, hopsPanel.element, h("div", { class: "trace-side" }, mapPanel.element, chartPanel.element, budgetPanel.element, notesPanel.element), rawPanel.element));
  return {
    element: root, title: "Trace",
    query: (query) => {
      map.at(readPosition(query.get("map")));
      open.clear();
      for (const ttl of (query.get("open") ?? "").split(",").map(Number)) if (ttl > 0) open.add(ttl);
      if (document_) table.rows(document_.hops, options);
      light(new Set());
    },
    destroy: () => map.destroy(),
  };
}

