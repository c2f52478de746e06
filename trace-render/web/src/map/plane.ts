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
  return [Math.ceil((view.x - half - x1) / SHEET), Math.floor((view.x + half - x0) / SHEET)];
}

/**
 * The narrowest stretch of longitude, in units, that holds every x of the sheet: where it starts and how wide it is.
 * It may run past the sheet's right edge, so that a leg over the Pacific stays whole.
 */
export function stretch(xs: number[]): { start: number; width: number } | null {
  if (xs.length === 0) return null;
  const sorted = xs.map((x) => x - Math.floor(x / SHEET) * SHEET).sort((a, b) => a - b);
  let start = sorted[0] ?? 0;
  let gap = start + SHEET - (sorted.at(-1) ?? 0);
  for (let i = 1; i < sorted.length; i++) {
    const here = sorted[i] ?? 0;
    const before = sorted[i - 1] ?? 0;
    if (here - before > gap) {
      gap = here - before;
      start = here;
    }
  }
  return { start, width: SHEET - gap };
}

/** The view that shows everything with room around it. */
export function fitted(points: [number, number][], width: number, height: number, margin = 48): View {
  const band = stretch(points.map(([x]) => x));
  if (band === null) return bounded({ x: across(8), y: down(24), k: 0, width, height });
  const ys = points.map(([, y]) => y);
  const y0 = Math.min(...ys);
  const y1 = Math.max(...ys);
  const room = Math.min(margin, width / 5, height / 5);
  // A single place is shown with the country around it.
  const k = Math.min((width - 2 * room) / Math.max(band.width, 24), (height - 2 * room) / Math.max(y1 - y0, 16));
  return bounded({ x: band.start + band.width / 2, y: (y0 + y1) / 2, k, width, height });
}
