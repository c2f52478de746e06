// RTT by hop: every probe a dot, the median a line.
import { fill, h, s } from "../element";
import { ms } from "../format";
import type { Hop } from "../types";
import { valueTicks } from "./scale";

const HEIGHT = 190;

export class Ladder {
  readonly element: HTMLElement;
  private readonly plot: HTMLElement;
  private readonly svg = s("svg", { class: "ladder", height: HEIGHT, role: "img" });
  private hops: Hop[] = [];
  private chosen: number | null = null;
  private lit: ReadonlySet<number> = new Set();

  constructor(private readonly on: { hovered: (ttl: number | null) => void; chosen: (ttl: number) => void }, signal: AbortSignal) {
    this.plot = h("div", {}, this.svg);
    this.element = h("div", { class: "ladder-plot" }, this.plot);
    const ttl = (event: PointerEvent | MouseEvent): number | null => {
      const box = this.svg.getBoundingClientRect();
      const first = this.hops[0]?.ttl ?? 1;
      const at = Math.round(((event.clientX - box.left - this.left) / (box.width - this.left - 10)) * Math.max(1, this.hops.length - 1)) + first;
      return this.hops.some((hop) => hop.ttl === at) ? at : null;
    };
    this.svg.addEventListener("pointermove", (event) => on.hovered(ttl(event)));
    this.svg.addEventListener("pointerleave", () => on.hovered(null));
    this.svg.addEventListener("click", (event) => {
      const at = ttl(event);
      if (at !== null) this.on.chosen(at);
    });
    const watch = new ResizeObserver(() => this.draw());
    watch.observe(this.element);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  private readonly left = 54;

  set(hops: Hop[]): void {
    this.hops = hops;
    this.draw();
  }

  mark(chosen: number | null, lit: ReadonlySet<number>): void {
    this.chosen = chosen;
    this.lit = lit;
    for (const band of this.svg.querySelectorAll<SVGElement>(".band")) {
      const ttl = Number(band.dataset.ttl);
      band.classList.toggle("chosen", ttl === chosen);
      band.classList.toggle("lit", lit.has(ttl));
    }
  }

  private draw(): void {
    const { svg, hops, left } = this;
    const width = this.plot.clientWidth;
    if (width === 0) return;
    const rtts = hops.flatMap((hop) => hop.probes.flatMap((probe) => (typeof probe.rtt_ms === "number" ? [probe.rtt_ms] : [])));
    svg.setAttribute("width", String(width));
    svg.setAttribute("aria-label", rtts.length === 0 ? "RTT by hop: no RTT is known" : `RTT by hop, ${ms(Math.min(...rtts))} to ${ms(Math.max(...rtts))} ms; the table has the numbers`);
    if (rtts.length === 0) {
      fill(svg, s("text", { class: "axis", x: width / 2, y: HEIGHT / 2, "text-anchor": "middle" }, hops.length === 0 ? "" : "no RTT is known"));
      return;
    }
    const ticks = valueTicks(Math.max(...rtts), 4);
    const top = ticks.at(-1) ?? 1;
    const first = hops[0]?.ttl ?? 1;
    const n = Math.max(1, hops.length - 1);
    const step = (width - left - 10) / n;
    const x = (ttl: number): number => left + (ttl - first) * step;
    const y = (value: number): number => 10 + (1 - value / top) * (HEIGHT - 34);
    let line = "";
    let open = false;
    for (const hop of hops) {
      const value = hop.statistics.median_ms;
      if (value === null) continue;
      line += `${open ? "L" : "M"}${x(hop.ttl).toFixed(1)} ${y(value).toFixed(1)}`;
      open = true;
    }
    const every = Math.max(1, Math.ceil(22 / step));
    fill(svg,
      ...hops.map((hop) => s("rect", { class: "band", "data-ttl": hop.ttl, x: (x(hop.ttl) - Math.min(step, 40) / 2).toFixed(1), y: 4, width: Math.min(step, 40).toFixed(1), height: HEIGHT - 22, rx: 3 })),
      ...ticks.flatMap((tick) => [
        s("line", { class: "rule", x1: left - 6, x2: width, y1: y(tick).toFixed(1), y2: y(tick).toFixed(1) }),
        s("text", { class: "axis", x: left - 10, y: (y(tick) + 4).toFixed(1), "text-anchor": "end" }, tick === top ? `${tick} ms` : String(tick)),
      ]),
      s("path", { class: "ladder-line", d: line }),
      ...hops.flatMap((hop) => hop.probes.flatMap((probe) => (typeof probe.rtt_ms === "number" ? [s("circle", { class: "ladder-dot", cx: x(hop.ttl).toFixed(1), cy: y(probe.rtt_ms).toFixed(1), r: 2.4 })] : []))),
      ...hops.filter((hop) => hop.statistics.answered === 0).map((hop) => s("path", { class: "ladder-silent", d: `M${(x(hop.ttl) - 3.5).toFixed(1)} ${(y(0) - 3.5).toFixed(1)}l7 7m0-7l-7 7` })),
      ...hops.filter((hop, i) => i % every === 0 || hop === hops.at(-1)).map((hop) => s("text", { class: "axis", x: x(hop.ttl).toFixed(1), y: HEIGHT - 4, "text-anchor": "middle" }, String(hop.ttl))));
    this.mark(this.chosen, this.lit);
  }
}
