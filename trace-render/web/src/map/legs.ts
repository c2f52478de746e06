// Legs on the canvas. A few are drawn in every frame. Many are drawn into a canvas of their own, a slice a frame, so that no
// frame waits for all of them; until that one is done, the last one is shown, shifted and scaled to where the map is now.
import { type Ink, routeColor } from "./ink";
import type { Leg, Scene } from "./scene";
import { SHEET, type View, copies } from "./plane";

/** How a route's legs look. */
export interface Look {
  color: string;
  width: number;
  alpha: number;
  /** Casing and arrows, for routes that are read hop by hop. */
  clear: boolean;
}

export type Looks = (route: number, ink: Ink, scene: Scene) => Look;

export const sameLook: Looks = (route, ink) => ({ color: routeColor(ink, route), width: 2, alpha: 1, clear: true });

/** Up to here legs are drawn in every frame. */
const FEW = 700;
/** Legs in a slice, at first, at least and at most: what they cost shows only when the browser paints, so the time between frames says how many may be next. */
const SLICE = { first: 300, least: 120, most: 2500 };
/** Frames nearer together than this leave room for more, in milliseconds; farther apart than that there were too many. */
const FRAME = { quick: 20, slow: 30 };
/** How much of a canvas is drawn beyond each of its edges: a pan so far is no more than a shift. */
const BLEED = 0.35;

const GAP = [6, 5];
const VAGUE = [1.5, 4.5];

interface Sheet {
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  view: View | null;
  done: number;
  whole: boolean;
}

function sheet(): Sheet | null {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  return context && { canvas, context, view: null, done: 0, whole: false };
}

/** The way east from one x to another, the nearer way round. */
const way = (from: number, to: number): number => to - from - Math.round((to - from) / SHEET) * SHEET;

/** Whether a sheet drawn for `sheet` shows all of `view` at the same scale, with a share of the bleed left over. */
function covers(sheet: View | null, view: View, rest = 0): boolean {
  if (sheet === null || sheet.k !== view.k) return false;
  const room = (whole: number, part: number): number => ((whole - part) / 2) * (1 - rest);
  return Math.abs(way(sheet.x, view.x)) * view.k <= room(sheet.width, view.width) && Math.abs(sheet.y - view.y) * view.k <= room(sheet.height, view.height);
}

export class Legs {
  private front = sheet();
  private back = sheet();
  private order: Leg[] = [];
  private looks: Look[] = [];
  private scene: Scene | null = null;
  private size = SLICE.first;
  private last = 0;

  /** What is to be drawn from now on. Fainter legs come first. */
  set(scene: Scene, looks: Looks, ink: Ink): void {
    this.scene = scene;
    this.looks = scene.routes.map((_, route) => looks(route, ink, scene));
    const rank = (leg: Leg): number => (this.looks[leg.route]?.alpha ?? 1) * 10 + (this.looks[leg.route]?.width ?? 1);
    // Legs of one look behind one another: the canvas changes its pen less often.
    this.order = [...scene.legs].sort((a, b) => rank(a) - rank(b) || b.route - a.route);
    for (const each of [this.front, this.back]) if (each) each.whole = false;
    if (this.back) this.back.view = null;
  }

  get few(): boolean {
    return this.order.length <= FEW;
  }

  /** Whether nothing is left to be drawn for a view. */
  settled(view: View): boolean {
    return this.few || (this.back?.view === null && this.front?.whole === true && covers(this.front.view, view, 0.4));
  }

  /** Draws what there is; true when it is all of it, and where the map is now. */
  draw(context: CanvasRenderingContext2D, view: View, ratio: number, dimmed: boolean, still: boolean): boolean {
    context.save();
    if (dimmed) context.globalAlpha = 0.22;
    let settled = true;
    if (this.few) {
      paint(context, view, this.order, this.looks, 0, Infinity, dimmed ? 0.22 : 1);
    } else {
      settled = this.slice(view, ratio, still);
      // The first time, what there is so far.
      const front = this.front?.view ? this.front : this.back;
      if (front?.view) {
        const scale = view.k / front.view.k;
        const width = front.view.width * scale;
        const height = front.view.height * scale;
        // Whole pixels, so that a shift is a copy.
        const whole = (value: number): number => (scale === 1 ? Math.round(value * ratio) / ratio : value);
        const x = whole(view.width / 2 + way(view.x, front.view.x) * view.k - width / 2);
        const y = whole(view.height / 2 + (front.view.y - view.y) * view.k - height / 2);
        context.drawImage(front.canvas, x, y, width, height);
      }
    }
    context.restore();
    return settled;
  }

  /** One slice into the canvas behind; true when the one in front shows all that the map does. */
  private slice(view: View, ratio: number, still: boolean): boolean {
    const { front, back } = this;
    if (!front || !back) return true;
    if (back.view === null) {
      if (front.whole && covers(front.view, view, 0.4)) return true;
      const wide: View = { ...view, width: Math.ceil(view.width * (1 + 2 * BLEED)), height: Math.ceil(view.height * (1 + 2 * BLEED)) };
      back.view = wide;
      back.done = 0;
      back.canvas.width = Math.round(wide.width * ratio);
      back.canvas.height = Math.round(wide.height * ratio);
      back.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    const now = performance.now();
    const frame = now - this.last;
    this.last = now;
    if (frame < FRAME.quick) this.size = Math.min(SLICE.most, Math.round(this.size * 1.25));
    else if (frame > FRAME.slow) this.size = Math.max(SLICE.least, Math.round(this.size * 0.6));
    // Where nothing moves nobody sees a frame come late.
    const most = still ? Math.max(1200, this.size) : this.size;
    back.done = paint(back.context, back.view, this.order, this.looks, back.done, most, 1);
    if (back.done < this.order.length) return false;
    this.front = back;
    this.front.whole = true;
    this.back = front;
    this.back.view = null;
    return covers(this.front.view, view, 0.4);
  }

  /** The legs of some routes, above everything else. */
  drawRoutes(context: CanvasRenderingContext2D, view: View, routes: ReadonlySet<number>): void {
    if (!this.scene) return;
    const legs = this.scene.legs.filter((leg) => routes.has(leg.route));
    // A few stand out by width; of many it is enough that the others are faint.
    const bold = legs.length <= 60;
    const looks = this.looks.map((look) => bold ? { ...look, width: Math.max(look.width, 2.25), alpha: 1, clear: true } : { ...look, width: Math.max(look.width, 1.2), alpha: Math.max(look.alpha, 0.6), clear: false });
    paint(context, view, legs, looks, 0, Infinity, 1);
  }
}

function trace(context: CanvasRenderingContext2D, line: Float32Array, view: View, shift: number, step: number): void {
  const x0 = view.width / 2 + (shift * SHEET - view.x) * view.k;
  const y0 = view.height / 2 - view.y * view.k;
  const last = line.length - 2;
  context.moveTo(x0 + (line[0] ?? 0) * view.k, y0 + (line[1] ?? 0) * view.k);
  for (let i = step; i < last; i += step) context.lineTo(x0 + (line[i] ?? 0) * view.k, y0 + (line[i + 1] ?? 0) * view.k);
  context.lineTo(x0 + (line[last] ?? 0) * view.k, y0 + (line[last + 1] ?? 0) * view.k);
}

/** Draws legs from `start` until so many were in sight; how far it came. */
function paint(context: CanvasRenderingContext2D, view: View, legs: Leg[], looks: Look[], start: number, most: number, alpha: number): number {
  const halfHeight = view.height / 2 / view.k + 4;
  const top = view.y - halfHeight;
  const bottom = view.y + halfHeight;
  // A point in three degrees is more than a far view can show.
  const step = view.k < 1.6 && legs.length > 5 * FEW ? 4 : 2;
  context.lineJoin = "round";
  context.lineCap = "butt";
  let i = start;
  let drawn = 0;
  for (; i < legs.length && drawn < most; i++) {
    const leg = legs[i];
    if (leg === undefined || leg.y1 < top || leg.y0 > bottom) continue;
    const look = looks[leg.route];
    if (look === undefined) continue;
    const [first, last] = copies(view, leg.x0, leg.x1);
    if (first > last) continue;
    drawn++;
    context.beginPath();
    for (let shift = first; shift <= last; shift++) trace(context, leg.line, view, shift, step);
    if (look.clear) {
      context.setLineDash([]);
      context.strokeStyle = look.color;
      context.globalAlpha = alpha * 0.16;
      context.lineWidth = look.width + 4;
      context.stroke();
    }
    context.globalAlpha = alpha * look.alpha * (leg.vague ? 0.8 : 1);
    context.setLineDash(leg.vague ? VAGUE : leg.between > 0 ? GAP : []);
    context.strokeStyle = look.color;
    context.lineWidth = look.width;
    context.stroke();
    if (look.clear && !leg.vague) {
      context.setLineDash([]);
      for (let shift = first; shift <= last; shift++) arrow(context, leg, view, shift, look);
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  return i;
}

/** An arrow half way, where the leg is long enough for one. */
function arrow(context: CanvasRenderingContext2D, leg: Leg, view: View, shift: number, look: Look): void {
  const { line } = leg;
  const length = Math.hypot(leg.x1 - leg.x0, leg.y1 - leg.y0) * view.k;
  if (length < 64) return;
  const middle = Math.max(0, Math.floor(line.length / 4 - 1) * 2);
  const ax = line[middle] ?? 0, ay = line[middle + 1] ?? 0, bx = line[middle + 2] ?? 0, by = line[middle + 3] ?? 0;
  const x = view.width / 2 + ((ax + bx) / 2 + shift * SHEET - view.x) * view.k;
  const y = view.height / 2 + ((ay + by) / 2 - view.y) * view.k;
  const angle = Math.atan2(by - ay, bx - ax);
  const size = 3.4 + look.width;
  context.fillStyle = look.color;
  context.globalAlpha = look.alpha;
  context.beginPath();
  for (const [i, [along, aside]] of ([[1, 0], [-0.8, 0.72], [-0.35, 0], [-0.8, -0.72]] as const).entries()) {
    const px = x + size * (along * Math.cos(angle) - aside * Math.sin(angle));
    const py = y + size * (along * Math.sin(angle) + aside * Math.cos(angle));
    if (i === 0) context.moveTo(px, py);
    else context.lineTo(px, py);
  }
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}

/** The distance in pixels from a point of the canvas to a leg, up to `reach`. */
export function distance(leg: Leg, view: View, px: number, py: number, reach: number): number {
  const y = view.y + (py - view.height / 2) / view.k;
  const slack = reach / view.k;
  if (y < leg.y0 - slack || y > leg.y1 + slack) return Infinity;
  let least = Infinity;
  const [first, last] = copies(view, leg.x0, leg.x1);
  for (let shift = first; shift <= last; shift++) {
    const x = view.x + (px - view.width / 2) / view.k - shift * SHEET;
    if (x < leg.x0 - slack || x > leg.x1 + slack) continue;
    for (let i = 0; i + 3 < leg.line.length; i += 2) {
      const ax = leg.line[i] ?? 0, ay = leg.line[i + 1] ?? 0;
      const dx = (leg.line[i + 2] ?? 0) - ax, dy = (leg.line[i + 3] ?? 0) - ay;
      const square = dx * dx + dy * dy;
      const t = square === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / square));
      least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy) * view.k);
    }
  }
  return least <= reach ? least : Infinity;
}
