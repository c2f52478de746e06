// A scene from hops and places that are still coming in: the rules are those of trace-render's Scene, which draws it once it is done.
import type { Hop, LegProperties, MarkProperties, Place, SceneDocument, SceneFeature, Trust } from "../types";
import type { Middles } from "./land";
import { type Scene, read } from "./scene";

type Sight = { address: string; place: Place; at: [number, number]; area: string | null; trust: Trust } | "private" | null;

function sight(hop: Hop, places: Record<string, Place>, middles: Middles): Sight {
  const from = [...new Set(hop.probes.flatMap((probe) => (probe.from === undefined ? [] : [probe.from])))];
  for (const address of from) {
    const place = places[address];
    if (!place || place.verdict === "unlocated") continue;
    const trust: Trust = place.verdict === "suspect" || place.verdict === "anycast" || place.verdict === "impossible" ? place.verdict : "sound";
    const point = place.verdict !== "area" && place.latitude !== null && place.longitude !== null;
    if (point) return { address, place, at: [place.longitude ?? 0, place.latitude ?? 0], area: null, trust };
    // A country is filled to say that the hop is in there; of what answers from many places, nobody says so.
    const middle = place.country_code === null || trust === "anycast" || trust === "impossible" ? undefined : middles.get(place.country_code);
    if (middle) return { address, place, at: middle, area: place.country_code, trust };
  }
  return from.length > 0 && from.every((address) => places[address]?.verdict === "private") ? "private" : null;
}

export function sceneOf(hops: Hop[], places: Record<string, Place>, target: { name: string | null; address: string | null } | null, middles: Middles): Scene {
  const marks: { at: [number, number]; properties: MarkProperties }[] = [];
  const legs: { line: [number, number][]; properties: LegProperties }[] = [];
  let last: number | null = null;
  let between = 0;
  for (const hop of hops) {
    const seen = sight(hop, places, middles);
    if (seen === null || seen === "private") {
      between++;
      continue;
    }
    let mark = marks.findIndex(({ at, properties }) => properties.trust === seen.trust && (properties.country_code ?? null) === seen.area && Math.abs(at[0] - seen.at[0]) < 0.02 && Math.abs(at[1] - seen.at[1]) < 0.02);
    if (mark < 0) {
      mark = marks.length;
      marks.push({ at: seen.at, properties: { kind: "mark", city: seen.place.city ?? seen.place.region, country: seen.place.country ?? seen.place.country_code, ...(seen.area === null ? {} : { country_code: seen.area }), trust: seen.trust, stops: [{ route: 0, origin: false, target: false, hops: [] }] } });
    }
    const stop = marks[mark]?.properties.stops[0];
    stop?.hops.push({ ttl: hop.ttl, address: seen.address, rtt_ms: hop.statistics.min_ms });
    if (stop && seen.address === target?.address) stop.target = true;
    if (seen.trust === "anycast" || seen.trust === "impossible") {
      between++;
      continue;
    }
    const from = last === null ? undefined : marks[last];
    if (last !== null && last !== mark && from) legs.push({ line: [from.at, seen.at], properties: { kind: "leg", route: 0, from: last, to: mark, between, course: seen.area !== null || from.properties.country_code !== undefined ? "unknown" : "great-circle" } });
    last = mark;
    between = 0;
  }
  const features: SceneFeature[] = [
    ...marks.map(({ at, properties }) => ({ type: "Feature" as const, geometry: { type: "Point" as const, coordinates: at }, properties })),
    ...legs.map(({ line, properties }) => ({ type: "Feature" as const, geometry: { type: "LineString" as const, coordinates: line }, properties })),
  ];
  const document: SceneDocument = { type: "FeatureCollection", routes: [{ name: target?.name ?? null, address: target?.address ?? null, vantage: null, started_ns: null, outcome: null, protocol: null, hops: hops.length, rtt_ms: null }], features };
  return read(document);
}
