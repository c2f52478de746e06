// The map as a file of its own: scene and shapes stand in the document, nothing is asked for.
import { type Child, fill, foreign, h } from "./element";
import { called, count, ms, stamp, words } from "./format";
import { describe } from "./map/describe";
import { landFrom } from "./map/land";
import { type Looks, sameLook } from "./map/legs";
import { WorldMap } from "./map/map";
import { read } from "./map/scene";
import { verdictSign, trustWords } from "./part/badge";
import { walkable } from "./part/rows";
import type { SceneDocument } from "./types";

/** A part of the document that is data. */
const data = (id: string): string => document.getElementById(id)?.textContent ?? "";

async function unpacked(id: string): Promise<unknown> {
  const bytes = Uint8Array.from(atob(data(id).trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

landFrom({ far: () => unpacked("far"), near: () => unpacked("near") });

const scene_ = JSON.parse(data("scene")) as SceneDocument;
const scene = read(scene_);
const looks: Looks = (route, ink, all) => all.routes.length === 1 ? sameLook(route, ink, all) : { ...sameLook(route, ink, all), clear: all.legs.length < 200 };

let lit = new Set<number>();
const map = new WorldMap({
  label: "Map", describe, looks,
  hovered: (hit) => {
    const marks = hit === null ? [] : hit.mark ? [hit.mark.index] : [hit.leg.from, hit.leg.to];
    lit = new Set(marks);
    for (const row of list.querySelectorAll<HTMLElement>("[data-mark]")) row.classList.toggle("lit", lit.has(Number(row.dataset.mark)));
  },
});

const routes = h("ul", { class: "alone-routes" }, ...scene.routes.slice(0, 40).map((route, i) => h("li", { class: `route-${i % 6}` },
  h("span", { class: "swatch" }), h("div", {}, h("h1", {}, foreign(called(route), "A trace without a target")),
    h("p", { class: "second" }, [route.address !== null && route.name !== null ? route.address : null, route.started_ns === null ? null : `${stamp(route.started_ns / 1e6)} UTC`, route.protocol, route.outcome === null ? null : `${words(route.outcome)}${route.rtt_ms === null ? "" : ` in ${ms(route.rtt_ms)} ms`}`, count(route.hops, "hop")].filter((fact) => fact !== null).join(" · "))))));

const visits = scene.marks.flatMap((mark) => mark.stops.flatMap((stop) => stop.hops.map((hop) => ({ mark, stop, hop }))))
  .sort((a, b) => a.stop.route - b.stop.route || a.hop.ttl - b.hop.ttl);
const list = h("ol", { class: "alone-hops" }, ...visits.slice(0, 2000).map(({ mark, stop, hop }) => {
  const where: Child[] = [foreign([mark.city, mark.country].filter((part) => part !== null).join(", "), "unnamed place")];
  return h("li", {}, h("button", { type: "button", "data-row": true, "data-mark": mark.index, class: `route-${stop.route % 6}` },
    h("span", { class: "ttl" }, hop.ttl), h("span", { class: "where" }, ...where, h("span", { class: "second" }, foreign(hop.address)), mark.trust !== "sound" && verdictSign(mark.trust), mark.area !== null && h("span", { class: "second" }, " somewhere in the country")),
    h("span", { class: "number" }, hop.rtt_ms === null ? "–" : `${ms(hop.rtt_ms)} ms`),
    mark.trust !== "sound" && h("span", { class: "unseen" }, trustWords(mark.trust))));
}));
const emphasize = (mark: string | undefined): void => map.emphasize(mark === undefined ? null : { marks: new Set([Number(mark)]), routes: null });
walkable(list, (row) => emphasize(row?.dataset.mark));
list.addEventListener("pointerover", (event) => emphasize(event.target instanceof Element ? event.target.closest<HTMLElement>("[data-mark]")?.dataset.mark : undefined));
list.addEventListener("pointerleave", () => emphasize(undefined));

fill(document.body,
  h("main", { class: "alone" }, h("div", { class: "alone-map" }, map.element),
    h("aside", { "aria-label": "Routes and hops" }, routes, visits.length === 0 ? h("p", { class: "second" }, "No hop of these traces has a place.") : list, h("p", { class: "second credit" }, "Map data: Natural Earth"))));
map.show(scene);
