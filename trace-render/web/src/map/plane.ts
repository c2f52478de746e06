// The plane of the map: the sphere by Mercator's projection on a sheet that repeats every 1,024 units eastward.
import { geoMercator } from "d3-geo";

/** The sheet's width in units. */
export const SHEET = 1024;
/** Nothing is drawn nearer to a pole than this, in degrees. */
export const LIMIT = 84;

/** Degrees to units; what draws paths of whole shapes takes this. */
export const projection = geoMercator()
  .scale(SHEET / (2 * Math.PI))
  .translate([SHEET / 2, SHEET / 2])
  .precision(0);

const RADIAN = Math.PI / 180;

/** Units east of 180 degrees west; longitudes beyond 180 degrees run on. */
export const across = (longitude: number): number => ((longitude + 180) / 360) * SHEET;

/** Units south of the sheet's upper edge. */
export function down(latitude: number): number {
  const bounded = Math.max(-LIMIT, Math.min(LIMIT, latitude)) * RADIAN;
  return SHEET / 2 - (SHEET / (2 * Math.PI)) * Math.log(Math.tan(Math.PI / 4 + bounded / 2));
}

export const longitudeOf = (x: number): number => {
  const turns = x / SHEET - Math.floor(x / SHEET);
  return turns * 360 - 180;
};

export const latitudeOf = (y: number): number =>
  (2 * Math.atan(Math.exp(((SHEET / 2 - y) * 2 * Math.PI) / SHEET)) - Math.PI / 2) / RADIAN;

const TOP = down(LIMIT);
const BOTTOM = down(-LIMIT);
/** Nearer than this nobody needs to look: about 60 m a pixel. */
const MOST = 640;

/** What of the plane a canvas shows: the units at its middle, and pixels a unit. */
export interface View {
  x: number;
  y: number;
  k: number;
  width: number;
  height: number;
}

/** The least scale: the sheet fills the canvas in width or in height, whichever comes first. */
export function least(width: number, height: number): number {
  return Math.max(0.2, Math.min(width / SHEET, height / 560));
}

/** The nearest view that stays on the sheet. */
export function bounded(view: View): View {
  const k = Math.max(least(view.width, view.height), Math.min(MOST, view.k));
  const half = view.height / 2 / k;
  const y = 2 * half >= BOTTOM - TOP ? (TOP + BOTTOM) / 2 : Math.max(TOP + half, Math.min(BOTTOM - half, view.y));
  const x = view.x - Math.floor(view.x / SHEET) * SHEET;
  return { ...view, k, x, y };
}

/** A view zoomed so that the point of the plane under a pixel stays there. */
export function zoomed(view: View, factor: number, px: number, py: number): View {
  const k = Math.max(least(view.width, view.height), Math.min(MOST, view.k * factor));
  const x = view.x + (px - view.width / 2) * (1 / view.k - 1 / k);
  const y = view.y + (py - view.height / 2) * (1 / view.k - 1 / k);
  return bounded({ ...view, k, x, y });
}

/** How often the sheet must be shifted, from and to, for copies of what lies between x0 and x1 to be seen. */
export function copies(view: View, x0: number, x1: number): [number, number] {
  const half = view.width / 2 / view.k;
  return [Math.ceil((view.x - half - x1) / SHEET) + 0, Math.floor((view.x + half - x0) / SHEET)];
}

/** What should stay whole on the map: from x0 to x1, which may lie beyond the sheet; a point is as wide as nothing. */
export interface Extent {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  /** How much it matters that the map's edge does not cut it. */
  weight: number;
}

/**
 * The stretch of longitude, in units, that holds everything: where it starts and how wide it is. It begins where the least is
 * cut, so that a leg over the Pacific stays whole, and behind the widest gap among those places.
 */
export function stretch(extents: Pick<Extent, "x0" | "x1" | "weight">[]): { start: number; width: number } | null {
  if (extents.length === 0) return null;
  const wrapped = extents.map(({ x0, x1, weight }) => {
    const start = x0 - Math.floor(x0 / SHEET) * SHEET;
    return { start, end: start + Math.min(x1 - x0, SHEET - 1e-6), weight };
  });
  let best: { start: number; width: number; cut: number } | null = null;
  const starts = [...new Set(wrapped.map(({ start }) => start))];
  // Many places: a cut every few degrees is fine enough.
  const candidates = starts.length > 240 ? starts.filter((_, i) => i % Math.ceil(starts.length / 240) === 0) : starts;
  for (const start of candidates) {
    let cut = 0;
    let width = 0;
    for (const extent of wrapped) {
      const from = extent.start >= start ? extent.start - start : extent.start + SHEET - start;
      const to = from + extent.end - extent.start;
      // What ends right at the cut is seen at both edges.
      if (to > SHEET - 1e-6) cut += extent.weight;
      width = Math.max(width, Math.min(to, SHEET));
    }
    if (best === null || cut < best.cut || (cut === best.cut && width < best.width)) best = { start, width, cut };
  }
  return best && { start: best.start, width: best.width };
}

/** The view that shows everything with room around it. */
export function fitted(extents: Extent[], width: number, height: number): View {
  const band = stretch(extents);
  if (band === null) return bounded({ x: across(8), y: down(24), k: width / SHEET, width, height });
  let y0 = Infinity, y1 = -Infinity;
  // All around the globe there is no room for the arcs that pass a pole: the places are what counts.
  const world = band.width > 0.8 * SHEET;
  for (const extent of extents) {
    if (world && extent.weight > 0) continue;
    y0 = Math.min(y0, extent.y0);
    y1 = Math.max(y1, extent.y1);
  }
  if (world && y1 - y0 < (height - 48) * (SHEET / width)) {
    // The edge lies half way between the last place and the first.
    const last = Math.max(0, ...extents.filter(({ weight }) => weight === 0).map(({ x0 }) => x0 - band.start - Math.floor((x0 - band.start) / SHEET) * SHEET));
    return bounded({ x: band.start - (SHEET - last) / 2 + SHEET / 2, y: (y0 + y1) / 2, k: width / SHEET, width, height });
  }
  const room = Math.min(44, width / 6, height / 6);
  // The buttons stand at the right.
  const right = Math.min(60, width / 6);
  // A single place is shown with the country around it.
  const k = Math.min((width - room - right) / Math.max(band.width, 24), (height - 2 * room) / Math.max(y1 - y0, 16));
  const view = bounded({ x: band.start + band.width / 2, y: (y0 + y1) / 2, k, width, height });
  return bounded({ ...view, x: view.x + (right - room) / 2 / view.k });
}
