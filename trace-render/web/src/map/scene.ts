// The scene of the API as the map draws it: marks and legs on the plane.
import { geoInterpolate, geoDistance, geoPath } from "d3-geo";
import type { LegProperties, MarkProperties, Route, SceneDocument, SceneFeature, Trust } from "../types";
import { SHEET, across, down, projection } from "./plane";

export interface Mark {
  index: number;
  longitude: number;
  latitude: number;
  x: number;
  y: number;
  /** The country that is all there is to say; drawn as its area, and never as a point. */
  area: string | null;
  /** The area's own shape, for a country that the map is too coarse for. */
  shape: Path2D | null;
  trust: Trust;
  city: string | null;
  country: string | null;
  stops: MarkProperties["stops"];
}

export interface Leg {
  index: number;
  route: number;
  from: number;
  to: number;
  between: number;
  /** Whether an end is anywhere in a country. */
  vague: boolean;
  /** x, y, x, y...: it runs on past the edge of the sheet rather than break there. */
  line: Float32Array;
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

export interface Scene {
  routes: Route[];
  marks: Mark[];
  legs: Leg[];
}

export const NOTHING: Scene = { routes: [], marks: [], legs: [] };

type Degrees = [number, number];

/** A great circle on the plane, a point every few degrees. */
export function course(from: Degrees, to: Degrees): Float32Array {
  const angle = (geoDistance(from, to) * 180) / Math.PI;
  const steps = Math.max(1, Math.min(48, Math.ceil(angle / 3)));
  const between = geoInterpolate(from, to);
  const line = new Float32Array(2 * (steps + 1));
  let before = across(from[0]);
  for (let i = 0; i <= steps; i++) {
    const [longitude, latitude] = i === 0 ? from : i === steps ? to : between(i / steps);
    let x = across(longitude);
    // The shorter way round is the one the great circle takes.
    x -= Math.round((x - before) / SHEET) * SHEET;
    line[2 * i] = x;
    line[2 * i + 1] = down(latitude);
    before = x;
  }
  return line;
}

function ends(geometry: GeoJSON.Geometry | null): [Degrees, Degrees] | null {
  const lines = geometry?.type === "LineString" ? [geometry.coordinates]
    : geometry?.type === "MultiLineString" ? geometry.coordinates : [];
  const from = lines[0]?.[0];
  const to = lines.at(-1)?.at(-1);
  return from && to ? [from as Degrees, to as Degrees] : null;
}

/** RFC 7946 winds outlines the other way than d3-geo does. */
function rewound(geometry: GeoJSON.MultiPolygon): GeoJSON.MultiPolygon {
  return { type: "MultiPolygon", coordinates: geometry.coordinates.map((polygon) => polygon.map((ring) => [...ring].reverse())) };
}

/** A point inside a country's largest part. */
function middle(geometry: GeoJSON.MultiPolygon): Degrees {
  let best: Degrees = [0, 0];
  let most = -1;
  for (const [outline] of geometry.coordinates) {
    if (outline === undefined) continue;
    let area = 0, x = 0, y = 0;
    for (let i = 0; i + 1 < outline.length; i++) {
      const [ax = 0, ay = 0] = outline[i] ?? [];
      const [bx = 0, by = 0] = outline[i + 1] ?? [];
      const cross = ax * by - bx * ay;
      area += cross;
      x += (ax + bx) * cross;
      y += (ay + by) * cross;
    }
    if (Math.abs(area) > most && area !== 0) {
      most = Math.abs(area);
      best = [x / (3 * area), y / (3 * area)];
    }
  }
  return best;
}

/** The scene that a document tells. What cannot be drawn is left out; what refers to it too. */
export function read(document: SceneDocument): Scene {
  const scene: Scene = { routes: document.routes, marks: [], legs: [] };
  const features = document.features;
  for (const { geometry, properties } of features) {
    if (properties.kind !== "mark") continue;
    scene.marks.push(mark(scene.marks.length, geometry, properties));
  }
  for (const { geometry, properties } of features) {
    if (properties.kind !== "leg") continue;
    const leg = legOf(scene, geometry, properties);
    if (leg !== null) scene.legs.push(leg);
  }
  return scene;
}

function mark(index: number, geometry: GeoJSON.Geometry | null, properties: MarkProperties): Mark {
  let at: Degrees = [0, 0];
  let shape: Path2D | null = null;
  if (geometry?.type === "Point") at = geometry.coordinates as Degrees;
  if (geometry?.type === "MultiPolygon") {
    at = middle(geometry);
    if (typeof Path2D !== "undefined") {
      shape = new Path2D();
      geoPath(projection, shape as unknown as CanvasRenderingContext2D)(rewound(geometry));
    }
  }
  return {
    index,
    longitude: at[0],
    latitude: at[1],
    x: across(at[0]),
    y: down(at[1]),
    area: properties.country_code ?? null,
    shape,
    trust: properties.trust,
    city: properties.city,
    country: properties.country,
    stops: properties.stops,
  };
}

function legOf(scene: Scene, geometry: GeoJSON.Geometry | null, properties: LegProperties): Leg | null {
  const between = ends(geometry);
  const from = scene.marks[properties.from];
  const to = scene.marks[properties.to];
  if (between === null || from === undefined || to === undefined) return null;
  const line = course(...between);
  // A country's label stands where the leg to it ends.
  for (const [mark, at] of [[from, between[0]], [to, between[1]]] as const) {
    if (mark.area === null) continue;
    [mark.longitude, mark.latitude] = at;
    mark.x = across(at[0]);
    mark.y = down(at[1]);
  }
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < line.length; i += 2) {
    const x = line[i] ?? 0;
    const y = line[i + 1] ?? 0;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  const vague = properties.course === "unknown";
  return { index: scene.legs.length, route: properties.route, from: properties.from, to: properties.to, between: properties.between, vague, line, x0, x1, y0, y1 };
}

/** What a mark is called: the city, else the country. */
export function placeName(mark: Mark): string {
  return mark.city ?? mark.country ?? mark.area ?? "unnamed place";
}

/** Hop numbers of a stop, runs drawn together: `3–5, 7`. */
export function numbers(ttls: number[]): string {
  const runs: [number, number][] = [];
  for (const ttl of ttls) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === ttl) last[1] = ttl;
    else runs.push([ttl, ttl]);
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : b === a + 1 ? `${a}, ${b}` : `${a}–${b}`)).join(", ");
}

/** Two documents as one: the routes of the second behind those of the first. */
export function joined(a: SceneDocument, b: SceneDocument): SceneDocument {
  const routes = a.routes.length;
  const marks: SceneFeature[] = [];
  const legs: SceneFeature[] = [];
  for (const feature of a.features) (feature.properties.kind === "mark" ? marks : legs).push(feature);
  // A place that both pass is one mark.
  const name = ({ geometry, properties }: SceneFeature): string =>
    properties.kind === "mark" ? `${properties.trust} ${properties.country_code ?? JSON.stringify(geometry)}` : "";
  const known = new Map(marks.map((feature, i) => [name(feature), i]));
  const places: number[] = [];
  for (const feature of b.features) {
    const { properties } = feature;
    if (properties.kind === "leg") {
      legs.push({ ...feature, properties: { ...properties, route: properties.route + routes, from: places[properties.from] ?? -1, to: places[properties.to] ?? -1 } });
      continue;
    }
    const stops = properties.stops.map((stop) => ({ ...stop, route: stop.route + routes }));
    const at = known.get(name(feature));
    const there = at === undefined ? undefined : marks[at];
    if (at !== undefined && there?.properties.kind === "mark") {
      places.push(at);
      marks[at] = { ...there, properties: { ...there.properties, stops: [...there.properties.stops, ...stops] } };
    } else {
      places.push(marks.length);
      marks.push({ ...feature, properties: { ...properties, stops } });
    }
  }
  return { type: "FeatureCollection", routes: [...a.routes, ...b.routes], features: [...marks, ...legs] };
}
