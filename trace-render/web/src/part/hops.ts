// The hops of a trace as a table. A row opens into what the probes brought and why the place is believed.
import { type Child, fill, foreign, h, icon } from "../element";
import { count, ms, share } from "../format";
import type { Candidate, Hop, Place, Probe } from "../types";
import { verdictSign } from "./badge";
import { walkable } from "./rows";

/** Who answered at a TTL, in the order of their first answer. */
export function answerers(hop: Hop): string[] {
  return [...new Set(hop.probes.flatMap((probe) => (probe.result === "answered" && probe.from !== undefined ? [probe.from] : [])))];
}

/** A place in a few words: city and country, or what stands for them. */
export function placeWords(place: Place | undefined): { text: string | null; kind: "known" | "private" | "none" } {
  if (place === undefined) return { text: null, kind: "none" };
  if (place.verdict === "private") return { text: place.note ?? "private", kind: "private" };
  const where = place.city ?? place.region;
  const land = place.country ?? place.country_code;
  if (where === null && land === null) return { text: null, kind: "none" };
  return { text: [where, land].filter((part) => part !== null).join(", "), kind: "known" };
}

const LATER: Record<string, string> = { plausible: "", area: "area", suspect: "suspect", impossible: "impossible", anycast: "anycast", private: "", unlocated: "" };

export interface HopsOptions {
  places: Record<string, Place>;
  chosen: (ttl: number | null) => void;
  hovered: (ttl: number | null) => void;
  open: ReadonlySet<number>;
  opened: (ttl: number, open: boolean) => void;
}

/** How many columns stand before the evidence. */
const COLUMNS = 8;

export class HopTable {
  readonly element: HTMLElement;
  private readonly body = h("tbody");
  private readonly table: HTMLTableElement;
  private options: HopsOptions | null = null;

  constructor() {
    this.table = h("table", { class: "hops" },
      h("thead", {}, h("tr", {}, ...(["TTL", "Host", "Place", "Network", "Loss", "Min", "Median", "Max"] as const).map((name, i) =>
        h("th", { scope: "col", class: ["c-ttl number", "c-host", "c-place", "c-net", "number c-loss", "number c-min", "number c-median", "number c-max"][i] ?? "" }, name)))), this.body);
    this.element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Hops" }, this.table);
    walkable(this.body, (row) => this.options?.hovered(row === null ? null : Number(row.dataset.ttl)));
    this.body.addEventListener("pointerover", (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-ttl]") : null;
      if (row) this.options?.hovered(Number(row.dataset.ttl));
    });
    this.body.addEventListener("pointerleave", () => this.options?.hovered(null));
    this.body.addEventListener("click", (event) => {
      const target = event.target instanceof Element ? event.target : null;
      const row = target?.closest<HTMLElement>("tr[data-ttl]");
      if (!row || target?.closest(".evidence") || getSelection()?.toString()) return;
      this.toggle(Number(row.dataset.ttl));
    });
  }

  private toggle(ttl: number): void {
    const { options } = this;
    if (!options) return;
    const open = !options.open.has(ttl);
    options.opened(ttl, open);
    options.chosen(ttl);
  }

  /** The row of a TTL, anew or for the first time; rows stand in the order of their TTL. */
  row(hop: Hop, options: HopsOptions): void {
    this.options = options;
    const rows = hopRows(hop, options);
    const old = [...this.body.querySelectorAll<HTMLElement>(`tr[data-ttl="${hop.ttl}"]`)];
    const focused = old.some((row) => row.contains(document.activeElement));
    if (old[0]) {
      old[0].before(...rows);
      for (const row of old) row.remove();
    } else {
      const next = [...this.body.querySelectorAll<HTMLElement>("tr[data-ttl]")].find((row) => Number(row.dataset.ttl) > hop.ttl);
      if (next) next.before(...rows);
      else this.body.append(...rows);
    }
    if (focused) this.body.querySelector<HTMLElement>(`tr[data-ttl="${hop.ttl}"] [data-row]`)?.focus({ preventScroll: true });
  }

  rows(hops: Hop[], options: HopsOptions): void {
    this.options = options;
    fill(this.body);
    for (const hop of hops) this.body.append(...hopRows(hop, options));
  }

  /** Which rows are chosen, and which are under the pointer elsewhere. */
  mark(chosen: number | null, lit: ReadonlySet<number>, bring = false): void {
    for (const row of this.body.querySelectorAll<HTMLElement>("tr[data-ttl]")) {
      const ttl = Number(row.dataset.ttl);
      row.classList.toggle("chosen", ttl === chosen);
      row.classList.toggle("lit", lit.has(ttl));
      if (bring && ttl === chosen && !row.classList.contains("evidence")) row.scrollIntoView({ block: "nearest" });
    }
  }
}

function hopRows(hop: Hop, options: HopsOptions): HTMLElement[] {
  const { places } = options;
  const from = answerers(hop);
  const open = options.open.has(hop.ttl);
  const { statistics } = hop;
  const loss = statistics.sent === 0 ? null : 1 - statistics.answered / statistics.sent;
  const id = `evidence-${hop.ttl}`;
  const limited = hop.findings.includes("rate-limited");
  const inherited = hop.probes.some((probe) => probe.inherited_from);
  const first = from[0];
  const host = first === undefined ? h("span", { class: "absent" }, "no answer") : hostCell(first, places[first]);
  const row = h("tr", { "data-ttl": hop.ttl, class: first === undefined ? "silent" : "" },
    h("td", { class: "c-ttl number" }, h("button", { type: "button", class: "ttl-button", "data-row": true, "aria-expanded": String(open), "aria-controls": open ? id : null, "aria-label": `Hop ${hop.ttl}: ${open ? "hide" : "show"} evidence` }, icon("right"), String(hop.ttl))),
    h("td", { class: "c-host" }, host, ...from.slice(1).map((address) => hostCell(address, places[address])),
      hop.findings.some((finding) => finding !== "silent") && h("div", { class: "findings" }, ...hop.findings.filter((finding) => finding !== "silent").map((finding) => h("span", { class: "finding" }, finding.replaceAll("-", " "))))),
    h("td", { class: "c-place" }, ...(first === undefined ? [h("span", { class: "absent" }, "–")] : from.map((address) => placeCell(places[address])))),
    h("td", { class: "c-net" }, ...networkCell(first === undefined ? undefined : places[first])),
    h("td", { class: "number c-loss" }, inherited ? h("span", { class: "absent", title: "taken over from another trace" }, "shared") : h("span", { class: loss !== null && loss > 0 && !limited && first !== undefined ? "alarm" : "", title: limited ? "this router limits its answers; that is no loss" : null }, share(loss))),
    h("td", { class: "number c-min" }, ms(statistics.min_ms)),
    h("td", { class: "number c-median" }, ms(statistics.median_ms)),
    h("td", { class: "number c-max" }, ms(statistics.max_ms)));
  if (!open) return [row];
  return [row, h("tr", { "data-ttl": hop.ttl, class: "evidence", id }, h("td", { colspan: COLUMNS }, evidence(hop, from, places)))];
}

function hostCell(address: string, place: Place | undefined): HTMLElement {
  const name = place?.hostname ?? null;
  return h("div", { class: "host" }, foreign(name ?? address), name !== null && foreign(address, "", "second"));
}

function placeCell(place: Place | undefined): HTMLElement {
  const { text, kind } = placeWords(place);
  const note = place?.verdict ? LATER[place.verdict] ?? place.verdict : "";
  return h("div", { class: `place place-${kind}` }, foreign(text, "not known"), note !== "" && h("span", { class: `verdict verdict-${place?.verdict ?? ""}` }, note));
}

function networkCell(place: Place | undefined): Child[] {
  if (!place || (place.asn === null && place.isp === null)) return [h("span", { class: "absent" }, "–")];
  return [h("div", { class: "network" }, place.asn !== null && h("span", {}, `AS${place.asn}`), place.isp !== null && foreign(place.isp, "", "second"))];
}

function evidence(hop: Hop, from: string[], places: Record<string, Place>): HTMLElement {
  return h("div", { class: "evidence-box" },
    hop.explanations !== undefined && hop.explanations.length > 0 && h("ul", { class: "explanations" }, ...hop.explanations.map((text) => h("li", {}, foreign(text)))),
    ...from.map((address) => placeEvidence(address, places[address])),
    h("h4", {}, "Probes"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Probes of hop ${hop.ttl}` }, h("table", { class: "probes" },
      h("thead", {}, h("tr", {}, ...["Result", "From", "RTT ms", "Kind", "Sent at ms", "Flow", "Reply TTL", "Labels"].map((name, i) => h("th", { scope: "col", class: [2, 4, 5, 6].includes(i) ? "number" : "" }, name)))),
      h("tbody", {}, ...hop.probes.slice(0, 60).map(probeRow)))),
    hop.probes.length > 60 && h("p", { class: "muted" }, `and ${count(hop.probes.length - 60, "probe")} more in the document`));
}

function placeEvidence(address: string, place: Place | undefined): HTMLElement {
  if (!place) return h("p", { class: "muted" }, foreign(address), " no source was asked about this address");
  return h("div", { class: "candidates" },
    h("h4", {}, "Place of ", foreign(address), " ", verdictSign(place.verdict), place.score !== null && h("span", { class: "muted" }, ` score ${place.score.toFixed(2)}`)),
    place.note !== null && h("p", {}, foreign(place.note)),
    place.candidates.length === 0 ? h("p", { class: "muted" }, place.verdict === "private" ? "A range of special purpose: looked up nowhere." : "No candidates.") :
      h("ol", { class: "candidate-list" }, ...place.candidates.map((candidate) => candidateItem(candidate, place))));
}

function candidateItem(candidate: Candidate, place: Place): HTMLElement {
  const where = [candidate.city ?? null, candidate.country ?? candidate.country_code ?? null].filter((part) => part !== null).join(", ");
  const point = candidate.latitude !== null && candidate.longitude !== null ? `${candidate.latitude.toFixed(2)}, ${candidate.longitude.toFixed(2)}${candidate.radius_km === null ? "" : ` ± ${Math.round(candidate.radius_km)} km`}` : null;
  const taken = candidate.latitude !== null && candidate.latitude === place.latitude && candidate.longitude === place.longitude;
  return h("li", { class: candidate.verdict === "impossible" ? "struck" : taken ? "taken" : "" },
    h("span", { class: "candidate-place" }, foreign(where, point ?? "no place")), verdictSign(candidate.verdict),
    h("span", { class: "second" }, foreign(candidate.source), candidate.built ? ` of ${candidate.built}` : "", point !== null && where !== "" ? `, ${point}` : ""),
    candidate.reason !== null && h("span", { class: "reason" }, foreign(candidate.reason)));
}

function probeRow(probe: Probe): HTMLElement {
  const labels = (probe.mpls ?? []).map((label) => String(label.label)).join(" ");
  return h("tr", {},
    h("td", {}, probe.result), h("td", {}, foreign(probe.from ?? null)), h("td", { class: "number" }, ms(probe.rtt_ms)),
    h("td", {}, probe.error !== undefined ? foreign(probe.error) : (probe.kind ?? "–").replaceAll("-", " ")), h("td", { class: "number" }, ms(probe.sent_ms)),
    h("td", { class: "number" }, probe.flow ?? "–"), h("td", { class: "number" }, probe.reply_ttl ?? "–"), h("td", {}, labels === "" ? "–" : labels));
}
