// Overview: where all paths go, how each target does, what changed.
import { links, readPosition, writePosition } from "../address";
import { get } from "../api";
import { type Child, fill, foreign, h, icon } from "../element";
import { ago, called, count, group, ms, share, span, stamp } from "../format";
import { describe } from "../map/describe";
import type { Looks } from "../map/legs";
import { WorldMap, type Hit } from "../map/map";
import { placeName, read } from "../map/scene";
import { Feed, Panel, command, empty, pending } from "../panel";
import { changeItem } from "../part/change";
import { statusSign } from "../part/badge";
import { walkable } from "../part/rows";
import { sparkline } from "../part/sparkline";
import type { Router, View } from "../router";
import { watch } from "../status";
import type { Changes, List, SceneDocument, Target } from "../types";

const EVERY_MS = 30_000;
const PAGE = 200;

/** All paths in one colour: which is whose, the pointer tells. */
const looks: Looks = (_, ink, scene) => {
  const many = scene.legs.length;
  // The more there are the fainter each is: where many lie over one another it is dark all the same.
  return { color: ink.routes[0] ?? ink.ink, width: many > 2000 ? 0.9 : many > 300 ? 1.2 : 1.6, alpha: Math.min(0.85, Math.max(0.07, (150 / many) ** 0.6)), clear: false };
};

type Column = { name: string; label: string; title?: string; value: (target: Target) => number | string | null; cell: (target: Target) => Child; kind?: string };

const COLUMNS: Column[] = [
  { name: "status", label: "Status", value: (t) => t.status, cell: (t) => statusSign(t.status), kind: "c-status" },
  { name: "name", label: "Target", value: (t) => called(t) ?? "", cell: targetCell, kind: "c-name" },
  { name: "protocol", label: "Proto", title: "Protocol", value: (t) => t.protocol, cell: (t) => t.protocol ?? "–", kind: "c-protocol" },
  { name: "last", label: "Last trace", value: (t) => -Date.parse(t.last.started), cell: (t) => h("a", { href: links.trace(t.last.id), tabindex: "-1", title: stamp(t.last.started) + " UTC" }, ago(t.last.started, watch.now())), kind: "c-last" },
  { name: "hops", label: "Hops", title: "Path length", value: (t) => t.last.length, cell: (t) => group(t.last.length), kind: "number c-hops" },
  { name: "rtt", label: "RTT ms", title: "Round-trip time of the last trace", value: (t) => t.last.rtt_ms, cell: (t) => ms(t.last.rtt_ms), kind: "number c-rtt" },
  { name: "loss", label: "Loss", title: "Loss at the target in the last trace", value: (t) => t.last.loss, cell: (t) => h("span", { class: (t.last.loss ?? 0) > 0 ? "alarm" : "" }, share(t.last.loss)), kind: "number c-loss" },
  { name: "trend", label: "RTT, last traces", value: () => null, cell: (t) => sparkline(t.sparkline), kind: "c-trend" },
  { name: "changes", label: "24 h", title: "Changes in the last 24 hours", value: (t) => (t.changes_24h === null ? null : -t.changes_24h), cell: (t) => changeCount(t.changes_24h), kind: "number c-day" },
  { name: "week", label: "7 d", title: "Changes in the last 7 days", value: (t) => (t.changes_7d === null ? null : -t.changes_7d), cell: (t) => changeCount(t.changes_7d), kind: "number c-week" },
  { name: "era", label: "Path for", title: "How long the present path has been taken", value: (t) => (t.era_since === null ? null : -Date.parse(t.era_since)), cell: (t) => (t.era_since === null ? (t.changes_7d === null ? pending() : "–") : span(watch.now() - Date.parse(t.era_since))), kind: "c-era number" },
];

const changeCount = (number: number | null): Child => (number === null ? pending() : number === 0 ? h("span", { class: "none" }, "0") : h("strong", { class: "changes" }, group(number)));

function targetCell(target: Target): HTMLElement {
  const name = called(target);
  return h("div", { class: "target-cell" },
    h("a", { href: links.target(target.key), "data-row": true, class: "row-link" }, foreign(name, "traces without a target")),
    target.name !== null && target.address !== null && foreign(target.address, "", "second"),
    target.vantage !== null && h("span", { class: "second" }, "from ", foreign(target.vantage)));
}

const STATES = [["", "All"], ["reached", "Reached"], ["not-reached", "Not reached"], ["stale", "Stale"]] as const;

export function overview(router: Router, signal: AbortSignal): View {
  let targets: Target[] = [];
  let next: string | null = null;
  let pages = 1;
  let loaded = false;
  let through: ReadonlySet<string> | null = null;
  let place: string | null = router.query.get("place");

  const map = new WorldMap({
    label: "World map of all current paths", describe, looks,
    hovered: (hit) => lookAt(hit),
    picked: (hit) => pick(hit),
    moved: (position) => router.set({ map: position && writePosition(position) }),
  });
  map.at(readPosition(router.query.get("map")));
  const mapPanel = new Panel("Current paths", "panel-map");
  mapPanel.body.append(map.element);
  const changesPanel = new Panel("Latest changes", "panel-changes");
  const tablePanel = new Panel("Targets", "panel-targets");

  // Filters.
  const search = h("input", { type: "search", id: "search", placeholder: "Name or address", "aria-label": "Search targets", autocomplete: "off", spellcheck: "false", value: router.query.get("q") ?? "" });
  const states = h("div", { class: "segments", role: "group", "aria-label": "Status" }, ...STATES.map(([value, label]) =>
    h("button", { type: "button", "data-value": value, on: { click: () => choose({ status: value || null }) } }, label)));
  const vantage = h("select", { "aria-label": "Vantage point", on: { change: () => choose({ vantage: vantage.value || null }) } });
  const changedOnly = h("button", { type: "button", class: "toggle", on: { click: () => choose({ changed: router.query.get("changed") ? null : "1" }) } }, "Changed in 24 h");
  const throughChip = h("button", { type: "button", class: "chip", hidden: true, on: { click: () => choose({ place: null }) } });
  const filters = h("div", { class: "filters" }, h("label", { class: "search" }, icon("search"), search), states, vantage, changedOnly, throughChip);
  const total = h("span", { class: "total" });
  tablePanel.tool(total);
  const body = h("tbody");
  const heads = COLUMNS.map((column) => h("th", { scope: "col", class: column.kind ?? "", "data-column": column.name }, column.name === "trend" ? column.label :
    h("button", { type: "button", class: "sort", title: column.title ?? null, on: { click: () => sortBy(column.name) } }, column.label)));
  const table = h("table", { class: "targets" }, h("thead", {}, h("tr", {}, ...heads)), body);
  const more = h("button", { type: "button", class: "more", hidden: true, on: { click: () => {
    pages++;
    void feed.ask();
  } } }, "Show more");
  const nothing = h("div");
  tablePanel.body.append(filters, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Targets" }, table), nothing, more);
  walkable(body, (row) => emphasize(row?.dataset.key ?? null));
  body.addEventListener("pointerover", (event) => {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    if (row) emphasize(row.dataset.key ?? null);
  });
  body.addEventListener("pointerleave", () => emphasize(null));
  body.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.target.closest("a,button")) return;
    const row = event.target.closest("tr");
    if (row?.dataset.key) choose({ sel: router.query.get("sel") === row.dataset.key ? null : row.dataset.key });
  });

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => choose({ q: search.value.trim() || null }), 200);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      const first = body.querySelector<HTMLElement>("[data-row]");
      first?.focus();
      event.preventDefault();
    }
  });

  const filterQuery = (): Record<string, string | null> => ({ q: router.query.get("q"), status: router.query.get("status"), vantage: router.query.get("vantage") });
  const feed = new Feed<List<Target>>({
    load: async (abort) => {
      const list = await get<List<Target>>("targets", { ...filterQuery(), limit: PAGE }, abort);
      for (let page = 1; page < pages && list.next !== null; page++) {
        const more = await get<List<Target>>("targets", { ...filterQuery(), limit: PAGE, cursor: list.next }, abort);
        list.items.push(...more.items);
        list.next = more.next;
      }
      return list;
    },
    show: (list) => {
      targets = list.items;
      next = list.next;
      loaded = true;
      draw();
    },
    unfinished: (list) => list.items.some((target) => target.changes_7d === null),
    every: EVERY_MS, panel: tablePanel,
  }, signal);

  let keys = new Map<string, number[]>();
  new Feed<SceneDocument>({
    load: (abort) => get("map", { limit: 500 }, abort),
    show: (document) => {
      const scene = read(document);
      keys = new Map();
      document.routes.forEach((route, i) => {
        if (route.key === undefined) return;
        const known = keys.get(route.key);
        if (known) known.push(i);
        else keys.set(route.key, [i]);
      });
      map.show(scene);
      mapPanel.tool(h("span", {}, scene.routes.length === 0 ? "No paths yet" : `${count(scene.routes.length, "path")}, ${scene.legs.length === 0 ? "without places to draw" : count(scene.legs.length, "leg")}`));
      setThrough();
      emphasize(null);
    },
    every: EVERY_MS * 2, panel: mapPanel,
  }, signal);

  new Feed<Changes>({
    load: (abort) => get("changes", { limit: 30 }, abort),
    show: ({ items, complete }) => {
      changesPanel.tool(complete ? null : h("span", {}, "Still looking…"));
      if (items.length === 0 && !complete) fill(changesPanel.body, empty("Looking for changes", h("p", {}, "The traces of the last week are held against one another.")));
      else if (items.length === 0) fill(changesPanel.body, empty("Nothing changed", h("p", {}, "A change is a path that was never quite the same again, or a level of RTT or loss that shifted and stayed.")));
      else {
        const list = h("ol", { class: "change-list" }, ...items.map((change) => changeItem(change, watch.now(), true)));
        walkable(list);
        fill(changesPanel.body, h("div", { class: "scroll-y", tabindex: "0", role: "region", "aria-label": "Latest changes" }, list));
      }
    },
    unfinished: (list) => !list.complete,
    every: EVERY_MS, panel: changesPanel,
  }, signal);

  function setThrough(): void {
    const name = place;
    if (name === null) through = null;
    else {
      const { marks, routes } = map.shown();
      through = new Set(marks.filter((mark) => placeName(mark) === name).flatMap((mark) => mark.stops.flatMap((stop) => routes[stop.route]?.key ?? [])));
    }
    throughChip.hidden = name === null;
    fill(throughChip, "through ", foreign(name), icon("close"), h("span", { class: "unseen" }, " (remove this filter)"));
    draw();
  }

  function visibleTargets(): Target[] {
    const query = router.query;
    const list = targets.filter((target) => (!query.get("changed") || (target.changes_24h ?? 0) > 0) && (through === null || through.has(target.key)));
    const sort = query.get("sort");
    const down = sort?.startsWith("-") ?? false;
    const column = COLUMNS.find(({ name }) => name === (down ? sort?.slice(1) : sort));
    if (column === undefined) return list;
    return list.toSorted((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
      const order = typeof x === "string" && typeof y === "string" ? x.localeCompare(y) : Number(x) - Number(y);
      return down ? -order : order;
    });
  }

  function sortBy(name: string): void {
    const now = router.query.get("sort");
    choose({ sort: now === name ? `-${name}` : now === `-${name}` ? null : name });
  }

  function choose(changes: Record<string, string | null>): void {
    router.set(changes);
    const asked = "q" in changes || "status" in changes || "vantage" in changes;
    if (asked) {
      pages = 1;
      feed.again();
    }
    if ("place" in changes) {
      place = changes.place ?? null;
      setThrough();
      emphasize(null);
    } else draw();
    if ("sel" in changes) emphasize(null);
  }

  function draw(): void {
    const query = router.query;
    const list = visibleTargets();
    for (const button of states.querySelectorAll("button")) button.setAttribute("aria-pressed", String((query.get("status") ?? "") === button.dataset.value));
    changedOnly.setAttribute("aria-pressed", String(Boolean(query.get("changed"))));
    const vantages = [...new Set([...targets.flatMap((target) => target.vantage ?? []), ...(query.get("vantage") ? [query.get("vantage") ?? ""] : [])])].sort();
    vantage.hidden = vantages.length === 0;
    fill(vantage, h("option", { value: "" }, "Every vantage point"), ...vantages.map((name) => h("option", { value: name, selected: name === query.get("vantage") }, name)));
    const sort = query.get("sort");
    for (const head of heads) {
      const name = head.dataset.column;
      if (sort === name) head.setAttribute("aria-sort", "ascending");
      else if (sort === `-${name}`) head.setAttribute("aria-sort", "descending");
      else head.removeAttribute("aria-sort");
    }
    const focused = document.activeElement instanceof HTMLElement && body.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.key : undefined;
    fill(body, ...list.map((target) => h("tr", { "data-key": target.key, class: query.get("sel") === target.key ? "chosen" : "" }, ...COLUMNS.map((column) => h("td", { class: column.kind ?? "" }, column.cell(target))))));
    if (focused !== undefined) body.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(focused)}"] [data-row]`)?.focus({ preventScroll: true });
    table.hidden = list.length === 0;
    fill(total, list.length === 0 ? "" : next === null ? count(list.length, "target") : `the first ${group(targets.length)}`);
    more.hidden = next === null;
    const narrowed = ["q", "status", "vantage", "changed", "place"].some((name) => query.get(name));
    fill(nothing, list.length > 0 || !loaded ? null : narrowed
      ? empty("No target fits", h("button", { type: "button", class: "quiet", on: { click: clear } }, "Show all targets"))
      : empty("Nothing has been traced yet", h("p", {}, "Type this in a terminal; what it finds appears here by itself:"), command("trace-cli trace HOST")));
  }

  function clear(): void {
    search.value = "";
    choose({ q: null, status: null, vantage: null, changed: null, place: null });
  }

  function emphasize(key: string | null): void {
    const chosen = key ?? router.query.get("sel");
    const { routes } = map.shown();
    if (chosen !== null) {
      const found = keys.get(chosen) ?? [];
      map.emphasize(found.length === 0 ? null : { routes: new Set(found), marks: new Set() });
    } else if (through !== null) {
      map.emphasize({ routes: new Set(routes.flatMap((route, i) => (route.key !== undefined && through?.has(route.key) ? [i] : []))), marks: new Set() });
    } else map.emphasize(null);
  }

  /** Rows of what is under the pointer on the map. */
  function lookAt(hit: Hit | null): void {
    const { routes } = map.shown();
    const found = hit === null ? [] : hit.mark ? hit.mark.stops.map((stop) => stop.route) : [hit.leg.route];
    const lit = new Set(found.flatMap((route) => routes[route]?.key ?? []));
    for (const row of body.rows) row.classList.toggle("lit", lit.has(row.dataset.key ?? ""));
  }

  function pick(hit: Hit | null): void {
    if (hit === null) choose({ sel: null, place: null });
    else if (hit.mark) choose({ place: placeName(hit.mark), sel: null });
    else choose({ sel: map.shown().routes[hit.leg.route]?.key ?? null });
  }

  draw();
  return {
    element: h("div", { class: "view overview" }, h("h1", { class: "unseen" }, "Overview"), h("div", { class: "overview-top" }, mapPanel.element, changesPanel.element), tablePanel.element),
    title: "Overview",
    query: (query) => {
      search.value = query.get("q") ?? "";
      place = query.get("place");
      map.at(readPosition(query.get("map")));
      setThrough();
      feed.again();
      emphasize(null);
    },
    destroy: () => map.destroy(),
  };
}
