// Scales: what length, time and colour stand for a value.

/** Round values from 0 to at least `most`, about `wanted` of them. */
export function valueTicks(most: number, wanted = 4): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0, 1];
  const raw = most / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = 0; ; i++) {
    const value = Number((i * step).toPrecision(12));
    ticks.push(value);
    if (value >= most) return ticks;
  }
}

export interface TimeTick {
  at: number;
  label: string;
  /** Whether a day, month or year begins here. */
  strong: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Round times between two, in UTC, at most `most` of them. */
export function timeTicks(since: number, until: number, most: number): TimeTick[] {
  const span = until - since;
  if (!(span > 0) || most < 1) return [];
  const step = STEPS.find((candidate) => span / candidate <= most);
  if (step !== undefined) {
    const ticks: TimeTick[] = [];
    // Weeks begin on Mondays; 1970 began on a Thursday.
    const offset = step % (7 * DAY) === 0 ? 4 * DAY : 0;
    for (let at = Math.ceil((since - offset) / step) * step + offset; at <= until; at += step) ticks.push({ at, ...label(at, step) });
    return ticks;
  }
  const months = [1, 2, 3, 6, 12, 24, 60, 120, 240].find((candidate) => span / (candidate * 30.4 * DAY) <= most) ?? 600;
  const first = new Date(since);
  const ticks: TimeTick[] = [];
  let index = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
  for (let guard = 0; guard < 500; guard++, index += months) {
    const at = Date.UTC(Math.floor(index / 12), index % 12, 1);
    if (at > until) break;
    if (at < since) continue;
    const month = MONTHS[index % 12] ?? "";
    ticks.push({ at, label: index % 12 === 0 ? String(Math.floor(index / 12)) : month, strong: index % 12 === 0 });
  }
  return ticks;
}

function label(at: number, step: number): { label: string; strong: boolean } {
  const date = new Date(at);
  const midnight = at % DAY === 0;
  if (step >= DAY || midnight) {
    const strong = step < DAY ? midnight : date.getUTCDate() <= step / DAY;
    return { label: `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""}`, strong };
  }
  const two = (value: number): string => String(value).padStart(2, "0");
  return { label: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`, strong: false };
}

type Rgb = [number, number, number];
const hex = (text: string): Rgb => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as Rgb;

// Lightness goes one way only, so that the order is seen by any eye and in print.
const RAMPS = {
  rtt: { light: ["#e3eef0", "#b4d3dc", "#7fb2c9", "#4a8bb0", "#2a628f", "#173f66", "#0c2340"], dark: ["#17303f", "#1d4a60", "#266a82", "#3f90a1", "#72b5b5", "#b5d8c3", "#f4f1cf"] },
  loss: { light: ["#f3eee2", "#f6cfa6", "#ee9c66", "#d9632f", "#b23a10", "#7c2208", "#4a1405"], dark: ["#2a2622", "#5b3320", "#8f451f", "#c75f26", "#f08a4b", "#fbb98a", "#fff0e0"] },
} as const;

/** The colour of a share, 0 to 1, of a ramp. */
export function ramp(which: keyof typeof RAMPS, share: number, dark: boolean): string {
  const stops = RAMPS[which][dark ? "dark" : "light"];
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [hex(stops[low] ?? "#000000"), hex(stops[low + 1] ?? "#000000")];
  const mix = a.map((part, i) => Math.round(part + ((b[i] ?? 0) - part) * (at - low)));
  return `rgb(${mix.join(",")})`;
}

/** Where a value lies between two on a logarithmic scale, 0 to 1. */
export function logShare(value: number, low: number, high: number): number {
  if (!(value > 0) || !(low > 0) || !(high > low)) return 0;
  return Math.max(0, Math.min(1, Math.log(value / low) / Math.log(high / low)));
}
