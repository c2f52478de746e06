// Which view is open. Links inside the page change the address without loading it again.
import { type Address, changed, parse } from "./address";

export interface View {
  element: HTMLElement;
  title: string;
  /** Another query, the same path: the state of the view as the URL says it. */
  query?: (query: URLSearchParams) => void;
  destroy: () => void;
}

export type Open = (address: Address, router: Router, signal: AbortSignal) => View;

export class Router {
  private view: View | null = null;
  private shown: string | null = null;
  private ending = new AbortController();

  constructor(
    private readonly main: HTMLElement,
    private readonly open: Open,
    private readonly opened: (address: Address, title: string) => void,
  ) {
    addEventListener("popstate", () => this.show(false));
    document.addEventListener("click", (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (link === null || link.hasAttribute("download") || link.target !== "") return;
      const href = link.getAttribute("href") ?? "";
      if (!href.startsWith("/") || href.startsWith("//") || href.startsWith("/api/") || href.startsWith("/assets/")) return;
      event.preventDefault();
      this.go(href);
    });
  }

  /** Opens a path with its query, as a step that can be gone back. */
  go(href: string): void {
    history.pushState(null, "", href);
    this.show(true);
  }

  get query(): URLSearchParams {
    return new URLSearchParams(location.search);
  }

  /** Writes a view's state into the URL. What is only looked at replaces, what is chosen can be gone back. */
  set(changes: Record<string, string | null>, push = false): void {
    const query = changed(this.query, changes).toString();
    const href = `${location.pathname}${query === "" ? "" : `?${query}`}`;
    if (href === `${location.pathname}${location.search}`) return;
    if (push) history.pushState(null, "", href);
    else history.replaceState(null, "", href);
  }

  /** Opens the present view anew: everything may have changed behind it. */
  reopen(): void {
    this.shown = null;
    this.show(false);
  }

  show(focus: boolean): void {
    const address = parse(location.pathname, this.query);
    const name = JSON.stringify(address);
    if (this.view !== null && this.shown === name) {
      this.view.query?.(this.query);
      return;
    }
    this.view?.destroy();
    this.ending.abort();
    this.ending = new AbortController();
    this.shown = name;
    this.view = this.open(address, this, this.ending.signal);
    this.main.replaceChildren(this.view.element);
    this.retitle(this.view.title);
    this.opened(address, this.view.title);
    if (focus) {
      scrollTo(0, 0);
      this.main.focus({ preventScroll: true });
    }
  }

  retitle(title: string): void {
    document.title = title === "" ? "trace" : `${title} · trace`;
  }
}
