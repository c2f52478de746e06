// The map: one canvas, drawn anew where something changed.
import { type Child, fill, h, icon } from "../element";
import type { MapPosition } from "../address";
import { between, gestures } from "./gesture";
import { Ground, graticule } from "./ground";
import { type Ink, ink, onTheme } from "./ink";
import { type Land, farLand, nearLand } from "./land";
import { Legs, type Looks, distance, sameLook } from "./legs";
import { type Box, drawMarks, drawNames, spots, type Spot } from "./marks";
import { type Extent, SHEET, type View, across, bounded, down, fitted, latitudeOf, least, longitudeOf, zoomed } from "./plane";
import { type Leg, type Mark, NOTHING, type Scene } from "./scene";

export type Hit = { mark: Mark; leg: null } | { mark: null; leg: Leg };

export interface MapOptions {
  /** What the map shows, for whoever cannot see it. */
  label: string;
  /** What is said beside the pointer. */
  describe: (hit: Hit, scene: Scene) => Child[];
  looks?: Looks;
  /** The pointer came to something, or left it. */
  hovered?: (hit: Hit | null) => void;
  picked?: (hit: Hit | null) => void;
  /** Somebody moved the map; null when it shows everything again. */
  moved?: (position: MapPosition | null) => void;
}

/** What stands out against the rest. */
export interface Emphasis {
  marks: ReadonlySet<number>;
  routes: ReadonlySet<number> | null;
}

const REST_MS = 160;
const FLY_MS = 320;

export class WorldMap {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** How long the last frames took, in milliseconds. */
  readonly frames: number[] = [];
  private readonly context: CanvasRenderingContext2D | null;
  private readonly note: HTMLElement;
  private readonly buttons: HTMLElement;
  /** What the buttons cover, in pixels of the canvas: no name is written there. */
  private covered: Box = [0, 0, 0, 0];
  private readonly said: HTMLElement;
  private readonly trouble: HTMLElement;
  private readonly legs = new Legs();
  private readonly ground = new Ground(ink());
  private scene: Scene = NOTHING;
  private current: View = { x: SHEET / 2, y: down(24), k: 1, width: 0, height: 0 };
  private colors: Ink = ink();
  private far: Land | null = null;
  private near: Land | null = null;
  private still = false;
  private own = false;
  private asked = 0;
  private flight: { from: View; to: View; start: number } | null = null;
  private timer = 0;
  private hit: Hit | null = null;
  private emphasis: Emphasis | null = null;
  private walk = -1;
  /** When the last frame was drawn, and how long after the one before it. */
  private drawn = 0;
  private pace = 0;
  private position: MapPosition | null = null;
  private readonly ends: (() => void)[] = [];

  constructor(private readonly options: MapOptions) {
    this.canvas = h("canvas", { tabindex: "0", role: "application", "aria-roledescription": "map", "aria-label": `${options.label}. Arrow keys pan, plus and minus zoom, 0 shows everything, n and p go from place to place.` });
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.note = h("div", { class: "map-note", hidden: true });
    this.said = h("div", { class: "unseen", "aria-live": "polite" });
    this.trouble = h("p", { class: "map-hint", hidden: true });
    const button = (name: string, shape: "plus" | "minus" | "fit", act: () => void): HTMLElement =>
      h("button", { type: "button", class: "map-button", title: name, "aria-label": name, on: { click: act } }, icon(shape));
    const zoom = (factor: number) => (): void => this.fly(zoomed(this.current, factor, this.current.width / 2, this.current.height / 2));
    this.buttons = h("div", { class: "map-buttons" }, button("Zoom in", "plus", zoom(2)), button("Zoom out", "minus", zoom(0.5)), button("Show everything", "fit", () => this.fit()));
    this.element = h("div", { class: "map" }, this.canvas, this.buttons,
      this.note, this.trouble, this.said);
    gestures(this.canvas, {
      view: () => this.current,
      move: (view, held) => this.move(view, held),
      rest: () => this.restSoon(),
      point: (x, y) => this.point(x, y),
      leave: () => this.setHit(null),
      pick: (x, y) => this.pick(x, y),
      step: (by) => this.step(by),
      fit: () => this.fit(),
      hint: (text) => this.hint(text),
    });
    const watch = new ResizeObserver(() => this.resize());
    watch.observe(this.element);
    this.ends.push(() => watch.disconnect(), onTheme(() => this.recolor()));
    this.load();
  }

  private load(): void {
    farLand().then((land) => {
      this.far = land;
      this.draw();
      this.restSoon();
    }, () => this.hint("The shapes of the countries did not come; trying again", () => this.load()));
  }

  destroy(): void {
    for (const end of this.ends) end();
    cancelAnimationFrame(this.asked);
    clearTimeout(this.timer);
  }

  /** Shows a scene; its whole, unless somebody moved the map or it should stay where it is. */
  show(scene: Scene, stay = false): void {
    this.scene = scene;
    this.hit = null;
    this.walk = -1;
    this.note.hidden = true;
    this.dress();
    if (!this.own && !stay && this.current.width > 0) this.current = this.whole();
    this.draw();
  }

  shown(): Scene {
    return this.scene;
  }

  /** Lets marks and routes stand out; null lets all be equal. */
  emphasize(emphasis: Emphasis | null): void {
    this.emphasis = emphasis;
    this.draw();
  }

  /** Goes to a position that stood in the URL. */
  at(position: MapPosition | null): void {
    this.position = position;
    this.own = position !== null;
    if (position !== null && this.current.width > 0) this.current = this.viewAt(position);
    else if (this.current.width > 0) this.current = this.whole();
    this.draw();
  }

  private viewAt({ longitude, latitude, zoom }: MapPosition): View {
    return bounded({ ...this.current, x: across(longitude), y: down(latitude), k: 2 ** zoom });
  }

  private whole(): View {
    const { width, height } = this.current;
    const { marks, legs } = this.scene;
    const extents: Extent[] = marks.map(({ x, y }) => ({ x0: x, x1: x, y0: y, y1: y, weight: 0 }));
    // A great circle reaches nearer to the pole than its ends; the foremost route matters most.
    for (const leg of legs.slice(0, 2000)) extents.push({ x0: leg.x0, x1: leg.x1, y0: leg.y0, y1: leg.y1, weight: leg.route === 0 ? 3 : 1 });
    return fitted(extents, width, height);
  }

  fit(): void {
    this.own = false;
    this.position = null;
    this.fly(this.whole(), false);
    this.options.moved?.(null);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    const { offsetLeft: left, offsetTop: top, offsetWidth, offsetHeight } = this.buttons;
    this.covered = [left, top, left + offsetWidth, top + offsetHeight];
    const ratio = this.ratio();
    if (this.canvas.width === Math.round(width * ratio) && this.canvas.height === Math.round(height * ratio)) return;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.current = bounded({ ...this.current, width, height });
    this.current = this.position ? this.viewAt(this.position) : this.own ? this.current : this.whole();
    this.paint();
    this.restSoon();
  }

  private readonly ratio = (): number => Math.min(2, devicePixelRatio || 1);

  private recolor(): void {
    this.colors = ink();
    this.dress();
    this.draw();
  }

  /** Hands scene and colours to what draws them. */
  private dress(): void {
    const { scene, colors } = this;
    const looks = this.options.looks ?? sameLook;
    this.legs.set(scene, looks, colors);
    this.ground.set(scene.marks, colors, (mark) => looks(Math.min(...mark.stops.map((stop) => stop.route)), colors, scene).color);
  }

  private move(view: View, held: boolean): void {
    this.flight = null;
    this.current = view;
    this.own = true;
    this.still = false;
    this.note.hidden = true;
    this.draw();
    if (!held) this.restSoon();
  }

  /** Goes to a view, seen to do so unless motion is unwanted. */
  private fly(view: View, own = true): void {
    this.own = own;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.current = view;
    else this.flight = { from: this.current, to: view, start: performance.now() };
    this.still = false;
    this.draw();
    this.restSoon();
  }

  private restSoon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (this.flight) return this.restSoon();
      this.still = true;
      this.draw();
      if (this.own) {
        this.position = { longitude: longitudeOf(this.current.x), latitude: latitudeOf(this.current.y), zoom: Math.log2(this.current.k) };
        this.options.moved?.(this.position);
      }
      if (this.near === null) {
        // The fine shapes are worth having, never worth waiting for.
        nearLand().then((land) => {
          this.near = land;
          this.draw();
        }, () => undefined);
      }
    }, Math.max(REST_MS, Math.min(1200, 3 * this.pace)));
  }

  /** Asks for a frame. */
  draw(): void {
    if (this.asked !== 0) return;
    this.asked = requestAnimationFrame((now) => {
      this.asked = 0;
      const before = performance.now();
      // On a busy machine frames come late: that is no rest yet.
      this.pace = now - this.drawn;
      this.drawn = now;
      if (this.flight) {
        const t = Math.min(1, (now - this.flight.start) / FLY_MS);
        this.current = between(this.flight.from, this.flight.to, Math.max(0, t));
        if (t >= 1) this.flight = null;
        else this.draw();
      }
      const fine = this.legs.settled(this.current);
      if (!this.paint() || !fine) this.draw();
      this.frames.push(performance.now() - before);
      if (this.frames.length > 600) this.frames.splice(0, 300);
    });
  }

  private paint(): boolean {
    const { context, current: view, colors } = this;
    if (!context || view.width === 0) return true;
    const ratio = this.ratio();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colors.ocean;
    context.fillRect(0, 0, view.width, view.height);
    // Fine shapes take several times as long: they wait until all legs are there, so that they are drawn once.
    const land = this.still && this.near !== null && this.legs.settled(view) ? this.near : this.far;
    graticule(context, view, colors);
    if (land) this.ground.draw(context, view, land, ratio, this.still && land === this.near);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const looks = this.options.looks ?? sameLook;
    const routes = this.emphasis?.routes ?? null;
    const settled = this.legs.draw(context, view, ratio, routes !== null, this.still);
    if (routes !== null) this.legs.drawRoutes(context, view, routes);
    const found = spots(this.scene, view);
    const strong = this.strong();
    drawMarks(context, found, this.scene, looks, colors, strong, routes);
    if (this.still || found.length < 120) drawNames(context, found, this.scene, looks, colors, view, strong, routes, this.covered);
    return settled;
  }

  private strong(): ReadonlySet<number> | null {
    const marks = new Set(this.emphasis?.marks);
    if (this.hit?.mark) marks.add(this.hit.mark.index);
    if (this.hit?.leg) marks.add(this.hit.leg.from).add(this.hit.leg.to);
    return marks.size === 0 ? null : marks;
  }

  private find(x: number, y: number): Hit | null {
    let best: Spot | null = null;
    let nearest = 12;
    for (const spot of spots(this.scene, this.current)) {
      const far = Math.hypot(spot.x - x, spot.y - y) - (spot.mark.area === null ? 0 : 6);
      if (far < nearest) {
        nearest = far;
        best = spot;
      }
    }
    if (best) return { mark: best.mark, leg: null };
    let leg: Leg | null = null;
    let least = 6;
    for (const candidate of this.scene.legs) {
      const far = distance(candidate, this.current, x, y, least);
      if (far < least) {
        least = far;
        leg = candidate;
      }
    }
    if (leg) return { mark: null, leg };
    return this.findArea(x, y);
  }

  private findArea(x: number, y: number): Hit | null {
    const land = this.near ?? this.far;
    if (!this.context || !land) return null;
    const unitX = this.current.x + (x - this.current.width / 2) / this.current.k;
    const ux = unitX - Math.floor(unitX / SHEET) * SHEET;
    const uy = this.current.y + (y - this.current.height / 2) / this.current.k;
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    for (const mark of this.scene.marks) {
      if (mark.area === null) continue;
      const path = land.countries.find((piece) => piece.code === mark.area)?.path ?? mark.shape;
      if (path && this.context.isPointInPath(path, ux, uy)) return { mark, leg: null };
    }
    return null;
  }

  private pointed: { x: number; y: number } | null = null;
  private point(x: number, y: number): void {
    const first = this.pointed === null;
    this.pointed = { x, y };
    if (!first) return;
    requestAnimationFrame(() => {
      const { pointed } = this;
      this.pointed = null;
      if (pointed) this.setHit(this.find(pointed.x, pointed.y), pointed);
    });
  }

  private pick(x: number, y: number): void {
    const hit = this.find(x, y);
    this.setHit(hit, { x, y });
    this.options.picked?.(hit);
  }

  private setHit(hit: Hit | null, at?: { x: number; y: number }): void {
    const same = this.hit?.mark === hit?.mark && this.hit?.leg === hit?.leg;
    this.hit = hit;
    this.canvas.classList.toggle("pointing", hit !== null);
    if (hit === null) this.note.hidden = true;
    else {
      if (!same) fill(this.note, ...this.options.describe(hit, this.scene));
      this.note.hidden = false;
      if (at) this.placeNote(at);
    }
    if (same) return;
    this.options.hovered?.(hit);
    this.draw();
  }

  private placeNote({ x, y }: { x: number; y: number }): void {
    const { width, height } = this.current;
    const { offsetWidth: w, offsetHeight: t } = this.note;
    const left = x + 14 + w < width ? x + 14 : Math.max(4, x - 14 - w);
    const top = y + 14 + t < height ? y + 14 : Math.max(4, y - 14 - t);
    this.note.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** The next place, by keyboard: shown, said and brought into sight. */
  private step(by: number): void {
    const { marks } = this.scene;
    if (marks.length === 0) {
      this.said.textContent = "No places on the map yet";
      return;
    }
    this.walk = (this.walk + by + marks.length + (this.walk < 0 && by < 0 ? 1 : 0)) % marks.length;
    const mark = marks[this.walk];
    if (mark === undefined) return;
    const view = this.current;
    const seen = spots({ ...this.scene, marks: [mark] }, view).find(({ x, y }) => x > 20 && y > 20 && x < view.width - 20 && y < view.height - 20);
    if (!seen) this.current = bounded({ ...view, x: mark.x, y: mark.y });
    const at = seen ?? spots({ ...this.scene, marks: [mark] }, this.current).find(({ x }) => x > 0 && x < view.width);
    this.setHit({ mark, leg: null }, at ?? { x: view.width / 2, y: view.height / 2 });
    this.said.textContent = this.note.textContent;
    this.options.picked?.({ mark, leg: null });
  }

  private hinted = 0;
  private hint(text: string, again?: () => void): void {
    this.trouble.textContent = text;
    this.trouble.hidden = false;
    clearTimeout(this.hinted);
    this.hinted = window.setTimeout(() => {
      this.trouble.hidden = true;
      again?.();
    }, again ? 5000 : 1600);
  }

  /** The position as it would stand in a URL. */
  where(): MapPosition {
    return { longitude: longitudeOf(this.current.x), latitude: latitudeOf(this.current.y), zoom: Math.log2(this.current.k) };
  }

  /** The least zoom, for tests. */
  leastZoom(): number {
    return Math.log2(least(this.current.width, this.current.height));
  }
}
