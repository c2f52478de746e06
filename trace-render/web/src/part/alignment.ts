// Two paths side by side: what is the same, what came, what went.
import type { Diff, DiffHop, DiffRow } from "../types";

export type Level = "hop" | "as" | "city" | "country";
export const LEVELS: readonly Level[] = ["hop", "as", "city", "country"];

export interface Pair {
  change: string;
  a: string | null;
  b: string | null;
}

function word(hop: DiffHop | null, level: Exclude<Level, "hop">): string | null {
  if (hop === null) return null;
  if (level === "as") return hop.asn === null ? null : `AS${hop.asn}`;
  return level === "city" ? hop.city : hop.country;
}

/** The longest common subsequence of two lists, as pairs; what stands between is paired as far as it goes. */
export function align(a: string[], b: string[]): Pair[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const cell = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row) row[j] = a[i] === b[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const pairs: Pair[] = [];
  let i = 0, j = 0;
  let left: string[] = [], right: string[] = [];
  const flush = (): void => {
    for (let n = 0; n < Math.max(left.length, right.length); n++) {
      const [x, y] = [left[n] ?? null, right[n] ?? null];
      pairs.push({ change: x === null ? "added" : y === null ? "removed" : "replaced", a: x, b: y });
    }
    left = [];
    right = [];
  };
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    if (x !== undefined && x === y) {
      flush();
      pairs.push({ change: "same", a: x, b: x });
      i++;
      j++;
    } else if (y === undefined || (x !== undefined && cell(i + 1, j) >= cell(i, j + 1))) {
      left.push(x ?? "");
      i++;
    } else {
      right.push(y);
      j++;
    }
  }
  flush();
  return pairs;
}

/** Two paths at a coarser level than hops: as the server aligned them, else aligned here. Repeats count once. */
export function atLevel(diff: Diff, level: Exclude<Level, "hop">): Pair[] {
  const given = diff.alignments?.[level];
  const text = (value: string | number | null): string | null => (value === null ? null : level === "as" && !String(value).startsWith("AS") ? `AS${value}` : String(value));
  if (given) return given.map(({ change, a, b }) => ({ change, a: text(a), b: text(b) }));
  const side = (pick: (row: DiffRow) => DiffHop | null): string[] => {
    const found: string[] = [];
    for (const row of diff.rows) {
      const value = word(pick(row), level);
      if (value !== null && found.at(-1) !== value) found.push(value);
    }
    return found;
  };
  return align(side((row) => row.a), side((row) => row.b));
}
