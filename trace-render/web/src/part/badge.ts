// Small signs with words: how a target does, how far a place is believed, what changed.
import { h, s } from "../element";
import type { Trust } from "../types";
import { words } from "../format";

const SHAPES: Record<string, string> = {
  good: "M3 8.500l3.200 3.200L13 5",
  bad: "M4 4l8 8M12 4l-8 8",
  late: "M8 4v4.200l3 1.800M8 1.800a6.200 6.200 0 1 0 0 12.400a6.200 6.200 0 1 0 0-12.400",
  mild: "M3.500 8h9",
};

function sign(kind: "good" | "bad" | "late" | "mild", text: string): HTMLElement {
  return h("span", { class: `sign sign-${kind}` }, s("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, s("path", { d: SHAPES[kind] ?? "" })), h("span", { class: "sign-text" }, text));
}

/** How a target does. */
export function statusSign(status: string): HTMLElement {
  return sign(status === "reached" ? "good" : status === "stale" ? "late" : "bad", words(status));
}

/** How a trace ended. */
export function outcomeSign(outcome: string | null): HTMLElement {
  if (outcome === null) return sign("mild", "not known");
  return sign(outcome === "reached" ? "good" : outcome === "interrupted" ? "late" : "bad", words(outcome));
}

/** That no trace came about. */
export function failedSign(): HTMLElement {
  return sign("bad", "failed");
}

/** How far a place is believed. */
export function verdictSign(verdict: string | null): HTMLElement {
  const kind = verdict === "plausible" ? "good" : verdict === "suspect" ? "late" : verdict === "impossible" ? "bad" : "mild";
  return sign(kind, verdict === null ? "not judged" : words(verdict));
}

export function trustWords(trust: Trust): string | null {
  switch (trust) {
    case "sound": return null;
    case "suspect": return "suspect: light in fibre could not have made it in the time measured";
    case "anycast": return "anycast: this address answers from several places";
    case "impossible": return "impossible: not even light could have made it";
  }
}
