// Target: the paths to one target over time, hop by hop.
import { links, readPosition, readWindow, writePosition, writeTime } from "../address";
import { get } from "../api";
import { type Child, fill, foreign, h } from "../element";
import { ago, called, count, group, ms, share, short, span, stamp } from "../format";
import { describe } from "../map/describe";
import { routeColor } from "../map/ink";
import type { Looks } from "../map/legs";
import { WorldMap, type Hit } from "../map/map";
import { read } from "../map/scene";
import { Feed, Panel, empty, pending } from "../panel";
import { outcomeSign, statusSign } from "../part/badge";
import { changeItem } from "../part/change";
import { Chart } from "../part/chart";
import { compareButton, traceLabel } from "../part/compare";
import { HeatMap, type Metric } from "../part/heatmap";
import { walkable } from "../part/rows";
import { Timeline, type Range, pathClasses } from "../part/timeline";
import type { Router, View } from "../router";
import { watch } from "../status";
import type { Change, Era, List, SceneDocument, Series, Summary, Target } from "../types";

const EVERY_MS = 30_000;
const EARLIER = 4;
const DAY = 86_400_000;
const WINDOWS = [["24 h", DAY], ["7 d", 7 * DAY], ["30 d", 30 * DAY], ["All", null]] as const;

/** The present path as in a picture, the earlier ones faint behind it. */
const looks: Looks = (route, ink) => route === 0
  ? { color: routeColor(ink, 0), width: 2.25, alpha: 1, clear: true }
  : { color: ink.quiet, width: 1.4, alpha: 0.6 - Math.min(0.3, route * 0.07), clear: false };

export function target(key: string, router: Router, signal: AbortSignal): View {
  let known: Target | null = null;
  let gone = false;
  let eras: Era[] = [];
  let series: Series | null = null;
  let listed: List<Summary> | null = null;

  const name = `targets/${encodeURIComponent(key)}`;
  const heading = h("h1", {}, "Target");
  const facts = h("div", { class: "facts-row" });
  const windows = h("div", { class: "segments", role: "group", "aria-label": "Window" }, ...WINDOWS.map(([label, length]) =>
    h("button", { type: "button", "data-length": length ?? "", on: { click: () => setWindow(length === null ? null : { since: range().until - length, until: range().until }, true) } }, label)));

  const map = new WorldMap({
    label: "Map of the path and of earlier ones", describe, looks,
    moved: (position) => router.set({ map: position && writePosition(position) }),
    hovered: (hit) => heat.light(ttlsOf(hit)),
    picked: (hit) => {
      const [ttl] = ttlsOf(hit);
      if (ttl !== undefined && ttl !== hopChosen()) setHop(ttl);
    },
  });
  map.at(readPosition(router.query.get("map")));
  const mapPanel = new Panel("Path", "panel-map");
  mapPanel.body.append(map.element);

  const timeline = new Timeline((window, done) => {
    showWindow(window);
    clearTimeout(following);
    // The map follows the hand; the charts wait until it lets go.
    following = window_(done ? 0 : 120, () => {
      router.set({ since: window && writeTime(window.since), until: window && writeTime(window.until) }, false);
      scene.again();
      if (done) {
        charts.again();
        traces.again();
      }
    });
  }, signal);
  let following = 0;
  const window_ = (wait: number, act: () => void): number => window.setTimeout(act, wait);

  const chart = new Chart({ cursor: (column) => heat.mark(column) }, signal);
  const heat = new HeatMap({ hop: (ttl) => setHop(ttl), hovered: (ttl) => light(ttl), cursor: (column) => chart.mark(column) }, signal);
  const timePanel = new Panel("Over time", "panel-time", windows);
  const metric = h("div", { class: "segments", role: "group", "aria-label": "Heat map shows" }, ...(["rtt", "loss"] as const).map((value) =>
    h("button", { type: "button", "data-metric": value, on: { click: () => {
      router.set({ metric: value === "rtt" ? null : value });
      drawCharts();
    } } }, value === "rtt" ? "RTT" : "Loss")));
  const chartTitle = h("h3", { class: "chart-title" });
  const chartBox = h("div", { class: "charts", hidden: true }, chartTitle, chart.element, h("div", { class: "heat-head" }, h("h3", { class: "chart-title" }, "Every hop"), metric), heat.element);
  timePanel.body.append(timeline.element, chartBox);

  const eraPanel = new Panel("Path eras", "panel-eras");
  const changesPanel = new Panel("Changes", "panel-changes");
  const tracesPanel = new Panel("Traces", "panel-traces");

  const range = (): Range => {
    const first = Date.parse(known?.first ?? eras.at(-1)?.first ?? "");
    const until = watch.now();
    return { since: Number.isFinite(first) ? Math.min(first, until - 60_000) : until - DAY, until };
  };
  const chosen = (): Range | null => {
    const { since, until } = readWindow(router.query);
    if (since === null && until === null) return null;
    const whole = range();
    return { since: since ?? whole.since, until: until ?? whole.until };
  };
  const hopChosen = (): number | null => {
    const ttl = Number(router.query.get("hop"));
    return Number.isInteger(ttl) && ttl > 0 ? ttl : null;
  };

  const head = new Feed<Target>({
    load: (abort) => get(name, {}, abort),
    unfinished: (value) => value.changes_7d === null,
    show: (value) => {
      // It was not there, and is again: all of the view is wanted.
      if (gone) return router.reopen();
      known = value;
      drawHead();
      drawTimeline();
      drawCharts();
    },
    every: EVERY_MS,
    failed: (problem) => {
      gone = problem.status === 404;
      if (gone) fill(root, empty("No such target", h("p", {}, "Its traces may have been deleted."), h("a", { href: links.overview() }, "Back to the overview")));
    },
  }, signal);
  const eraFeed = new Feed<List<Era>>({
    load: (abort) => get(`${name}/eras`, { limit: 500 }, abort),
    show: (list) => {
      eras = list.items.toSorted((a, b) => b.last.localeCompare(a.last));
      drawTimeline();
      drawEras();
      if (listed !== null) drawTraces(listed);
    },
    every: EVERY_MS, panel: eraPanel,
  }, signal);
  const charts = new Feed<Series>({
    load: (abort) => {
      // Without a window all of it is meant; what is known of the target says since when.
      if (known === null) return get<Target>(name, {}, abort).then((value) => {
        known = value;
        return readSeries(abort);
      });
      return readSeries(abort);
    },
    show: (value) => {
      series = value;
      drawCharts();
    },
    every: EVERY_MS, panel: timePanel,
  }, signal);
  function readSeries(abort: AbortSignal): Promise<Series> {
    const window = chosen() ?? range();
    const room = Math.max(40, Math.min(240, Math.round((timePanel.body.clientWidth || 900) / 5)));
    // A step that is shorter than the time between traces would be empty every so often, and lines would be dots.
    const interval = known?.interval_s ?? null;
    const points = interval === null || interval <= 0 ? room : Math.max(10, Math.min(room, Math.floor((window.until - window.since) / (1100 * interval))));
    return get(`${name}/series`, { since: writeTime(window.since), until: writeTime(chosen() === null ? Math.ceil(window.until / 60_000) * 60_000 : window.until), points }, abort);
  }
  const scene = new Feed<SceneDocument>({
    load: (abort) => {
      const window = chosen();
      return get(`${name}/scene`, { at: window && writeTime(window.until), eras: EARLIER }, abort);
    },
    show: (document) => {
      map.show(read(document));
      light(null);
      const [now] = document.routes;
      mapPanel.tool(now === undefined ? null : h("span", {}, `${now.started_ns === null ? "" : `as of ${stamp(now.started_ns / 1e6, false)} UTC`}${document.routes.length > 1 ? `, ${count(document.routes.length - 1, "earlier path")} faint` : ""}`));
    },
    every: EVERY_MS * 2, panel: mapPanel,
  }, signal);
  let changePages = 1;
  const changes = new Feed<List<Change>>({
    load: async (abort) => {
      const list = await get<List<Change>>(`${name}/changes`, {}, abort);
      for (let page = 1; page < changePages && list.next !== null; page++) {
        const more = await get<List<Change>>(`${name}/changes`, { cursor: list.next }, abort);
        list.items.push(...more.items);
        list.next = more.next;
      }
      return list;
    },
    show: ({ items, next }) => {
      const list = h("ol", { class: "change-list" }, ...items.map((change) => changeItem(change, watch.now(), false)));
      walkable(list);
      const earlier = h("button", { type: "button", class: "more", on: { click: () => {
        changePages += 1;
        changes.again();
      } } }, "Earlier changes");
      fill(changesPanel.body,
        items.length === 0 && next === null ? empty("Nothing changed", h("p", {}, "Neither the path nor its RTT or loss.")) : h("div", { class: "scroll-y", tabindex: "0", role: "region", "aria-label": "Changes" }, list, next !== null && earlier));
    },
    every: EVERY_MS, panel: changesPanel,
  }, signal);
  const traces = new Feed<List<Summary>>({
    load: (abort) => {
      const window = chosen();
      return get("traces", { target: key, since: window && writeTime(window.since), until: window && writeTime(window.until), limit: 100 }, abort);
    },
    show: drawTraces, every: EVERY_MS, panel: tracesPanel,
  }, signal);
  void head;
  void eraFeed;
  void changes;

  function drawHead(): void {
    if (known === null) return;
    const label = called(known);
    fill(heading, foreign(label, "Traces without a target"));
    router.retitle(label ?? "Traces without a target");
    const fact = (title: string, ...value: Child[]): HTMLElement => h("div", { class: "fact" }, h("span", { class: "fact-name" }, title), h("span", { class: "fact-value" }, ...value));
    fill(facts,
      fact("Status", statusSign(known.status)),
      known.name !== null && fact("Address", foreign(known.address)),
      fact("Protocol", known.protocol ?? "–"),
      known.vantage !== null && fact("From", foreign(known.vantage)),
      fact("Last trace", h("a", { href: links.trace(known.last.id), title: `${stamp(known.last.started)} UTC` }, ago(known.last.started, watch.now()))),
      fact("Hops", group(known.last.length)),
      fact("RTT", known.last.rtt_ms === null ? "–" : `${ms(known.last.rtt_ms)} ms`),
      fact("Loss", share(known.last.loss)),
      fact("Path for", known.era_since === null ? (known.changes_7d === null ? pending() : "–") : span(watch.now() - Date.parse(known.era_since))),
      fact("Traces", `${group(known.traces)}${known.interval_s === null ? "" : `, every ${span(known.interval_s * 1000)}`}`));
  }

  function showWindow(window: Range | null): void {
    const whole = range();
    const length = window === null ? null : window.until - window.since;
    for (const button of windows.querySelectorAll("button")) {
      const own = button.dataset.length === "" ? null : Number(button.dataset.length);
      const on = own === null ? window === null : length !== null && window !== null && Math.abs(length - own) < 90_000 && Math.abs(window.until - whole.until) < 120_000;
      button.setAttribute("aria-pressed", String(on));
    }
  }

  function setWindow(window: Range | null, push = false): void {
    if (window !== null && window.since < range().since) window = { since: range().since, until: window.until };
    router.set({ since: window && writeTime(window.since), until: window && writeTime(window.until) }, push);
    drawTimeline();
    charts.again();
    scene.again();
    traces.again();
  }

  function drawTimeline(): void {
    // Since when there are traces is not known yet: there is nothing to choose from.
    timeline.element.hidden = known === null && eras.length === 0;
    timeline.set(eras, range(), chosen());
    showWindow(chosen());
  }

  function setHop(ttl: number): void {
    router.set({ hop: hopChosen() === ttl ? null : String(ttl) });
    drawCharts();
  }

  function drawCharts(): void {
    const which: Metric = router.query.get("metric") === "loss" ? "loss" : "rtt";
    for (const button of metric.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.metric === which));
    if (series === null) return;
    if (series.hops.length === 0) {
      chartBox.hidden = true;
      timePanel.say(h("p", {}, "No traces in this window."));
      return;
    }
    chartBox.hidden = false;
    const hop = hopChosen();
    const row = series.hops.find(({ ttl }) => ttl === (hop ?? known?.last.length)) ?? series.hops.at(-1);
    fill(chartTitle, `RTT of hop ${row?.ttl ?? "–"} `, row ? foreign(row.address, "") : null, hop === null && h("span", { class: "muted" }, " the last; choose another below"));
    chart.set(series, row?.ttl ?? null);
    heat.set(series, which, row?.ttl ?? null);
    light(null);
  }

  /** The hops of the present path that stand where the pointer is on the map. */
  function ttlsOf(hit: Hit | null): Set<number> {
    const { marks } = map.shown();
    const found = hit === null ? [] : hit.mark ? [hit.mark] : hit.leg.route === 0 ? [marks[hit.leg.from], marks[hit.leg.to]] : [];
    return new Set(found.flatMap((mark) => mark?.stops.flatMap((stop) => (stop.route === 0 ? stop.hops.map((hop) => hop.ttl) : [])) ?? []));
  }

  /** The hop under the pointer, else the chosen one, on the map. */
  function light(pointed: number | null): void {
    const ttl = pointed ?? hopChosen();
    if (ttl === null) return map.emphasize(null);
    const marks = map.shown().marks.filter((mark) => mark.stops.some((stop) => stop.route === 0 && stop.hops.some((hop) => hop.ttl === ttl)));
    map.emphasize({ marks: new Set(marks.map(({ index }) => index)), routes: null });
  }

  function drawEras(): void {
    if (eras.length === 0) return fill(eraPanel.body, empty("No eras yet"));
    const classes = pathClasses(eras);
    const body = h("tbody", {}, ...eras.slice(0, 60).map((era) => h("tr", (era.paths ?? 1) > 1 ? { title: `balanced over ${era.paths} ways` } : {},
      h("td", {}, h("button", { type: "button", class: "era-link", "data-row": true, title: "Show this era", on: { click: () => setWindow({ since: Date.parse(era.first), until: Math.max(Date.parse(era.last), Date.parse(era.first) + 60_000) }, true) } },
        h("span", { class: `swatch ${classes.get(era.path) ?? ""}` }), h("span", {}, stamp(era.first, false)))),
      h("td", { class: "c-for" }, span(Date.parse(era.last) - Date.parse(era.first))),
      h("td", { class: "number c-many" }, group(era.traces)),
      h("td", { class: "number" }, group(era.length)),
      h("td", { class: "number" }, era.rtt === null ? "–" : ms(era.rtt.median_ms)),
      h("td", { class: "act" }, compareButton(router, era.trace, `the path of ${stamp(era.first, false)}`, signal)))));
    walkable(body);
    fill(eraPanel.body, h("div", { class: "scroll-y", tabindex: "0", role: "region", "aria-label": "Path eras" }, h("table", { class: "eras" }, h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "Since"), h("th", { scope: "col" }, "For"), h("th", { scope: "col", class: "number c-many" }, "Traces"), h("th", { scope: "col", class: "number" }, "Hops"), h("th", { scope: "col", class: "number" }, "Median"), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Compare")))), body)));
    eraPanel.tool(h("span", {}, `${count(new Set(eras.map(({ path }) => path)).size, "path")} in ${count(eras.length, "era")}`));
  }

  function drawTraces(list: List<Summary>): void {
    listed = list;
    const classes = pathClasses(eras);
    if (list.items.length === 0) return fill(tracesPanel.body, empty("No traces in this window"));
    const body = h("tbody", {}, ...list.items.map((trace) => h("tr", {},
      h("td", {}, h("a", { href: links.trace(trace.id), "data-row": true, class: "row-link" }, stamp(trace.started))),
      h("td", { class: "c-outcome" }, outcomeSign(trace.outcome)),
      h("td", { class: "number" }, group(trace.length)),
      h("td", { class: "number" }, ms(trace.rtt_ms)),
      h("td", { class: "c-path" }, trace.path === null ? "–" : h("span", { class: "path-name" }, h("span", { class: `swatch ${classes.get(trace.path) ?? ""}` }), trace.path.slice(0, 6))),
      h("td", { class: "c-id" }, short(trace.id)),
      h("td", { class: "act" }, compareButton(router, trace.id, traceLabel(trace.id, stamp(trace.started, false)), signal)))));
    walkable(body);
    fill(tracesPanel.body, h("div", { class: "scroll-y", tabindex: "0", role: "region", "aria-label": "Traces" }, h("table", { class: "traces" }, h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "Started, UTC"), h("th", { scope: "col", class: "c-outcome" }, "Outcome"), h("th", { scope: "col", class: "number" }, "Hops"), h("th", { scope: "col", class: "number" }, "RTT ms"), h("th", { scope: "col", class: "c-path" }, "Path"), h("th", { scope: "col", class: "c-id" }, "Id"), h("th", { scope: "col" }, h("span", { class: "unseen" }, "Compare")))), body)));
    tracesPanel.tool(h("span", {}, list.next === null ? count(list.items.length, "trace") : `the newest ${group(list.items.length)} of this window`));
  }

  const root = h("div", { class: "view target" },
    h("header", { class: "view-head" }, heading, facts),
    h("div", { class: "target-grid" }, h("div", { class: "column" }, timePanel.element, tracesPanel.element), h("div", { class: "column" }, mapPanel.element, eraPanel.element, changesPanel.element)));
  drawTimeline();
  return {
    element: root, title: "Target",
    query: (query) => {
      map.at(readPosition(query.get("map")));
      drawTimeline();
      drawCharts();
      charts.again();
      scene.again();
      traces.again();
    },
    destroy: () => map.destroy(),
  };
}

