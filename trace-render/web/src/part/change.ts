// One change of a target, as a line that leads to the comparison.
import { links } from "../address";
import { type Child, foreign, h, s } from "../element";
import { ago, called, stamp } from "../format";
import type { Change } from "../types";

const SHAPES = {
  path: "M2.500 12.500C6 12.500 6 3.500 9.500 3.500H13.500M2.500 12.500H13.500M11 1.500l2.500 2l-2.500 2",
  rtt: "M2 12h4l3-8l3 5h2",
  loss: "M2.500 8h2.500M7 8h2M11.500 8h2",
} as const;

const KINDS = { path: "Path", rtt: "RTT", loss: "Loss" } as const;

export function kindSign(kind: Change["kind"]): HTMLElement {
  return h("span", { class: `kind kind-${kind}` }, s("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, s("path", { d: SHAPES[kind] })), KINDS[kind]);
}

export function changeItem(change: Change, now: number, named: boolean): HTMLElement {
  const both = change.before !== null && change.after !== null;
  const href = both ? links.diff(change.before ?? "", change.after ?? "") : links.target(change.key);
  const name: Child = named ? foreign(called(change.target), "unnamed target", "change-name") : null;
  return h("li", { class: "change" },
    h("a", { href, "data-row": true },
      h("span", { class: "change-head" }, kindSign(change.kind), name, h("time", { datetime: change.at, title: `${stamp(change.at)} UTC` }, ago(change.at, now))),
      h("span", { class: "change-text" }, foreign(change.text))));
}
