// What stands around every view: the bar at the top, what is wrong with the store, the help for keys.
import type { Address } from "./address";
import { links } from "./address";
import { Problem, login } from "./api";
import { type Child, fill, h, icon, s } from "./element";
import { count, stamp } from "./format";
import { command } from "./panel";
import { compareBar } from "./part/compare";
import type { Condition, Watch } from "./status";
import type { StoreState } from "./types";

const KEYS: [string, string][] = [
  ["/", "search targets"], ["?", "this help"], ["o", "overview"], ["l", "live"], ["m", "to the map"], ["t", "to the first table"],
  ["↑ ↓ Home End", "walk through rows"], ["Enter", "open a row"], ["← →", "on a hop of the heat map: through time"],
  ["arrows, + −, 0", "on the map: pan, zoom, show everything"], ["n p", "on the map: from place to place"], ["Esc", "close, or give up a comparison"],
];

/** What is wrong, and what mends it. */
const TROUBLES: Record<Exclude<StoreState, "ok">, [string, string, string | null]> = {
  missing: ["There is no database yet", "The first trace makes it; this page notices by itself.", "trace-cli trace HOST"],
  damaged: ["The database is damaged", "Nothing is written to it from here. This shows what can be saved:", "trace-cli db check"],
  newer: ["The database was written by a newer trace-cli", "Restart the server with the newer program.", null],
  older: ["The database is of an older form", "Any verb that writes brings it up to date:", "trace-cli db init"],
  locked: ["Another program holds the database", "Asking again until it lets go.", null],
  unreadable: ["The database cannot be read", "Look at its path and permissions:", "trace-cli db path"],
};

function logo(): SVGSVGElement {
  return s("svg", { viewBox: "0 0 32 32", class: "logo", "aria-hidden": "true" },
    s("path", { d: "M6 22.500C11 9 19 9 26 14", class: "logo-way" }), s("circle", { cx: 6.5, cy: 22.5, r: 3.2, class: "logo-dot" }), s("circle", { cx: 15, cy: 11.8, r: 2.6, class: "logo-dot" }),
    s("circle", { cx: 25.5, cy: 14, r: 4.8, class: "logo-ring" }), s("circle", { cx: 25.5, cy: 14, r: 1.7, class: "logo-dot" }));
}

export interface Shell {
  main: HTMLElement;
  opened: (address: Address, title: string) => void;
}

export function shell(watch: Watch, go: (href: string) => void): Shell {
  const main = h("main", { id: "main", tabindex: "-1" });
  const nav = h("nav", { "aria-label": "Views" }, h("a", { href: links.overview(), "data-view": "overview" }, "Overview"), h("a", { href: links.live(), "data-view": "live" }, "Live"), h("a", { href: "/diff", "data-view": "diff" }, "Compare"));
  const lamp = h("div", { class: "lamp", role: "status" });
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" });
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("close"));
  dialog.append(h("div", { class: "help-head" }, h("h2", { id: "help-title" }, "Keys"), close), h("dl", {}, ...KEYS.flatMap(([key, what]) => [h("dt", {}, ...key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, what)])));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const announce = h("div", { class: "unseen", "aria-live": "polite" });
  const open = (): void => dialog.showModal();
  document.body.prepend(
    h("a", { class: "skip", href: "#main", on: { click: (event: Event) => {
      event.preventDefault();
      main.focus();
    } } }, "Skip to the content"),
    h("header", { class: "bar" },
      h("a", { href: links.overview(), class: "brand", "aria-label": "trace: overview" }, logo(), h("span", {}, "trace")), nav,
      h("div", { class: "bar-end" }, lamp, h("button", { type: "button", class: "icon-button keys-button", title: "Keys (?)", "aria-label": "Keys", on: { click: open } }, icon("keys")))),
    banner, main, compareBar(), dialog, announce);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest("input, select, textarea")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const focus = (selector: string): void => main.querySelector<HTMLElement>(selector)?.focus();
    switch (event.key) {
      case "/":
        if (!document.getElementById("search")) go(links.overview());
        document.getElementById("search")?.focus();
        break;
      case "?": open(); break;
      case "o": go(links.overview()); break;
      case "l": go(links.live()); break;
      case "m": focus(".map canvas"); break;
      case "t": focus("table [data-row][tabindex='0'], table [data-row]"); break;
      default: return;
    }
    event.preventDefault();
  });

  const draw = (): void => {
    const { status, condition } = watch;
    lamp.className = `lamp lamp-${condition.kind}`;
    fill(lamp, h("span", { class: "lamp-light" }), h("span", { class: "lamp-text" }, lampWords(condition, watch)));
    document.body.classList.toggle("csv", status?.source === "csv");
    const said = bannerOf(condition, watch);
    banner.hidden = said === null;
    // A field that somebody types into is not made anew.
    if (said !== null && banner.dataset.said !== said.key) {
      banner.dataset.said = said.key;
      banner.className = `banner banner-${condition.kind}${condition.kind === "store" ? ` banner-${condition.state}` : ""}`;
      fill(banner, ...said.children);
    }
    if (said === null) delete banner.dataset.said;
  };
  watch.changed(draw);
  draw();
  return {
    main,
    opened: (address, title) => {
      announce.textContent = title;
      for (const link of nav.querySelectorAll("a")) {
        if (link.dataset.view === address.view || (link.dataset.view === "overview" && (address.view === "target" || address.view === "trace"))) link.setAttribute("aria-current", address.view === link.dataset.view ? "page" : "true");
        else link.removeAttribute("aria-current");
      }
    },
  };
}

function lampWords(condition: Condition, watch: Watch): string {
  switch (condition.kind) {
    case "starting": return "connecting";
    case "silent": return "no answer";
    case "login": return "token needed";
    case "store": return condition.state;
    case "ok": {
      const { status } = watch;
      if (status === null) return "";
      const traces = status.store.traces;
      return `${status.source === "csv" ? "CSV, " : ""}${traces === null ? "" : count(traces, "trace")}`;
    }
  }
}

function bannerOf(condition: Condition, watch: Watch): { key: string; children: Child[] } | null {
  switch (condition.kind) {
    case "starting": case "ok": return null;
    case "silent":
      return { key: `silent ${condition.since}`, children: [icon("warn"), h("p", {}, h("strong", {}, "trace-cli does not answer."), ` What is shown is as of ${stamp(condition.since)} UTC; asking again every few seconds.`)] };
    case "login": return { key: "login", children: [loginForm(watch)] };
    case "store": {
      if (condition.state === "ok") return null;
      const [title, more, type] = TROUBLES[condition.state] ?? ["The database cannot be used", "", null];
      return {
        key: `${condition.state} ${condition.message ?? ""}`,
        children: [icon("warn"), h("div", {}, h("p", {}, h("strong", {}, `${title}.`), " ", more, " ", type === null ? null : command(type)), condition.message === null ? null : h("p", { class: "banner-detail" }, condition.message))],
      };
    }
  }
}

function loginForm(watch: Watch): HTMLElement {
  const field = h("input", { type: "password", id: "token", autocomplete: "current-password", required: true });
  const say = h("span", { role: "status", class: "alarm" });
  return h("form", { class: "login", on: { submit: (event: Event) => {
    event.preventDefault();
    login(field.value.trim()).then(() => watch.ask(), (error: unknown) => {
      say.textContent = error instanceof Problem && error.status === 401 ? "That is not the token." : "The server did not take it; try again.";
    });
  } } }, h("label", { for: "token" }, "This server asks for its token"), field, h("button", { type: "submit", class: "primary" }, "Open"), say);
}
