// Numbers and times as they are written on the page. A missing value is a dash, never a zero.

const THIN = "\u2009";

/** Milliseconds with three significant digits, without the unit: 0.41, 19.4, 197. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value < 10) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return group(Math.round(value));
}

/** A share of 1 as per cent: 0, 0.4, 12. */
export function share(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const percent = value * 100;
  if (percent === 0) return "0%";
  return percent < 1 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

/** A whole number with its thousands set apart. */
export function group(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, THIN);
}

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

/** A time in UTC: 2026-11-24 00:57:27. */
export function stamp(time: string | number | null | undefined, seconds = true): string {
  const date = instant(time);
  if (date === null) return "–";
  const day = `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
  return `${day} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}${seconds ? `:${pad(date.getUTCSeconds())}` : ""}`;
}

/** Milliseconds since 1970, of an RFC 3339 text too; null where it is neither. */
export function epoch(time: string | number | null | undefined): number | null {
  if (time === null || time === undefined) return null;
  const value = typeof time === "number" ? time : Date.parse(time);
  return Number.isFinite(value) ? value : null;
}

function instant(time: string | number | null | undefined): Date | null {
  const value = epoch(time);
  return value === null ? null : new Date(value);
}

/** How long, in its largest fitting unit: 43 s, 12 min, 5 h, 9 d. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 1) return "1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  if (seconds < 730 * 86400) return `${group(seconds / 86400)} d`;
  return `${Math.round(seconds / (365.25 * 86400))} y`;
}

/** How long ago. */
export function ago(time: string | number | null | undefined, now: number): string {
  const value = epoch(time);
  return value === null ? "–" : `${span(now - value)} ago`;
}

/** An id as lists print it: the last eight digits. */
export function short(id: string): string {
  return id.slice(-8);
}

/** Words of the API in running text: `not-reached` as "not reached". */
export function words(word: string | null | undefined): string {
  return word === null || word === undefined ? "–" : word.replaceAll("-", " ");
}

/** One or many of something. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${group(number)} ${number === 1 ? one : many}`;
}

/** What a target or trace is called: its name, else its address. */
export function called(target: { name: string | null; address: string | null } | null): string | null {
  return target === null ? null : target.name ?? target.address;
}
