// What the server says of itself, asked again and again: often while something is wrong, seldom otherwise.
import { Problem, get } from "./api";
import type { Status } from "./types";

export type Condition =
  | { kind: "starting" }
  | { kind: "ok" }
  | { kind: "store"; state: Status["store"]["state"]; message: string | null }
  | { kind: "silent"; since: number }
  | { kind: "login" };

const OFTEN_MS = 5_000;
const SELDOM_MS = 10_000;

export class Watch {
  status: Status | null = null;
  condition: Condition = { kind: "starting" };
  /** How far the server's clock is ahead of this one, in milliseconds. */
  private ahead = 0;
  private timer = 0;
  private readonly listeners = new Set<() => void>();
  private readonly mended = new Set<() => void>();
  private readonly news = new Set<() => void>();
  /** What the store held when it was last asked. */
  private held: string | null = null;

  start(): void {
    void this.ask();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.ask();
    });
    addEventListener("online", () => void this.ask());
  }

  /** The server's time, in milliseconds since 1970. */
  now(): number {
    return Date.now() + this.ahead;
  }

  changed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back when what was wrong is right again. */
  recovered(listener: () => void): () => void {
    this.mended.add(listener);
    return () => this.mended.delete(listener);
  }

  /** Calls back when the store holds something else than before: more traces, or it is another database. */
  renewed(listener: () => void): () => void {
    this.news.add(listener);
    return () => this.news.delete(listener);
  }

  async ask(): Promise<void> {
    clearTimeout(this.timer);
    const before = this.condition.kind;
    try {
      const status = await get<Status>("status");
      this.status = status;
      const now = Date.parse(status.now);
      if (Number.isFinite(now)) this.ahead = now - Date.now();
      const { state, message } = status.store;
      this.condition = state === "ok" ? { kind: "ok" } : { kind: "store", state, message };
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.condition = { kind: "login" };
      else if (this.condition.kind !== "silent") this.condition = { kind: "silent", since: Date.now() };
    }
    for (const listener of this.listeners) listener();
    if (this.condition.kind === "ok" && before !== "ok" && before !== "starting") for (const listener of this.mended) listener();
    if (this.condition.kind === "ok") {
      const held = this.held;
      this.held = this.holds();
      if (before === "ok" && held !== this.held) for (const listener of this.news) listener();
    }
    const wait = this.condition.kind === "ok" ? SELDOM_MS : OFTEN_MS;
    this.timer = window.setTimeout(() => void this.ask(), document.hidden ? 4 * wait : wait);
  }

  private holds(): string {
    const store = this.status?.store;
    return `${store?.traces} ${store?.targets} ${store?.newest}`;
  }
}

export const watch = new Watch();
