// Which view, of what, and in which state: all of it stands in the URL, so that a view can be shared.

export type Address =
  | { view: "overview" }
  | { view: "target"; key: string }
  | { view: "trace"; id: string }
  | { view: "diff"; a: string; b: string }
  | { view: "live"; id: string | null }
  | { view: "unknown"; path: string };

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The view that a path stands for, with what of the query says of what it is. */
export function parse(path: string, query = new URLSearchParams()): Address {
  const parts = path.split("/").filter((part) => part !== "");
  const [first, second] = parts;
  if (first === undefined) return { view: "overview" };
  const id = second === undefined ? null : decoded(second);
  if (parts.length === 2 && id !== null) {
    if (first === "target") return { view: "target", key: id };
    if (first === "trace") return { view: "trace", id };
  }
  if (parts.length === 1 && first === "diff") return { view: "diff", a: query.get("a") ?? "", b: query.get("b") ?? "" };
  if (parts.length === 1 && first === "live") return { view: "live", id: query.get("id") };
  return { view: "unknown", path };
}

export const links = {
  overview: (): string => "/",
  target: (key: string): string => `/target/${encodeURIComponent(key)}`,
  trace: (id: string): string => `/trace/${encodeURIComponent(id)}`,
  diff: (a: string, b: string): string => `/diff?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`,
  live: (id?: string): string => (id === undefined ? "/live" : `/live?id=${encodeURIComponent(id)}`),
};

/** A query with some members set, or taken out where they are null or empty; the rest stay in their order. */
export function changed(query: URLSearchParams, changes: Record<string, string | null>): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export interface MapPosition {
  longitude: number;
  latitude: number;
  zoom: number;
}

/** A map's position as `longitude,latitude,zoom`; null where it is none. */
export function readPosition(text: string | null): MapPosition | null {
  if (text === null) return null;
  const parts = text.split(",").map(Number);
  const [longitude, latitude, zoom] = parts;
  if (parts.length !== 3 || longitude === undefined || latitude === undefined || zoom === undefined) return null;
  if (!parts.every(Number.isFinite) || Math.abs(longitude) > 180 || Math.abs(latitude) > 90 || zoom < -2 || zoom > 12) {
    return null;
  }
  return { longitude, latitude, zoom };
}

export function writePosition({ longitude, latitude, zoom }: MapPosition): string {
  return `${longitude.toFixed(2)},${latitude.toFixed(2)},${zoom.toFixed(2)}`;
}

/** A window of time from a query, in milliseconds since 1970; open ends are null. */
export function readWindow(query: URLSearchParams): { since: number | null; until: number | null } {
  const read = (name: string): number | null => {
    const value = Date.parse(query.get(name) ?? "");
    return Number.isFinite(value) ? value : null;
  };
  const since = read("since");
  const until = read("until");
  return since !== null && until !== null && since >= until ? { since: null, until: null } : { since, until };
}

/** A time as it stands in a URL: whole seconds in UTC. */
export function writeTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
