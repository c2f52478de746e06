// A part of a view that shows what one request brings, and says so while it waits, where it failed, and when what it shows is old.
import { Problem } from "./api";
import { type Child, fill, h, icon } from "./element";
import { stamp } from "./format";
import { watch } from "./status";

/** When it is asked again what the server still works on. */
const SOON_MS = 2000;

let number = 0;

export class Panel {
  readonly element: HTMLElement;
  readonly head: HTMLElement;
  readonly body: HTMLElement;
  private readonly notice: HTMLElement;
  private readonly tools: HTMLElement;
  private readonly loading = h("span", { class: "loading", hidden: true }, "Loading…");

  constructor(title: string, name: string, ...tools: Child[]) {
    const id = `panel-${++number}`;
    this.notice = h("div", { class: "notice", role: "status" });
    this.tools = h("div", { class: "tools" }, ...tools);
    this.head = h("div", { class: "panel-head" }, h("h2", { id }, title), this.loading, this.tools);
    this.body = h("div", { class: "panel-body" });
    this.element = h("section", { class: `panel ${name}`, "aria-labelledby": id }, this.head, this.notice, this.body);
  }

  /** What stands at the right of the title. */
  tool(...tools: Child[]): void {
    fill(this.tools, ...tools);
  }

  say(...what: Child[]): void {
    fill(this.notice, ...what);
  }

  busy(waiting: boolean): void {
    this.element.setAttribute("aria-busy", String(waiting));
    this.element.classList.toggle("waiting", waiting);
    this.loading.hidden = !waiting;
  }
}

/** A kind word where there is nothing to show. */
export function empty(title: string, ...more: Child[]): HTMLElement {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), ...more);
}

/** What the server still works out. */
export function pending(): HTMLElement {
  return h("span", { class: "none", title: "Being worked out" }, h("span", { "aria-hidden": "true" }, "…"), h("span", { class: "unseen" }, "being worked out"));
}

/** A command to type. */
export function command(text: string): HTMLElement {
  return h("code", { class: "command" }, text);
}

export interface FeedOptions<T> {
  load: (signal: AbortSignal) => Promise<T>;
  show: (value: T) => void;
  /** How often it is asked again, in milliseconds; never where it does not change. */
  every?: number;
  /** Whether the server still works on a part of it: it is asked again soon. */
  unfinished?: (value: T) => boolean;
  /** The panel that says how it goes. */
  panel?: Panel;
  failed?: (problem: Problem) => void;
}

/** What is asked for now, and again from time to time, and as soon as the server is well again. */
export class Feed<T> {
  private request: AbortController | null = null;
  private timer = 0;
  private last: number | null = null;
  /** Whether the last answer was none: what the store holds anew may be it. */
  private missed = false;
  private text = "";
  private readonly unwatch: (() => void)[];

  constructor(private readonly options: FeedOptions<T>, signal: AbortSignal) {
    this.unwatch = [watch.recovered(() => void this.ask()), watch.renewed(() => {
      if (options.every !== undefined || this.missed) void this.ask();
    })];
    signal.addEventListener("abort", () => this.end());
    void this.ask();
  }

  private end(): void {
    this.request?.abort();
    clearTimeout(this.timer);
    for (const end of this.unwatch) end();
  }

  /** Asks again, for something else perhaps: what was shown is no longer what is wanted. */
  again(): void {
    this.text = "";
    void this.ask();
  }

  async ask(): Promise<void> {
    this.request?.abort();
    clearTimeout(this.timer);
    const request = new AbortController();
    this.request = request;
    const { panel, every } = this.options;
    if (this.text === "") panel?.busy(true);
    let wait = every;
    try {
      const value = await this.options.load(request.signal);
      if (request.signal.aborted) return;
      this.last = Date.now();
      this.missed = false;
      panel?.say();
      if (this.options.unfinished?.(value)) wait = SOON_MS;
      // What did not change is not drawn again: a selection or a scroll stays where it is.
      const text = JSON.stringify(value);
      if (text !== this.text) {
        this.text = text;
        this.options.show(value);
      }
    } catch (error) {
      if (request.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.missed = true;
      this.trouble(error);
      wait = error.status === 404 || error.status === 400 ? undefined : Math.min(every ?? 10_000, 10_000);
    } finally {
      if (!request.signal.aborted) panel?.busy(false);
    }
    if (wait !== undefined) this.timer = window.setTimeout(() => void this.ask(), document.hidden ? 4 * wait : wait);
  }

  private trouble(problem: Problem): void {
    this.options.failed?.(problem);
    if (problem.status === 0 || problem.status === 401 || problem.status === 503) void watch.ask();
    // What is wrong with all of it stands once, at the top of the page.
    if (problem.status === 0 || problem.status === 401 || watch.condition.kind === "store") {
      this.options.panel?.say(h("p", { class: "muted" }, `${this.last === null ? "W" : `As of ${stamp(this.last)} UTC; w`}aiting for the ${watch.condition.kind === "store" ? "database" : "server"}`));
      return;
    }
    const again = h("button", { type: "button", class: "quiet", on: { click: () => void this.ask() } }, "Try again");
    const old = this.last !== null ? `Shown as of ${stamp(this.last)} UTC. ` : "";
    this.options.panel?.say(h("p", { class: "trouble" }, icon("warn"), h("span", {}, `${old}${problem.title}${problem.detail ? `: ${problem.detail}` : ""}`), again));
  }
}
