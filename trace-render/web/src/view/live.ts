// Live: a trace that is under way. Hops appear as they are heard, and the map draws itself.
import { links } from "../address";
import { Problem, get, path, post } from "../api";
import { fill, foreign, h, icon } from "../element";
import { called, count, stamp } from "../format";
import { describe } from "../map/describe";
import { WorldMap, type Hit } from "../map/map";
import { type Middles, farLand } from "../map/land";
import { sceneOf } from "../map/live";
import { Feed, Panel, command, empty } from "../panel";
import { failedSign, outcomeSign } from "../part/badge";
import { HopTable } from "../part/hops";
import { Ladder } from "../part/ladder";
import { walkable } from "../part/rows";
import type { Router, View } from "../router";
import { watch } from "../status";
import type { Hop, List, LiveItem, Place } from "../types";

const PROTOCOLS = ["auto", "icmp", "udp", "tcp", "all"] as const;

export function live(id: string | null, router: Router, signal: AbortSignal): View {
  return id === null ? start(router, signal) : follow(id, signal);
}

function start(router: Router, signal: AbortSignal): View {
  const host = h("input", { name: "host", id: "host", required: true, maxlength: "253", autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "example.com or 192.0.2.1", value: router.query.get("host") ?? "" });
  const protocol = h("select", { name: "protocol", id: "protocol" }, ...PROTOCOLS.map((name) => h("option", { value: name }, name)));
  const queries = h("input", { name: "queries", id: "queries", type: "number", min: "1", max: "10", value: "3" });
  const say = h("div", { class: "notice", role: "status" });
  const go = h("button", { type: "submit", class: "primary" }, "Trace", icon("arrow"));
  const form = h("form", { class: "live-form", on: { submit: (event: Event) => {
    event.preventDefault();
    void send();
  } } },
    h("div", { class: "field wide" }, h("label", { for: "host" }, "Host or address"), host),
    h("div", { class: "field" }, h("label", { for: "protocol" }, "Protocol"), protocol),
    h("div", { class: "field" }, h("label", { for: "queries" }, "Probes a hop"), queries), go);
  const startPanel = new Panel("New trace", "panel-start");
  const listPanel = new Panel("Under way and just done", "panel-list");

  async function send(): Promise<void> {
    if (host.value.trim() === "") return;
    go.disabled = true;
    fill(say);
    try {
      const answer = await post<{ id: string }>("live", watch.status?.csrf ?? null, { host: host.value.trim(), protocol: protocol.value, queries: Number(queries.value) || 3 });
      if (answer) router.go(links.live(answer.id));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 403) void watch.ask();
      fill(say, h("p", { class: "trouble" }, icon("warn"), h("span", {}, error.detail ?? error.title)));
    } finally {
      go.disabled = false;
    }
  }

  const draw = (): void => {
    const { status } = watch;
    if (status === null) return;
    const allowed = status.allow_trace;
    // A form that somebody types into is not made anew.
    if (startPanel.element.dataset.allowed === String(allowed)) return;
    startPanel.element.dataset.allowed = String(allowed);
    if (allowed) fill(startPanel.body, form, say);
    else {
      fill(startPanel.body, empty("Starting a trace from here is switched off",
        h("p", {}, "Whoever sees this page could send packets from this machine, so it has to be allowed where the server is started:"), command("trace-cli serve --allow-trace"),
        h("p", {}, "In a terminal a trace needs no leave:"), command("trace-cli trace HOST")));
    }
  };
  const end = watch.changed(draw);
  draw();
  new Feed<List<LiveItem>>({
    load: (abort) => get("live", {}, abort),
    show: ({ items }) => {
      const list = h("ol", { class: "live-list" }, ...items.map(liveItem));
      walkable(list);
      fill(listPanel.body, items.length === 0 ? empty("Nothing is under way") : list);
    },
    every: 4000, panel: listPanel,
  }, signal);
  return { element: h("div", { class: "view live-start" }, h("header", { class: "view-head" }, h("h1", {}, "Live")), startPanel.element, listPanel.element), title: "Live", destroy: end };
}

function liveItem(item: LiveItem): HTMLElement {
  const state = item.state === "running" ? "under way" : item.outcome === null ? failedSign() : outcomeSign(item.outcome);
  return h("li", {}, h("a", { href: links.live(item.id), "data-row": true }, foreign(item.host, "a trace"), h("span", { class: "second" }, `${stamp(item.started)} UTC`), h("span", { class: "live-state" }, state)));
}

function follow(id: string, signal: AbortSignal): View {
  const heading = h("h1", {}, "Live");
  const facts = h("div", { class: "facts-row" });
  const acts = h("div", { class: "acts" });
  const state = h("span", { class: "live-lamp", role: "status" }, "waiting for the first answer");
  const ttlsOf = (hit: Hit | null): Set<number> => {
    if (hit === null) return new Set();
    const { marks } = map.shown();
    const found = hit.mark ? [hit.mark] : [marks[hit.leg.from], marks[hit.leg.to]];
    return new Set(found.flatMap((mark) => mark?.stops.flatMap((stop) => stop.hops.map((hop) => hop.ttl)) ?? []));
  };
  const map: WorldMap = new WorldMap({
    label: "Map of the trace under way", describe, hovered: (hit) => light(ttlsOf(hit)),
    picked: (hit) => {
      const [ttl] = ttlsOf(hit);
      choose(ttl ?? null);
      table.mark(chosen, new Set(), true);
    },
  });
  const mapPanel = new Panel("Map", "panel-map");
  mapPanel.body.append(map.element);
  const hopsPanel = new Panel("Hops", "panel-hops", state);
  const table = new HopTable();
  const nothing = h("div", {}, empty("Listening", h("p", {}, "Hops appear here as they are heard.")));
  hopsPanel.body.append(table.element, nothing);
  const chartPanel = new Panel("RTT by hop", "panel-ladder");
  const hops = new Map<number, Hop>();
  const places: Record<string, Place> = {};
  let target: { name: string | null; address: string | null } | null = null;
  let chosen: number | null = null;
  const light = (lit: ReadonlySet<number>): void => {
    table.mark(chosen, lit);
    ladder.mark(chosen, lit);
    const marks = map.shown().marks.filter((mark) => mark.stops.some((stop) => stop.hops.some((hop) => lit.has(hop.ttl) || hop.ttl === chosen)));
    map.emphasize(marks.length === 0 ? null : { marks: new Set(marks.map(({ index }) => index)), routes: null });
  };
  const pointed = (ttl: number | null): void => light(ttl === null ? new Set() : new Set([ttl]));
  const choose = (ttl: number | null): void => {
    chosen = ttl;
    pointed(null);
  };
  const ladder = new Ladder({ hovered: pointed, chosen: choose }, signal);
  chartPanel.body.append(ladder.element);
  const open = new Set<number>();
  const options = { places, open, chosen: choose, hovered: pointed, opened: (ttl: number, now: boolean) => {
    if (now) open.add(ttl);
    else open.delete(ttl);
    const hop = hops.get(ttl);
    if (hop) table.row(hop, options);
  } };
  const cancel = h("button", { type: "button", class: "quiet", on: { click: () => void stop() } }, "Stop");
  fill(acts, cancel);
  async function stop(): Promise<void> {
    cancel.disabled = true;
    try {
      await post(`live/${encodeURIComponent(id)}/cancel`, watch.status?.csrf ?? null, {});
    } catch (error) {
      cancel.disabled = false;
      if (error instanceof Problem) hopsPanel.say(h("p", { class: "trouble" }, error.detail ?? error.title));
    }
  }

  let asked = 0;
  const drawSoon = (): void => {
    if (asked !== 0) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      const list = [...hops.values()].sort((a, b) => a.ttl - b.ttl);
      nothing.hidden = list.length > 0;
      ladder.set(list);
      map.show(sceneOf(list, places, target, middles));
      if (chosen !== null) pointed(null);
      const answered = list.filter((hop) => hop.statistics.answered > 0).length;
      if (!done) state.textContent = `listening: ${count(answered, "hop")} heard`;
    });
  };
  let done = false;
  let middles: Middles = new Map();
  farLand().then((land) => {
    middles = land.middles;
    drawSoon();
  }, () => undefined);

  // The browser comes back by itself, and tells the server what it heard last.
  const source = new EventSource(path(`live/${encodeURIComponent(id)}/events`));
  const on = <T>(name: string, act: (data: T) => void): void => source.addEventListener(name, (event) => {
    let data: T;
    try {
      data = JSON.parse((event as MessageEvent<string>).data) as T;
    } catch {
      return;
    }
    hopsPanel.say();
    act(data);
  });
  on<{ target: { name: string | null; address: string | null } | null; protocol: string | null; mode: string | null }>("begin", (begin) => {
    target = begin.target;
    fill(heading, foreign(called(target), "A trace"));
    document.title = `${called(target) ?? "Live"} · trace`;
    const fact = (title: string, value: string | null | undefined): HTMLElement => h("div", { class: "fact" }, h("span", { class: "fact-name" }, title), h("span", { class: "fact-value" }, foreign(value)));
    fill(facts, target?.name ? fact("Address", target.address) : null, fact("Protocol", begin.protocol), fact("Mode", begin.mode));
  });
  on<Hop>("hop", (hop) => {
    hops.set(hop.ttl, hop);
    table.row(hop, options);
    drawSoon();
  });
  on<{ address: string; place: Place }>("place", ({ address, place }) => {
    places[address] = place;
    for (const hop of hops.values()) if (hop.probes.some((probe) => probe.from === address)) table.row(hop, options);
    drawSoon();
  });
  on<{ trace: string | null; outcome: string | null }>("end", (end) => {
    done = true;
    source.close();
    fill(state, "done");
    state.classList.add("done");
    fill(acts, outcomeSign(end.outcome), end.trace !== null && h("a", { class: "button primary", href: links.trace(end.trace) }, "Open the trace", icon("arrow")));
  });
  on<{ detail: string }>("trouble", ({ detail }) => hopsPanel.say(h("p", { class: "trouble" }, icon("warn"), foreign(detail))));
  source.addEventListener("error", () => {
    if (done) return;
    if (source.readyState === EventSource.CLOSED) {
      fill(state, "ended");
      nothing.hidden = true;
      hopsPanel.say(h("p", { class: "trouble" }, icon("warn"), h("span", {}, "This trace is no longer known here. Where it was kept, the overview has it."), h("a", { href: links.live() }, "Back to Live")));
      fill(acts);
    } else fill(state, "connection lost; coming back");
  });
  return {
    element: h("div", { class: "view trace live-view" }, h("header", { class: "view-head" }, h("div", { class: "head-line" }, heading, acts), facts),
      h("div", { class: "trace-grid" }, hopsPanel.element, h("div", { class: "trace-side" }, mapPanel.element, chartPanel.element))),
    title: "Live",
    destroy: () => {
      source.close();
      map.destroy();
    },
  };
}
