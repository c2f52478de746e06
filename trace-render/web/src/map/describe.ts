// What is said beside the pointer.
import { type Child, foreign, h } from "../element";
import { called, count, ms } from "../format";
import { trustWords } from "../part/badge";
import type { Hit } from "./map";
import { type Mark, type Scene, numbers, placeName } from "./scene";

const MOST = 6;

function routeLine(scene: Scene, stop: Mark["stops"][number], alone: boolean): HTMLElement {
  const route = scene.routes[stop.route];
  const ttls = numbers(stop.hops.map((hop) => hop.ttl));
  const rtts = stop.hops.flatMap((hop) => (hop.rtt_ms === null ? [] : [hop.rtt_ms]));
  const facts = [
    stop.hops.length === 0 ? (stop.origin ? "starts here" : "") : `hop ${ttls}`,
    rtts.length === 0 ? "" : `${ms(Math.min(...rtts))} ms`,
    stop.target ? "target" : "",
  ].filter((fact) => fact !== "").join(" · ");
  return h("li", {}, alone ? null : foreign(called(route ?? null), "unnamed target"), alone ? null : " ", h("span", { class: "facts" }, facts));
}

/** A mark: its place, how far to believe it, and who passes. A leg: from where to where, and what lies between. */
export function describe(hit: Hit, scene: Scene): Child[] {
  if (hit.mark) {
    const { mark } = hit;
    const alone = scene.routes.length === 1;
    const trust = trustWords(mark.trust);
    return [
      h("p", { class: "map-note-title" }, foreign(placeName(mark)), mark.city !== null && mark.country !== null ? ", " : null, mark.city !== null && mark.country !== null ? foreign(mark.country) : null),
      mark.area !== null && h("p", {}, "somewhere in this country; nothing finer is known"),
      trust !== null && h("p", { class: "map-note-trust" }, trust),
      h("ul", {}, ...mark.stops.slice(0, MOST).map((stop) => routeLine(scene, stop, alone))),
      mark.stops.length > MOST && h("p", {}, `and ${count(mark.stops.length - MOST, "path")} more`),
    ];
  }
  const { leg } = hit;
  const [from, to] = [scene.marks[leg.from], scene.marks[leg.to]];
  if (from === undefined || to === undefined) return [];
  const route = scene.routes[leg.route];
  return [
    h("p", { class: "map-note-title" }, foreign(placeName(from)), " → ", foreign(placeName(to))),
    leg.between > 0 && h("p", {}, `${count(leg.between, "hop")} between, without a place`),
    leg.vague && h("p", {}, "an end is anywhere in its country"),
    scene.routes.length > 1 && h("p", { class: "facts" }, foreign(called(route ?? null), "unnamed target")),
  ];
}
