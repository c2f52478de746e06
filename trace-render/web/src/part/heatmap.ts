// Hop by time: RTT or loss as colour. The rows choose a hop; the chart above shares the time axis and the cursor.
import { fill, foreign, h } from "../element";
import { ms, share, stamp } from "../format";
import { ink, onTheme } from "../map/ink";
import type { Series } from "../types";
import { walkable } from "./rows";
import { logShare, ramp, timeTicks } from "./scale";

export type Metric = "rtt" | "loss";

const ROW = 17;

/** The least and the greatest median, for the scale of colours. */
export function extremes(series: Series): [number, number] {
  const values = series.hops.flatMap((hop) => hop.median_ms.filter((value): value is number => value !== null && value > 0)).sort((a, b) => a - b);
  if (values.length === 0) return [1, 10];
  const low = Math.max(0.05, values[0] ?? 0.05);
  // One wild value must not take the colours from all others.
  const high = values[Math.min(values.length - 1, Math.floor(values.length * 0.995))] ?? low;
  return [low, Math.max(high, low * 2)];
}

export class HeatMap {
  readonly element: HTMLElement;
  private readonly names = h("div", { class: "gutter heat-names", role: "group", "aria-label": "Hops" });
  private readonly canvas = h("canvas", { role: "img" });
  private readonly plot: HTMLElement;
  private readonly cursor = h("div", { class: "cursor", hidden: true });
  private readonly note = h("div", { class: "chart-note", hidden: true });
  private readonly axis = h("div", { class: "time-axis", "aria-hidden": "true" });
  private readonly key = h("div", { class: "heat-key" });
  private readonly said = h("div", { class: "unseen", "aria-live": "polite" });
  private series: Series | null = null;
  private metric: Metric = "rtt";
  private column: number | null = null;

  constructor(private readonly on: { hop: (ttl: number) => void; hovered: (ttl: number | null) => void; cursor: (column: number | null) => void }, signal: AbortSignal) {
    this.plot = h("div", { class: "heat-plot" }, this.canvas, this.cursor, this.note);
    this.element = h("div", { class: "stack heat" }, this.names, this.plot, h("div", { class: "gutter" }), this.axis, h("div", { class: "gutter" }), this.key, this.said);
    walkable(this.names, (row) => on.hovered(row === null ? null : Number(row.dataset.ttl)));
    this.names.addEventListener("pointerover", (event) => {
      const name = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-ttl]") : null;
      if (name) on.hovered(Number(name.dataset.ttl));
    });
    this.names.addEventListener("pointerleave", () => on.hovered(null));
    this.plot.addEventListener("pointermove", (event) => {
      const box = this.plot.getBoundingClientRect();
      const row = Math.floor((event.clientY - box.top) / ROW);
      this.look(Math.floor(((event.clientX - box.left) / box.width) * this.columns), row);
      on.hovered(this.series?.hops[row]?.ttl ?? null);
    });
    this.plot.addEventListener("pointerleave", () => {
      this.look(null, null);
      on.hovered(null);
    });
    this.plot.addEventListener("click", (event) => {
      const hop = this.series?.hops[Math.floor((event.clientY - this.plot.getBoundingClientRect().top) / ROW)];
      if (hop) on.hop(hop.ttl);
    });
    const watch = new ResizeObserver(() => this.draw());
    watch.observe(this.plot);
    const end = onTheme(() => this.draw());
    signal.addEventListener("abort", () => {
      watch.disconnect();
      end();
    });
  }

  private get columns(): number {
    return this.series?.start.length ?? 0;
  }

  set(series: Series, metric: Metric, hop: number | null): void {
    const rows = this.series?.hops.map(({ ttl, address }) => `${ttl} ${address}`).join();
    this.series = series;
    this.metric = metric;
    if (rows !== series.hops.map(({ ttl, address }) => `${ttl} ${address}`).join()) {
      fill(this.names, ...series.hops.map(({ ttl, address }, row) => h("button", {
        type: "button", class: "heat-name", "data-row": true, "data-ttl": ttl,
        on: { click: () => this.on.hop(ttl), keydown: (event: KeyboardEvent) => this.walk(event, row) },
      }, h("span", { class: "ttl" }, ttl), foreign(address, "no answer"))));
    }
    for (const name of this.names.querySelectorAll<HTMLElement>("button")) name.setAttribute("aria-pressed", String(Number(name.dataset.ttl) === hop));
    this.draw();
  }

  /** Which hops are under the pointer elsewhere. */
  light(ttls: ReadonlySet<number>): void {
    for (const name of this.names.querySelectorAll<HTMLElement>("[data-ttl]")) name.classList.toggle("lit", ttls.has(Number(name.dataset.ttl)));
  }

  /** Left and right go through time on the row that is focused. */
  private walk(event: KeyboardEvent, row: number): void {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    this.look(Math.max(0, Math.min(this.columns - 1, (this.column ?? (by > 0 ? -1 : this.columns)) + by)), row);
    this.said.textContent = this.note.textContent;
  }

  private draw(): void {
    const { series, canvas } = this;
    const width = this.plot.clientWidth;
    const context = canvas.getContext("2d");
    if (!series || !context || width === 0) return;
    const height = series.hops.length * ROW;
    const ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    canvas.setAttribute("aria-label", `${this.metric === "rtt" ? "Median RTT" : "Loss"} of ${series.hops.length} hops over time, as colours; the rows at the left tell single values`);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { dark, quiet } = ink();
    const [low, high] = extremes(series);
    const n = series.start.length;
    series.hops.forEach((hop, row) => {
      const y = row * ROW;
      for (let i = 0; i < n; i++) {
        const sent = hop.sent[i] ?? 0;
        if (sent === 0) continue;
        const answered = hop.answered[i] ?? 0;
        const x0 = Math.floor((i / n) * width);
        const x1 = Math.ceil(((i + 1) / n) * width);
        const median = hop.median_ms[i] ?? null;
        if (this.metric === "loss") context.fillStyle = ramp("loss", 1 - answered / sent, dark);
        else if (median === null) {
          // Nobody answered: a dash where a colour would be.
          context.fillStyle = quiet;
          context.globalAlpha = 0.55;
          context.fillRect(x0, y + ROW / 2 - 0.5, Math.max(1, x1 - x0 - (x1 - x0 > 4 ? 1.5 : 0)), 1);
          context.globalAlpha = 1;
          continue;
        } else context.fillStyle = ramp("rtt", logShare(median, low, high), dark);
        context.fillRect(x0, y + 1, x1 - x0, ROW - 2);
      }
    });
    const since = Date.parse(series.since), until = Date.parse(series.until);
    fill(this.axis, ...timeTicks(since, until, Math.max(2, width / 64)).filter(({ at }) => ((at - since) / (until - since)) * width > 20).map((tick) => {
      const mark = h("span", { class: tick.strong ? "tick strong" : "tick" }, tick.label);
      mark.style.left = `${(((tick.at - since) / (until - since)) * width).toFixed(1)}px`;
      return mark;
    }));
    this.drawKey(low, high);
  }

  private drawKey(low: number, high: number): void {
    const bar = h("canvas", { width: 140, height: 8, "aria-hidden": "true" });
    const context = bar.getContext("2d");
    const { dark } = ink();
    for (let x = 0; x < 140; x++) {
      if (!context) break;
      context.fillStyle = ramp(this.metric, x / 139, dark);
      context.fillRect(x, 0, 1, 8);
    }
    const words = this.metric === "rtt" ? [`${ms(low)} ms`, `${ms(high)} ms`] : ["0%", "100% lost"];
    fill(this.key, h("span", {}, words[0]), bar, h("span", {}, words[1]), this.metric === "rtt" && h("span", { class: "heat-dash" }, "– no answer"));
  }

  private look(column: number | null, row: number | null): void {
    const { series } = this;
    const hop = row === null ? undefined : series?.hops[row];
    if (!series || column === null || column < 0 || column >= this.columns || hop === undefined) {
      this.note.hidden = true;
      this.mark(null);
      this.on.cursor(null);
      return;
    }
    this.column = column;
    const sent = hop.sent[column] ?? 0, answered = hop.answered[column] ?? 0;
    fill(this.note, h("strong", {}, `hop ${hop.ttl}`), " ", foreign(hop.address, ""), h("br"), `${stamp(series.start[column] ?? 0, false)} UTC`, h("br"),
      sent === 0 ? "not probed" : `${answered} of ${sent} answered${answered > 0 ? `, median ${ms(hop.median_ms[column] ?? null)} ms, min ${ms(hop.min_ms[column] ?? null)} ms` : ""}${sent > answered ? `, loss ${share(1 - answered / sent)}` : ""}`);
    this.note.hidden = false;
    const width = this.plot.clientWidth;
    const x = ((column + 0.5) / this.columns) * width;
    this.note.style.left = `${Math.max(0, Math.min(width - this.note.offsetWidth, x - this.note.offsetWidth / 2))}px`;
    this.note.style.top = `${((row ?? 0) + 1) * ROW + 6}px`;
    this.mark(column);
    this.on.cursor(column);
  }

  /** Shows where the pointer is in time; the chart calls this too. */
  mark(column: number | null): void {
    this.cursor.hidden = column === null;
    if (column !== null) this.cursor.style.left = `${((column + 0.5) / this.columns) * this.plot.clientWidth}px`;
  }
}
