// Land, coasts and borders: coarse shapes while the map moves, fine ones where it rests.
import { geoArea, geoCentroid, geoPath } from "d3-geo";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { projection } from "./plane";

type Box = [number, number, number, number];

interface Piece {
  path: Path2D;
  box: Box;
}

/** The shapes of one detail. Parts are apart, so that those out of sight cost nothing. */
export interface Land {
  countries: (Piece & { code: string | null })[];
  coasts: Piece[];
  borders: Piece[];
  middles: Middles;
}

/** A point inside a country's largest part, by its code of two letters. */
export type Middles = ReadonlyMap<string, [number, number]>;

function middle(geometry: GeoJSON.Geometry): [number, number] {
  const parts: GeoJSON.Position[][][] = geometry.type === "MultiPolygon" ? geometry.coordinates : geometry.type === "Polygon" ? [geometry.coordinates] : [];
  const polygons = parts.map((coordinates): GeoJSON.Polygon => ({ type: "Polygon", coordinates }));
  const largest = polygons.sort((a, b) => geoArea(b) - geoArea(a))[0];
  return largest ? geoCentroid(largest) : [0, 0];
}

type World = Topology<{ countries: GeometryCollection }>;

function piece(geometry: GeoJSON.Geometry): Piece {
  const path = new Path2D();
  geoPath(projection, path as unknown as CanvasRenderingContext2D)(geometry);
  const [[x0, y0], [x1, y1]] = geoPath(projection).bounds(geometry);
  return { path, box: [x0, y0, x1, y1] };
}

/** Lines in bundles, each near together. */
function bundles(lines: GeoJSON.MultiLineString, size: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < lines.coordinates.length; at += size) {
    pieces.push(piece({ type: "MultiLineString", coordinates: lines.coordinates.slice(at, at + size) }));
  }
  return pieces;
}

export function land(world: World): Land {
  const { countries } = world.objects;
  const shapes = countries.geometries.map((shape) => (feature(world, shape) as GeoJSON.Feature).geometry);
  return {
    middles: new Map(countries.geometries.flatMap((shape, i) => (typeof shape.id === "string" && shapes[i] ? [[shape.id, middle(shapes[i])]] : []))),
    countries: countries.geometries.map((shape, i) => ({
      ...piece(shapes[i] ?? { type: "Point", coordinates: [0, 0] }),
      code: typeof shape.id === "string" ? shape.id : null,
    })),
    coasts: bundles(mesh(world, countries, (a, b) => a === b), 12),
    borders: bundles(mesh(world, countries, (a, b) => a !== b), 24),
  };
}

/** Where the two files lie, from the tag that loaded this script. */
interface Source {
  far: () => Promise<unknown>;
  near: () => Promise<unknown>;
}

let source: Source | null = null;
let far: Promise<Land> | null = null;
let near: Promise<Land> | null = null;

export function landFrom(from: Source): void {
  source = from;
}

async function read(which: "far" | "near"): Promise<Land> {
  if (source === null) throw new Error("nobody said where the map lies");
  return land((await source[which]()) as World);
}

/** The coarse shapes. */
export function farLand(): Promise<Land> {
  far ??= read("far").catch((error: unknown) => {
    far = null;
    throw error;
  });
  return far;
}

/** The fine shapes; asked for when the map rests for the first time. */
export function nearLand(): Promise<Land> {
  near ??= read("near").catch((error: unknown) => {
    near = null;
    throw error;
  });
  return near;
}
