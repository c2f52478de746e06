// RTT over time, the chosen hop before all others, and its loss below.
import { fill, h, s } from "../element";
import { ms, share, stamp } from "../format";
import type { Series, SeriesHop } from "../types";
import { valueTicks } from "./scale";

const HEIGHT = 170;
const LOSS = 26;

/** A line through the known points; what lies between two that are known stays open where one is missing. */
export function linePath(values: (number | null)[], x: (i: number) => number, y: (value: number) => number): string {
  let path = "";
  let open = false;
  values.forEach((value, i) => {
    if (value === null) {
      open = false;
      return;
    }
    const alone = !open && (values[i + 1] ?? null) === null;
    path += `${open ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}${alone ? "h1.5" : ""}`;
    open = true;
  });
  return path;
}

export class Chart {
  readonly element: HTMLElement;
  private readonly gutter = h("div", { class: "gutter chart-axis" });
  private readonly plot = h("div", { class: "chart-plot" });
  private readonly svg = s("svg", { class: "chart", height: HEIGHT + LOSS, role: "img" });
  private readonly cursor = h("div", { class: "cursor", hidden: true });
  private readonly note = h("div", { class: "chart-note", hidden: true });
  private series: Series | null = null;
  private hop: number | null = null;

  constructor(on: { cursor: (column: number | null) => void }, signal: AbortSignal) {
    this.plot.append(this.svg, this.cursor, this.note);
    this.element = h("div", { class: "stack chart-stack" }, this.gutter, this.plot);
    this.plot.addEventListener("pointermove", (event) => {
      const box = this.plot.getBoundingClientRect();
      const n = this.series?.start.length ?? 0;
      const column = Math.floor(((event.clientX - box.left) / box.width) * n);
      this.mark(column);
      on.cursor(column);
    });
    this.plot.addEventListener("pointerleave", () => {
      this.mark(null);
      on.cursor(null);
    });
    const watch = new ResizeObserver(() => this.draw());
    watch.observe(this.plot);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  set(series: Series, hop: number | null): void {
    this.series = series;
    this.hop = hop;
    this.draw();
  }

  private chosen(): SeriesHop | undefined {
    return this.series?.hops.find(({ ttl }) => ttl === this.hop) ?? this.series?.hops.at(-1);
  }

  private draw(): void {
    const { series, svg } = this;
    const width = this.plot.clientWidth;
    const hop = this.chosen();
    if (!series || !hop || width === 0) return;
    const known = hop.median_ms.filter((value): value is number => value !== null);
    const ticks = valueTicks(known.length === 0 ? 1 : Math.max(...known) * 1.02, 4);
    const top = ticks.at(-1) ?? 1;
    const n = series.start.length;
    const x = (i: number): number => ((i + 0.5) / n) * width;
    const y = (value: number): number => 8 + (1 - Math.min(value, top * 1.2) / top) * (HEIGHT - 16);
    svg.setAttribute("width", String(width));
    svg.setAttribute("aria-label", `RTT of hop ${hop.ttl} over time: ${known.length === 0 ? "no answers" : `${ms(Math.min(...known))} to ${ms(Math.max(...known))} ms`}, and its loss`);
    const others = series.hops.filter((other) => other !== hop && other.median_ms.some((value) => value !== null && value <= top * 1.1));
    const bar = Math.max(1, width / n - 1);
    fill(svg,
      ...ticks.map((tick) => s("line", { class: "rule", x1: 0, x2: width, y1: y(tick).toFixed(1), y2: y(tick).toFixed(1) })),
      ...others.map((other) => s("path", { class: "line-other", d: linePath(other.median_ms.map((value) => (value !== null && value <= top ? value : null)), x, y) })),
      s("path", { class: "line-min", d: linePath(hop.min_ms, x, y) }),
      s("path", { class: "line-median", d: linePath(hop.median_ms, x, y) }),
      s("line", { class: "rule", x1: 0, x2: width, y1: HEIGHT + LOSS - 0.5, y2: HEIGHT + LOSS - 0.5 }),
      ...hop.sent.flatMap((sent, i) => {
        const lost = sent === 0 ? 0 : 1 - (hop.answered[i] ?? 0) / sent;
        return lost === 0 ? [] : [s("rect", { class: "loss-bar", x: (x(i) - bar / 2).toFixed(1), width: bar.toFixed(1), y: (HEIGHT + LOSS - lost * (LOSS - 4)).toFixed(1), height: (lost * (LOSS - 4)).toFixed(1) })];
      }));
    fill(this.gutter, ...ticks.map((tick, i) => {
      const label = h("span", { class: "value-tick" }, i === ticks.length - 1 ? `${tick} ms` : String(tick));
      label.style.top = `${y(tick).toFixed(1)}px`;
      return label;
    }), (() => {
      const label = h("span", { class: "value-tick" }, "loss");
      label.style.top = `${HEIGHT + LOSS - 8}px`;
      return label;
    })());
  }

  /** Shows where the pointer is in time; the heat map calls this too. */
  mark(column: number | null): void {
    const { series } = this;
    const hop = this.chosen();
    const shown = series !== null && hop !== undefined && column !== null && column >= 0 && column < series.start.length;
    this.cursor.hidden = !shown;
    this.note.hidden = !shown;
    if (!shown || column === null) return;
    const width = this.plot.clientWidth;
    const x = ((column + 0.5) / series.start.length) * width;
    this.cursor.style.left = `${x}px`;
    const sent = hop.sent[column] ?? 0;
    fill(this.note, `${stamp(series.start[column] ?? 0, false)} UTC`, h("br"), h("strong", {}, `${ms(hop.median_ms[column] ?? null)} ms`), ` hop ${hop.ttl}`, sent > 0 ? `, loss ${share(1 - (hop.answered[column] ?? 0) / sent)}` : "");
    this.note.style.left = `${x + 12 + this.note.offsetWidth < width ? x + 12 : Math.max(0, x - 12 - this.note.offsetWidth)}px`;
    this.note.style.top = "6px";
  }
}
