// A line as high as a row: how RTT went over the last traces.
import { h, s } from "../element";
import { ms } from "../format";

export interface Point {
  x: number;
  y: number | null;
}

/** Paths through the points of a picture of 100 by 24: the lines between measured ones, and ticks where one is missing. */
export function sparkPaths(points: readonly (readonly [number, number | null])[], width = 100, height = 24): { line: string; missing: string; last: Point | null } {
  const known = points.flatMap(([, y]) => (y === null ? [] : [y]));
  const first = points[0]?.[0] ?? 0;
  const range = (points.at(-1)?.[0] ?? 0) - first || 1;
  const least = Math.min(...known);
  const most = Math.max(...known);
  // A tenth of the level fills the height at least: noise should look like noise.
  const spread = Math.max(most - least, least * 0.1, 0.05);
  const low = (least + most - spread) / 2;
  const x = (time: number): number => Math.round((1 + ((time - first) / range) * (width - 4)) * 10) / 10;
  const y = (value: number): number => Math.round((height - 3 - ((value - low) / spread) * (height - 6)) * 10) / 10;
  let line = "";
  let missing = "";
  let open = false;
  let last: Point | null = null;
  for (const [time, value] of points) {
    if (value === null) {
      missing += `M${x(time)} ${height - 4}v4`;
      open = false;
      continue;
    }
    line += `${open ? "L" : "M"}${x(time)} ${y(value)}`;
    open = true;
    last = { x: x(time), y: y(value) };
  }
  return { line, missing, last };
}

export function sparkline(points: [number, number | null][]): Element {
  const known = points.flatMap(([, y]) => (y === null ? [] : [y]));
  if (known.length === 0) return h("span", { class: "absent" }, "–");
  const { line, missing, last } = sparkPaths(points);
  const lost = points.length - known.length;
  const words = `RTT of the last ${points.length} traces: ${ms(Math.min(...known))} to ${ms(Math.max(...known))} ms${lost ? `, ${lost} without an answer` : ""}`;
  return s("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", role: "img", "aria-label": words },
    s("path", { class: "spark-missing", d: missing, "vector-effect": "non-scaling-stroke" }),
    s("path", { class: "spark-line", d: line, "vector-effect": "non-scaling-stroke" }),
    last && last.y !== null && s("circle", { class: "spark-end", cx: last.x, cy: last.y, r: 1.8 }));
}
