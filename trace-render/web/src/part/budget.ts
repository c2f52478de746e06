// Where the milliseconds of a path went: what light needs for each leg, and what came on top.
import { foreign, h, s } from "../element";
import { group, ms } from "../format";
import type { Budget } from "../types";

export function budgetList(budget: Budget): HTMLElement {
  const most = Math.max(0.001, ...budget.legs.map((leg) => leg.floor_ms + Math.max(0, leg.excess_ms ?? 0)));
  // What light needs is known of every leg; that it took this of the RTT is not, where the RTT did not grow by as much.
  const bar = (floor: number, excess: number | null): SVGElement => s("svg", { class: "budget-bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: excess === null ? "untold" : "floor", x: 0, y: 0, width: ((floor / most) * 100).toFixed(2), height: 8 }),
    s("rect", { class: "excess", x: ((floor / most) * 100).toFixed(2), y: 0, width: ((Math.max(0, excess ?? 0) / most) * 100).toFixed(2), height: 8 }));
  const shares: [kind: string, share: number, words: string][] = [
    ["floor", budget.fibre_ms, "light in fibre along the legs"],
    ["excess", budget.excess_ms, "more than that: detours of the cable, equipment, queues"],
    ["other", budget.before_ms, "before the first place"],
    ["other", budget.behind_ms, "behind the last place"],
    ["untold", budget.unattributed_ms, "of no leg alone: an earlier answer came back by a longer way"],
  ];
  const untold = budget.legs.some((leg) => leg.excess_ms === null);
  return h("div", { class: "budget" },
    h("p", { class: "budget-sum" }, h("strong", {}, `${ms(budget.rtt_ms)} ms`), ` to ${budget.reaches_target ? "the target" : "the last hop that answered"} and back, over `, h("strong", {}, `${group(budget.km)} km`), " of legs",
      budget.directness === null ? "." : `; the direct way is ${group(budget.direct_km)} km.`),
    h("ul", { class: "budget-shares" }, ...shares.filter(([kind, share]) => share >= 0.005 || (kind === "untold" && untold)).map(([kind, share, words]) =>
      h("li", {}, h("span", { class: `budget-key ${kind}`, "aria-hidden": "true" }), h("span", { class: "number" }, `${ms(share)} ms`), h("span", {}, words)))),
    h("table", { class: "budget-legs" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Leg"), h("th", { scope: "col", class: "number" }, "km"), h("th", { scope: "col", class: "number" }, "Light ms"), h("th", { scope: "col", class: "number" }, "On top"), h("th", { scope: "col", class: "c-bar" }, h("span", { class: "unseen" }, "Share")))),
      h("tbody", {}, ...budget.legs.map((leg) => h("tr", {},
        h("td", {}, foreign(leg.from, "source"), "\u00a0→ ", foreign(leg.to, "?")),
        h("td", { class: "number" }, group(leg.km)),
        h("td", { class: "number" }, ms(leg.floor_ms)),
        h("td", { class: "number" }, leg.excess_ms === null ? "–" : ms(leg.excess_ms)),
        h("td", { class: "c-bar" }, bar(leg.floor_ms, leg.excess_ms)))))));
}
