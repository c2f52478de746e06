// Diff: two traces side by side, at the level of hops, networks, cities and countries.
import { links } from "../address";
import { get } from "../api";
import { type Child, fill, foreign, h, icon } from "../element";
import { called, group, ms, stamp, words } from "../format";
import { describe } from "../map/describe";
import { routeColor } from "../map/ink";
import type { Looks } from "../map/legs";
import { WorldMap } from "../map/map";
import { joined, read } from "../map/scene";
import { Feed, Panel, command, empty } from "../panel";
import { LEVELS, type Level, atLevel } from "../part/alignment";
import { outcomeSign } from "../part/badge";
import type { Router, View } from "../router";
import type { Diff, DiffHop, SceneDocument, Summary } from "../types";

const NAMES: Record<Level, string> = { hop: "Hop", as: "AS", city: "City", country: "Country" };

/** B, the later one, in front; A in the second colour. */
const looks: Looks = (route, ink) => ({ color: routeColor(ink, route === 0 ? 1 : 0), width: 2, alpha: route === 0 ? 0.85 : 1, clear: true });

const SIGNS: Record<string, string> = { same: "", added: "+", removed: "−", replaced: "≠", silent: "○", "rate-limited": "◔", balanced: "⇉" };

export function diff(a: string, b: string, router: Router, signal: AbortSignal): View {
  if (a === "" || b === "") {
    return {
      element: h("div", { class: "view" }, h("h1", {}, "Compare"), empty("Two traces are needed", h("p", {}, "Press “Compare” beside a trace of a target, then “With this” beside another. In a terminal:"), command("trace-cli diff A B"), h("p", {}, h("a", { href: links.overview() }, "Choose a target")))),
      title: "Compare", destroy: () => undefined,
    };
  }
  let known: Diff | null = null;
  let gone = false;
  const level = (): Level => LEVELS.find((name) => name === router.query.get("level")) ?? "hop";
  const verdict = h("div", { class: "verdict-box" });
  const map = new WorldMap({ label: "Map of both paths", describe, looks });
  const mapPanel = new Panel("Both paths", "panel-map", h("span", { class: "legend" }, h("span", { class: "key key-a" }, "A"), h("span", { class: "key key-b" }, "B")));
  mapPanel.body.append(map.element);
  const levels = h("div", { class: "segments", role: "group", "aria-label": "Level" }, ...LEVELS.map((name) => h("button", { type: "button", "data-level": name, on: { click: () => {
    router.set({ level: name === "hop" ? null : name });
    draw();
  } } }, NAMES[name])));
  const rowsPanel = new Panel("Side by side", "panel-diff", levels);
  const sides = h("div", { class: "sides" });
  new Feed<Diff>({
    load: (abort) => get("diff", { a, b }, abort),
    show: (value) => {
      // One was not there, and is again: all of the view is wanted.
      if (gone) return router.reopen();
      known = value;
      draw();
    },
    panel: rowsPanel,
    failed: (problem) => {
      gone = problem.status === 404 || problem.status === 400;
      if (gone) fill(root, empty("These traces cannot be compared", h("p", {}, problem.detail ?? problem.title), h("a", { href: links.overview() }, "Back to the overview")));
    },
  }, signal);
  new Feed<SceneDocument>({
    load: async (abort) => {
      const [first, second] = await Promise.all([a, b].map((id) => get<SceneDocument>(`traces/${encodeURIComponent(id)}/scene`, {}, abort)));
      if (first === undefined || second === undefined) throw new Error("two were asked for");
      return joined(first, second);
    },
    show: (document) => map.show(read(document)), panel: mapPanel,
  }, signal);

  function side(name: "A" | "B", trace: Summary): HTMLElement {
    return h("div", { class: `side side-${name.toLowerCase()}` },
      h("span", { class: `key key-${name.toLowerCase()}` }, name),
      h("div", {}, h("a", { href: links.trace(trace.id) }, foreign(called(trace), "a trace without a target")), h("div", { class: "second" }, `${stamp(trace.started)} UTC · ${group(trace.length)} hops · ${trace.rtt_ms === null ? "no RTT" : `${ms(trace.rtt_ms)} ms`}`)),
      outcomeSign(trace.outcome));
  }

  function cell(hop: DiffHop | null): Child[] {
    if (hop === null) return [];
    if (hop.address === null) return [h("span", { class: "absent" }, "no answer")];
    return [h("div", { class: "host" }, foreign(hop.hostname ?? hop.address), h("span", { class: "second" }, foreign([hop.city, hop.country].filter((part) => part !== null).join(", "), "place not known"), hop.asn === null ? "" : ` · AS${hop.asn}`))];
  }

  function draw(): void {
    const now = level();
    for (const button of levels.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.level === now));
    }
    if (known === null) return;
    const { levels: differs } = known;
    for (const button of levels.querySelectorAll<HTMLElement>("button")) button.classList.toggle("differs", differs[button.dataset.level as Level]);
    fill(verdict, h("p", { class: `verdict-word ${known.same ? "is-same" : "is-changed"}` }, words(known.verdict)), h("p", {}, foreign(known.text)),
      h("p", { class: "level-list" }, ...LEVELS.map((name) => h("span", { class: differs[name] ? "level-differs" : "level-same" }, `${NAMES[name]}: ${differs[name] ? "differs" : "same"}`))));
    router.retitle(`Compare ${called(known.a) ?? "traces"}`);
    fill(sides, side("A", known.a), side("B", known.b), h("a", { class: "button", href: links.diff(b, a) }, icon("swap"), "Swap"));
    if (now === "hop") {
      fill(rowsPanel.body, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Hops side by side" }, h("table", { class: "diff" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Change")), h("th", { scope: "col", class: "number c-ttl" }, "TTL"), h("th", { scope: "col" }, "A"), h("th", { scope: "col", class: "number c-ms" }, "ms"), h("th", { scope: "col", class: "number c-ttl c-ttl-b" }, "TTL"), h("th", { scope: "col" }, "B"), h("th", { scope: "col", class: "number c-ms" }, "ms"))),
        h("tbody", {}, ...known.rows.map((row) => h("tr", { class: `d-${row.change}` },
          h("td", { class: "d-sign", title: words(row.change) }, SIGNS[row.change] ?? "?", h("span", { class: "unseen" }, words(row.change))),
          h("td", { class: "number c-ttl" }, row.a?.ttl ?? ""), h("td", { class: "d-a" }, ...cell(row.a)), h("td", { class: "number c-ms" }, row.a ? ms(row.a.rtt_ms) : ""),
          h("td", { class: "number c-ttl c-ttl-b" }, row.b?.ttl ?? ""), h("td", { class: "d-b" }, ...cell(row.b)), h("td", { class: "number c-ms" }, row.b ? ms(row.b.rtt_ms) : "")))))));
      return;
    }
    fill(rowsPanel.body, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Paths side by side" }, h("table", { class: "diff" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Change")), h("th", { scope: "col" }, "A"), h("th", { scope: "col" }, "B"))),
      h("tbody", {}, ...atLevel(known, now).map((pair) => h("tr", { class: `d-${pair.change}` },
        h("td", { class: "d-sign" }, SIGNS[pair.change] ?? "?", h("span", { class: "unseen" }, words(pair.change))), h("td", { class: "d-a" }, pair.a === null ? null : foreign(pair.a)), h("td", { class: "d-b" }, pair.b === null ? null : foreign(pair.b))))))));
  }

  const root = h("div", { class: "view diff-view" }, h("header", { class: "view-head" }, h("h1", {}, "Compare"), sides), h("div", { class: "diff-grid" }, rowsPanel.element, h("div", { class: "trace-side" }, h("section", { class: "panel panel-verdict", "aria-label": "Verdict" }, verdict), mapPanel.element)));
  draw();
  return { element: root, title: "Compare", query: () => draw(), destroy: () => map.destroy() };
}
