// What every check of the page needs: a list of tests, each with a page of its own, and a summary at the end.
import { readFileSync } from "node:fs";
import { SIZES, browser, page, settled } from "./browser.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** Findings of axe-core that are serious or critical, as lines. The page's policy forbids inline scripts; a debugger may. */
export async function axe(opened) {
  await opened.evaluate(AXE);
  const { violations } = await opened.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary?.split("\n")[1]?.trim() ?? ""})`).join("; ")}`);
}

/** Things that reach beyond the page's width. */
export async function wide(opened) {
  return opened.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return document.documentElement.scrollWidth > width + 1 ? [`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}`] : [];
  });
}

export class Checks {
  failed = [];
  number = 0;
  figures = {};

  constructor(base) {
    this.base = base;
  }

  async start() {
    this.chromium = await browser();
  }

  /** One check: `act` gets a page; what it throws, and what goes wrong in the page, fails it. */
  async check(name, options, act) {
    const started = Date.now();
    const { context, opened, troubles } = options.session ?? (await this.session(options));
    troubles.length = 0;
    try {
      await act(opened, context);
    } catch (error) {
      troubles.push(error.message.split("\n").slice(0, 6).join(" | "));
    }
    if (!options.session) await context.close();
    this.number++;
    const ok = troubles.length === 0;
    if (!ok) this.failed.push(`${name}: ${troubles.slice(0, 4).join("\n    ")}`);
    console.log(`${ok ? "ok" : "FAILED"} ${name} (${Date.now() - started} ms)${ok ? "" : `\n    ${troubles.slice(0, 4).join("\n    ")}`}`);
  }

  /** A window of a size and theme; several checks may share one, and what it has loaded. */
  async session(options) {
    const context = await this.chromium.newContext({ viewport: SIZES[options.size ?? "desktop"], colorScheme: options.theme ?? "light", reducedMotion: "reduce", hasTouch: options.size === "phone", serviceWorkers: "block" });
    // A busy machine is slow, not wrong.
    context.setDefaultTimeout(30_000);
    const troubles = [];
    return { context, opened: await page(context, troubles), troubles };
  }

  /** Checks of views, those of one size and theme in one window, some windows at once. */
  async views(views) {
    const windows = new Map();
    for (const view of views) {
      const name = `${view[1].size} ${view[1].theme}`;
      windows.set(name, [...(windows.get(name) ?? []), view]);
    }
    const waiting = [...windows.values()];
    await Promise.all([0, 1, 2].map(async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const session = await this.session(next[0][1]);
        for (const [name, , act] of next) await this.check(name, { session }, act);
        await session.context.close();
      }
    }));
  }

  async open(opened, path) {
    await opened.goto(this.base + path);
    await settled(opened);
  }

  async end() {
    await this.chromium.close();
    for (const [name, value] of Object.entries(this.figures)) console.log(`${name}: ${value}`);
    console.log(`${this.number - this.failed.length} of ${this.number} checks passed`);
    return this.failed.length;
  }
}

export function expect(condition, message) {
  if (!condition) throw new Error(message);
}

/** Waits until something is true in the page. */
export async function until(opened, what, condition, argument) {
  try {
    await opened.waitForFunction(condition, argument, { timeout: 30_000 });
  } catch {
    throw new Error(`never: ${what}`);
  }
}
