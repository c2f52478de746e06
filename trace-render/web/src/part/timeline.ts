// Path eras along time, and the window of time that the rest of the view shows: drag to choose one.
import { fill, h, s } from "../element";
import { count, ms, span, stamp } from "../format";
import type { Era } from "../types";
import { timeTicks } from "./scale";

export interface Range {
  since: number;
  until: number;
}

const HEIGHT = 30;
const LEAST_PX = 6;

/** A class of colour for each path: the present one first, the others in the order of their last sight. */
export function pathClasses(eras: Era[]): Map<string, string> {
  const classes = new Map<string, string>();
  for (const era of eras.toSorted((a, b) => b.last.localeCompare(a.last))) {
    if (!classes.has(era.path)) classes.set(era.path, `path-${Math.min(classes.size, 6)}`);
  }
  return classes;
}

/** The window after a drag: ends in order, inside the range, wide enough to mean something. */
export function windowOf(a: number, b: number, range: Range): Range {
  const least = Math.max(1000, (range.until - range.since) / 400);
  let since = Math.max(range.since, Math.min(a, b));
  const until = Math.min(range.until, Math.max(a, b, since + least));
  since = Math.min(since, until - least);
  return { since: Math.max(range.since, since), until };
}

export class Timeline {
  readonly element: HTMLElement;
  private readonly plot: HTMLElement;
  private readonly svg = s("svg", { class: "timeline-eras", height: HEIGHT, role: "img" });
  private readonly axis = h("div", { class: "time-axis", "aria-hidden": "true" });
  private readonly brush = h("div", { class: "brush", hidden: true });
  private readonly handles: [HTMLElement, HTMLElement];
  private readonly note = h("div", { class: "chart-note", hidden: true });
  private range: Range = { since: 0, until: 1 };
  private window: Range | null = null;
  private eras: Era[] = [];

  constructor(private readonly chosen: (window: Range | null, done: boolean) => void, signal: AbortSignal) {
    const handle = (which: 0 | 1, name: string): HTMLElement => h("div", {
      class: "brush-handle", role: "slider", tabindex: "0", "aria-label": name, on: { keydown: (event: KeyboardEvent) => this.key(event, which) },
    });
    this.handles = [handle(0, "Window starts"), handle(1, "Window ends")];
    this.plot = h("div", { class: "timeline-plot" }, this.svg, this.brush, ...this.handles, this.note);
    this.element = h("div", { class: "stack timeline" }, h("div", { class: "gutter" }, "Paths"), this.plot, h("div", { class: "gutter" }), this.axis);
    this.drag();
    const watch = new ResizeObserver(() => this.draw());
    watch.observe(this.plot);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  set(eras: Era[], range: Range, window: Range | null): void {
    this.eras = eras;
    this.range = range;
    this.window = window;
    this.draw();
  }

  private x(time: number): number {
    return ((time - this.range.since) / (this.range.until - this.range.since || 1)) * this.plot.clientWidth;
  }

  private time(x: number): number {
    return this.range.since + (x / (this.plot.clientWidth || 1)) * (this.range.until - this.range.since);
  }

  private draw(): void {
    const width = this.plot.clientWidth;
    if (width === 0) return;
    const classes = pathClasses(this.eras);
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("aria-label", `${count(this.eras.length, "path era")} between ${stamp(this.range.since, false)} and ${stamp(this.range.until, false)} UTC`);
    fill(this.svg, ...this.eras.map((era) => {
      const x0 = this.x(Date.parse(era.first));
      const x1 = this.x(Date.parse(era.last));
      return s("rect", { class: `era ${classes.get(era.path) ?? ""}`, x: x0.toFixed(1), y: 4, width: Math.max(2, x1 - x0 - 1).toFixed(1), height: HEIGHT - 8, rx: 1.5 });
    }));
    const ticks = timeTicks(this.range.since, this.range.until, Math.max(2, width / 64));
    fill(this.axis, ...ticks.filter(({ at }) => this.x(at) > 20 && this.x(at) < width - 8).map((tick) => {
      const mark = h("span", { class: tick.strong ? "tick strong" : "tick" }, tick.label);
      mark.style.left = `${this.x(tick.at).toFixed(1)}px`;
      return mark;
    }));
    this.place();
  }

  private place(): void {
    const { window, brush, handles } = this;
    const shown = window ?? this.range;
    brush.hidden = window === null;
    if (window !== null) {
      brush.style.left = `${this.x(window.since)}px`;
      brush.style.width = `${Math.max(2, this.x(window.until) - this.x(window.since))}px`;
    }
    for (const [i, time] of [shown.since, shown.until].entries()) {
      const handle = handles[i];
      if (handle === undefined) continue;
      handle.style.left = `${this.x(time)}px`;
      handle.setAttribute("aria-valuemin", String(Math.round(this.range.since / 1000)));
      handle.setAttribute("aria-valuemax", String(Math.round(this.range.until / 1000)));
      handle.setAttribute("aria-valuenow", String(Math.round(time / 1000)));
      handle.setAttribute("aria-valuetext", `${stamp(time, false)} UTC`);
    }
  }

  private choose(window: Range | null, done: boolean): void {
    this.window = window;
    this.place();
    this.chosen(window, done);
  }

  private key(event: KeyboardEvent, which: 0 | 1): void {
    const whole = this.range.until - this.range.since;
    const shown = this.window ?? this.range;
    const step = whole / (event.shiftKey ? 10 : 50);
    const by = event.key === "ArrowLeft" || event.key === "ArrowDown" ? -step : event.key === "ArrowRight" || event.key === "ArrowUp" ? step : null;
    if (event.key === "Escape") this.choose(null, true);
    else if (by !== null) {
      const ends: [number, number] = [shown.since, shown.until];
      ends[which] = Math.max(this.range.since, Math.min(this.range.until, ends[which] + by));
      if (ends[0] < ends[1]) this.choose(windowOf(ends[0], ends[1], this.range), true);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private drag(): void {
    let start: { x: number; kind: "new" | "move" | 0 | 1; window: Range | null; moved: boolean } | null = null;
    const at = (event: PointerEvent): number => event.clientX - this.plot.getBoundingClientRect().left;
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const x = at(event);
      const { window } = this;
      const near = (time: number): boolean => Math.abs(this.x(time) - x) < 9;
      const kind = window && near(window.since) ? 0 : window && near(window.until) ? 1 : window && this.time(x) > window.since && this.time(x) < window.until ? "move" : "new";
      start = { x, kind, window, moved: false };
      this.plot.setPointerCapture(event.pointerId);
    });
    const window = (x: number): Range | null => {
      if (start === null) return null;
      const time = this.time(x);
      const { kind, window: before } = start;
      if (kind === "new" || before === null) return windowOf(this.time(start.x), time, this.range);
      if (kind === 0) return windowOf(Math.min(time, before.until), before.until, this.range);
      if (kind === 1) return windowOf(before.since, Math.max(time, before.since), this.range);
      const by = Math.max(this.range.since - before.since, Math.min(this.range.until - before.until, time - this.time(start.x)));
      return { since: before.since + by, until: before.until + by };
    };
    this.plot.addEventListener("pointermove", (event) => {
      const x = at(event);
      if (start === null) return this.tell(x);
      start.moved ||= Math.abs(x - start.x) > LEAST_PX;
      if (start.moved) this.choose(window(x), false);
    });
    this.plot.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const x = at(event);
      const drag = start;
      const next = drag.moved ? window(x) : null;
      start = null;
      if (drag.moved) return this.choose(next, true);
      // A click on an era chooses it; beside all of them, everything.
      const time = this.time(x);
      const era = this.eras.find((candidate) => Date.parse(candidate.first) <= time && Date.parse(candidate.last) >= time);
      this.choose(era && drag.kind === "new" ? windowOf(Date.parse(era.first), Date.parse(era.last), this.range) : null, true);
    });
    this.plot.addEventListener("pointercancel", () => (start = null));
    this.plot.addEventListener("pointerleave", () => (this.note.hidden = true));
  }

  private tell(x: number): void {
    const time = this.time(x);
    const era = this.eras.find((candidate) => Date.parse(candidate.first) <= time && Date.parse(candidate.last) >= time);
    this.note.hidden = era === undefined;
    if (era === undefined) return;
    fill(this.note, h("strong", {}, `path ${era.path.slice(0, 6)}`), h("br"), `${stamp(era.first, false)} – ${stamp(era.last, false)} (${span(Date.parse(era.last) - Date.parse(era.first))})`, h("br"),
      `${count(era.traces, "trace")}, ${era.length === null ? "length not known" : count(era.length, "hop")}${era.rtt ? `, median ${ms(era.rtt.median_ms)} ms` : ""}`);
    const width = this.plot.clientWidth;
    this.note.style.left = `${Math.max(0, Math.min(width - this.note.offsetWidth, x - this.note.offsetWidth / 2))}px`;
  }
}

