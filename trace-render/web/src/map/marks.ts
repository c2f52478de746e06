// Marks and their names on the canvas: discs for points, rings for what is not to be believed as a point.
import type { Ink } from "./ink";
import type { Looks } from "./legs";
import { type Mark, type Scene, numbers, placeName } from "./scene";
import { SHEET, type View, copies } from "./plane";
import { visible } from "../element";

export interface Spot {
  mark: Mark;
  x: number;
  y: number;
}

const FONT = '"Noto Sans", system-ui, sans-serif';

/** Where marks lie on the canvas, each in every copy of the world that is seen. */
export function spots(scene: Scene, view: View): Spot[] {
  const found: Spot[] = [];
  for (const mark of scene.marks) {
    const y = view.height / 2 + (mark.y - view.y) * view.k;
    if (y < -40 || y > view.height + 40) continue;
    const [first, last] = copies(view, mark.x - 40 / view.k, mark.x + 40 / view.k);
    for (let shift = first; shift <= last; shift++) {
      found.push({ mark, x: view.width / 2 + (mark.x + shift * SHEET - view.x) * view.k, y });
    }
  }
  return found;
}

/** The route whose colour a mark takes: the first that passes it. */
function foremost(mark: Mark): number {
  let route = Infinity;
  for (const stop of mark.stops) route = Math.min(route, stop.route);
  return route === Infinity ? 0 : route;
}

export function drawMarks(context: CanvasRenderingContext2D, found: Spot[], scene: Scene, looks: Looks, ink: Ink, strong: ReadonlySet<number> | null, dimmed: ReadonlySet<number> | null): void {
  const many = found.length > 160;
  if (many) crowd(context, found, scene, looks, ink, dimmed);
  for (const { mark, x, y } of found) {
    if (mark.area !== null) continue;
    if (many && mark.trust === "sound" && !(strong?.has(mark.index) ?? false)) continue;
    const route = foremost(mark);
    const look = looks(route, ink, scene);
    const faint = dimmed !== null && !mark.stops.some((stop) => dimmed.has(stop.route));
    const chosen = strong?.has(mark.index) ?? false;
    const target = mark.stops.some((stop) => stop.target);
    const origin = mark.stops.some((stop) => stop.origin);
    const radius = (many ? 2.6 : look.clear ? 4.6 : 3.2) + (chosen ? 1.4 : 0);
    context.globalAlpha = faint ? 0.25 : Math.max(look.alpha, 0.7);
    context.lineWidth = 1.5;
    if (mark.trust === "anycast" || mark.trust === "impossible" || mark.trust === "suspect") {
      ring(context, x, y, radius, mark.trust, look.color, ink);
    } else if (origin) {
      square(context, x, y, radius, look.color, ink);
    } else {
      disc(context, x, y, radius, look.color, many ? null : ink.casing);
      if (target && !many) {
        context.strokeStyle = look.color;
        context.lineWidth = 1.75;
        context.beginPath();
        context.arc(x, y, radius + 4, 0, 2 * Math.PI);
        context.stroke();
      }
    }
    if (chosen) {
      context.globalAlpha = 1;
      context.strokeStyle = ink.select;
      context.lineWidth = 2.5;
      context.beginPath();
      context.arc(x, y, radius + 7.5, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

/** Many marks: dots of one colour in one go. */
function crowd(context: CanvasRenderingContext2D, found: Spot[], scene: Scene, looks: Looks, ink: Ink, dimmed: ReadonlySet<number> | null): void {
  const paths = new Map<string, Path2D>();
  for (const { mark, x, y } of found) {
    if (mark.area !== null || mark.trust !== "sound") continue;
    const look = looks(foremost(mark), ink, scene);
    const faint = dimmed !== null && !mark.stops.some((stop) => dimmed.has(stop.route));
    const pen = `${faint ? "0.2" : "0.85"} ${look.color}`;
    let path = paths.get(pen);
    if (path === undefined) paths.set(pen, (path = new Path2D()));
    path.rect(Math.round(x) - 2, Math.round(y) - 2, 4, 4);
  }
  for (const [pen, path] of paths) {
    const [alpha, color] = pen.split(" ");
    context.globalAlpha = Number(alpha);
    context.fillStyle = color ?? ink.ink;
    context.fill(path);
  }
  context.globalAlpha = 1;
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number, color: string, casing: string | null): void {
  if (casing !== null) {
    context.fillStyle = casing;
    context.beginPath();
    context.arc(x, y, radius + 1.5, 0, 2 * Math.PI);
    context.fill();
  }
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function square(context: CanvasRenderingContext2D, x: number, y: number, radius: number, color: string, ink: Ink): void {
  context.fillStyle = ink.casing;
  context.fillRect(x - radius - 1.5, y - radius - 1.5, 2 * radius + 3, 2 * radius + 3);
  context.fillStyle = color;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

/** Suspect: a ring with a dot. Anycast: a dashed ring. Impossible: a ring that is struck through. */
function ring(context: CanvasRenderingContext2D, x: number, y: number, radius: number, trust: Mark["trust"], color: string, ink: Ink): void {
  context.fillStyle = ink.casing;
  context.strokeStyle = color;
  context.lineWidth = 1.75;
  context.beginPath();
  context.arc(x, y, radius + 1, 0, 2 * Math.PI);
  context.fill();
  if (trust === "anycast") context.setLineDash([2.5, 2.5]);
  context.stroke();
  context.setLineDash([]);
  if (trust === "suspect") {
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, 1.6, 0, 2 * Math.PI);
    context.fill();
  }
  if (trust === "impossible") {
    const reach = (radius + 1) * 0.7;
    context.beginPath();
    context.moveTo(x - reach, y + reach);
    context.lineTo(x + reach, y - reach);
    context.stroke();
  }
}

/** Left, top, right and bottom, in pixels. */
export type Box = [number, number, number, number];
const apart = (a: Box, b: Box): boolean => a[0] > b[2] || b[0] > a[2] || a[1] > b[3] || b[1] > a[3];

/** Names beside marks, as many as find room; the more a mark matters the earlier it is asked. */
export function drawNames(context: CanvasRenderingContext2D, found: Spot[], scene: Scene, looks: Looks, ink: Ink, view: View, strong: ReadonlySet<number> | null, routes: ReadonlySet<number> | null, covered: Box): void {
  const weight = ({ mark }: Spot): number => {
    let value = Math.min(mark.stops.length, 50);
    if (strong?.has(mark.index)) value += 1000;
    if (routes !== null && mark.stops.some((stop) => routes.has(stop.route))) value += 500;
    if (mark.stops.some((stop) => stop.target && (scene.routes.length < 20 || stop.route === 0))) value += 60;
    if (mark.stops.some((stop) => stop.route === 0)) value += 20;
    return value;
  };
  const inside = found.filter(({ x, y }) => x > 0 && x < view.width && y > 0 && y < view.height);
  const most = view.width < 480 ? 12 : view.width < 800 ? 22 : 36;
  const ranked = inside.map((spot) => ({ spot, value: weight(spot) })).sort((a, b) => b.value - a.value).slice(0, most * 2);
  const taken: Box[] = ranked.map(({ spot: { mark, x, y } }) => mark.area === null ? [x - 5, y - 5, x + 5, y + 5] : [x, y, x, y]);
  let placed = 0;
  context.textBaseline = "alphabetic";
  context.lineJoin = "round";
  for (const { spot } of ranked) {
    if (placed >= most) break;
    const { mark, x, y } = spot;
    const badge = badgeOf(mark, scene);
    const name = clipped(visible(placeName(mark)));
    const chosen = strong?.has(mark.index) ?? false;
    context.font = `600 12px ${FONT}`;
    const nameWidth = context.measureText(name).width;
    context.font = `600 10px ${FONT}`;
    const badgeWidth = badge === null ? 0 : Math.max(15, context.measureText(badge).width + 8);
    const gap = badge === null ? 0 : 4;
    const width = nameWidth + badgeWidth + gap;
    const reach = mark.area === null ? (mark.stops.some((stop) => stop.target) ? 13 : 10) : -width / 2;
    const choices: [number, number][] = mark.area === null
      ? [[x + reach, y + 4], [x - reach - width, y + 4], [x - width / 2, y - 12], [x - width / 2, y + 21], [x + reach - 3, y - 8], [x + reach - 3, y + 17]]
      : [[x - width / 2, y + 4]];
    for (const [left, base] of choices) {
      const box: Box = [left - 3, base - 12, left + width + 3, base + 5];
      if (left < 3 || left + width > view.width - 3 || base < 14 || base > view.height - 6) continue;
      const own = ranked.findIndex(({ spot: other }) => other === spot);
      if (!apart(box, covered)) continue;
      if (!chosen && taken.some((other, i) => i !== own && !apart(box, other))) continue;
      taken.push(box);
      placed++;
      let at = left;
      const color = looks(foremost(mark), ink, scene).color;
      if (badge !== null) {
        pill(context, at, base - 11, badgeWidth, 15, chosen ? ink.select : color);
        context.font = `600 10px ${FONT}`;
        context.fillStyle = ink.badge;
        context.textAlign = "center";
        context.fillText(badge, at + badgeWidth / 2, base);
        at += badgeWidth + gap;
      }
      context.textAlign = "left";
      context.font = `600 12px ${FONT}`;
      context.lineWidth = 3.5;
      context.strokeStyle = ink.halo;
      context.strokeText(name, at, base);
      context.fillStyle = ink.ink;
      context.fillText(name, at, base);
      break;
    }
  }
}

const clipped = (name: string): string => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

/** The hop numbers, where one route is shown or stands in front. */
function badgeOf(mark: Mark, scene: Scene): string | null {
  if (scene.routes.length > 9) return null;
  const stop = mark.stops.find((candidate) => candidate.route === 0);
  if (stop === undefined || stop.hops.length === 0) return null;
  return numbers(stop.hops.map((hop) => hop.ttl));
}

function pill(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, color: string): void {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, height / 2);
  context.fill();
}
