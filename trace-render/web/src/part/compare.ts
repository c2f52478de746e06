// Two traces side by side in two clicks: one is marked, the next opens the comparison.
import { links } from "../address";
import { fill, h, icon } from "../element";
import { short } from "../format";
import type { Router } from "../router";

let first: { id: string; label: string } | null = null;
const listeners = new Set<() => void>();

const KEY = "Escape";

/** The bar that says which trace is marked; one for the whole page. */
export function compareBar(): HTMLElement {
  const bar = h("div", { class: "compare-bar", role: "status", hidden: true });
  const draw = (): void => {
    bar.hidden = first === null;
    if (first !== null) {
      fill(bar, icon("swap"), h("span", {}, "Comparing ", h("strong", {}, first.label), ": choose another trace"),
        h("button", { type: "button", class: "quiet", on: { click: () => mark(null) } }, "Cancel"));
    }
  };
  listeners.add(draw);
  document.addEventListener("keydown", (event) => {
    if (event.key === KEY && first !== null) mark(null);
  });
  draw();
  return bar;
}

function mark(trace: { id: string; label: string } | null): void {
  first = trace;
  for (const listener of listeners) listener();
}

/** A button that marks a trace, or compares it with the one that is marked already. */
export function compareButton(router: Router, id: string, label: string, signal: AbortSignal): HTMLElement {
  const button = h("button", { type: "button", class: "compare" });
  const draw = (): void => {
    const own = first?.id === id;
    button.setAttribute("aria-pressed", String(own));
    button.textContent = first === null ? "Compare" : own ? "Marked" : "With this";
    button.setAttribute("aria-label", first === null ? `Compare ${label} with another trace` : own ? `${label} is marked for comparison; unmark` : `Compare ${first.label} with ${label}`);
  };
  button.addEventListener("click", () => {
    if (first === null) mark({ id, label });
    else if (first.id === id) mark(null);
    else {
      const a = first.id;
      mark(null);
      router.go(links.diff(a, id));
    }
  });
  listeners.add(draw);
  signal.addEventListener("abort", () => listeners.delete(draw));
  draw();
  return button;
}

export const traceLabel = (id: string, started: string): string => `${short(id)} of ${started}`;
