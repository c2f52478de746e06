// Rows that are walked with arrow keys: one stop for Tab, then up, down, Home and End.

/** Makes the controls marked `data-row` inside an element one stop of the keyboard. */
export function walkable(element: HTMLElement, come?: (row: HTMLElement | null) => void): void {
  const controls = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>("[data-row]")];
  const settle = (chosen: HTMLElement | undefined): void => {
    for (const control of controls()) control.tabIndex = control === chosen ? 0 : -1;
  };
  const refresh = (): void => {
    const all = controls();
    if (!all.some((control) => control.tabIndex === 0) || all.filter((control) => control.tabIndex === 0).length > 1) settle(all[0]);
  };
  new MutationObserver(refresh).observe(element, { childList: true, subtree: true });
  refresh();
  element.addEventListener("focusin", (event) => {
    const control = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-row]") : null;
    if (control !== null) settle(control);
    come?.(control?.closest("tr") ?? control);
  });
  element.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) come?.(null);
  });
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-row]") : null;
    if (target === null) return;
    const all = controls();
    const at = all.indexOf(target);
    const to = event.key === "ArrowDown" || event.key === "j" ? at + 1
      : event.key === "ArrowUp" || event.key === "k" ? at - 1
      : event.key === "Home" ? 0
      : event.key === "End" ? all.length - 1
      : event.key === "PageDown" ? Math.min(all.length - 1, at + 10)
      : event.key === "PageUp" ? Math.max(0, at - 10) : null;
    if (to === null) return;
    const next = all[to];
    event.preventDefault();
    event.stopPropagation();
    if (next === undefined) return;
    settle(next);
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
}
