// What the API says (`/api/v1/openapi.json` is the whole of it). Times are RFC 3339 in UTC, spans milliseconds; what is not
// known is null.

export interface List<T> {
  items: T[];
  next: string | null;
}

export type StoreState = "ok" | "missing" | "damaged" | "newer" | "older" | "locked" | "unreadable";

export interface Status {
  version: string;
  source: "store" | "csv";
  allow_trace: boolean;
  csrf: string | null;
  now: string;
  stale_after_s: number;
  store: { state: StoreState; message: string | null; traces: number | null; targets: number | null; newest: string | null };
}

export type TargetStatus = "reached" | "not-reached" | "stale";

export interface Target {
  key: string;
  name: string | null;
  address: string | null;
  protocol: string | null;
  vantage: string | null;
  traces: number;
  first: string;
  last: {
    id: string;
    started: string;
    outcome: string | null;
    duration_ms: number | null;
    length: number | null;
    rtt_ms: number | null;
    loss: number | null;
  };
  status: TargetStatus;
  era_since: string | null;
  /** Null while it is being worked out. */
  changes_24h: number | null;
  changes_7d: number | null;
  sparkline: [number, number | null][];
  interval_s: number | null;
}

export interface Era {
  path: string;
  first: string;
  last: string;
  traces: number;
  /** How many ways it holds: balanced packets take several. */
  paths?: number;
  reached: number;
  length: number | null;
  rtt: { min_ms: number; median_ms: number; p95_ms: number } | null;
  trace: string;
}

export interface SeriesHop {
  ttl: number;
  address: string | null;
  sent: number[];
  answered: number[];
  min_ms: (number | null)[];
  median_ms: (number | null)[];
}

export interface Series {
  since: string;
  until: string;
  step_s: number;
  start: number[];
  hops: SeriesHop[];
}

export interface Change {
  at: string;
  key: string;
  target: { name: string | null; address: string | null };
  protocol: string | null;
  vantage: string | null;
  kind: "path" | "rtt" | "loss";
  before: string | null;
  after: string | null;
  path: { before: string; after: string; first_ttl: number; last_ttl: number } | null;
  level: { before: number; after: number; unit: "ms" | "share"; score: number } | null;
  text: string;
}

/** What is known of what changed so far. */
export interface Changes extends List<Change> {
  /** False while the server still looks. */
  complete: boolean;
}

export interface Summary {
  id: string;
  started: string;
  duration_ms: number | null;
  outcome: string | null;
  protocol: string | null;
  mode: string | null;
  vantage: string | null;
  name: string | null;
  address: string | null;
  length: number | null;
  rtt_ms: number | null;
  path: string | null;
  kind: string;
}

export interface Probe {
  result: "answered" | "silent" | "unsent";
  protocol?: string;
  flow?: number;
  round?: number;
  sent_ms?: number | null;
  from?: string;
  rtt_ms?: number | null;
  kind?: string;
  icmp?: [number, number] | null;
  reply_ttl?: number | null;
  mpls?: { label: number; tc: number; bottom: boolean; ttl: number }[];
  error?: string;
  inherited_from?: string | null;
}

export interface Hop {
  ttl: number;
  probes: Probe[];
  statistics: {
    sent: number;
    answered: number;
    min_ms: number | null;
    median_ms: number | null;
    p95_ms: number | null;
    max_ms: number | null;
    jitter_ms: number | null;
  };
  findings: string[];
  explanations?: string[];
}

export interface Candidate {
  source: string;
  built?: string | null;
  country_code?: string | null;
  country?: string | null;
  city?: string | null;
  latitude: number | null;
  longitude: number | null;
  radius_km: number | null;
  verdict: string | null;
  reason: string | null;
}

export interface Place {
  country_code: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  isp: string | null;
  asn: number | null;
  latitude: number | null;
  longitude: number | null;
  radius_km: number | null;
  hostname: string | null;
  source: string | null;
  verdict: string | null;
  score: number | null;
  note: string | null;
  candidates: Candidate[];
}

export interface Document {
  schema: number;
  id: string;
  kind: string;
  vantage: string | null;
  target: { name: string | null; address: string } | null;
  source: string | null;
  protocol: string | null;
  mode: string | null;
  settings: { queries: number; [name: string]: unknown } | null;
  started: string;
  duration_ms: number | null;
  outcome: string | null;
  outcome_detail: string | null;
  hops: Hop[];
  path_changes?: { at_ms: number | null; round: number; first_ttl: number; last_ttl: number }[];
  as_path?: number[] | null;
  consistency?: number | null;
  places: Record<string, Place>;
}

export interface DiffHop {
  ttl: number;
  address: string | null;
  hostname: string | null;
  asn: number | null;
  city: string | null;
  country: string | null;
  rtt_ms: number | null;
}

export interface DiffRow {
  change: "same" | "added" | "removed" | "replaced" | "silent" | "rate-limited" | "balanced";
  a: DiffHop | null;
  b: DiffHop | null;
}

export interface Diff {
  a: Summary;
  b: Summary;
  same: boolean;
  verdict: string;
  text: string;
  rows: DiffRow[];
  levels: { hop: boolean; as: boolean; city: boolean; country: boolean };
  alignments?: Partial<Record<"as" | "city" | "country", { change: string; a: string | number | null; b: string | number | null }[]>>;
}

export interface Budget {
  rtt_ms: number;
  fibre_ms: number;
  excess_ms: number;
  before_ms: number;
  behind_ms: number;
  unattributed_ms: number;
  km: number;
  direct_km: number;
  directness: number | null;
  reaches_target: boolean;
  legs: { from_ttl: number | null; from: string | null; to_ttl: number | null; to: string | null; km: number; floor_ms: number; grew_ms: number; excess_ms: number | null }[];
}

export interface LiveItem {
  id: string;
  /** What was typed. */
  host: string;
  started: string;
  state: "running" | "done";
  outcome: string | null;
  trace: string | null;
}

export type Trust = "sound" | "suspect" | "anycast" | "impossible";

export interface MarkProperties {
  kind: "mark";
  city: string | null;
  country: string | null;
  country_code?: string;
  trust: Trust;
  stops: { route: number; origin: boolean; target: boolean; hops: { ttl: number; address: string; rtt_ms: number | null }[] }[];
}

export interface LegProperties {
  kind: "leg";
  route: number;
  from: number;
  to: number;
  between: number;
  course: "great-circle" | "unknown";
}

export interface Route {
  name: string | null;
  address: string | null;
  vantage: string | null;
  started_ns: number | null;
  outcome: string | null;
  protocol: string | null;
  hops: number;
  rtt_ms: number | null;
  key?: string;
  trace?: string;
}

export interface SceneFeature {
  type: "Feature";
  geometry: GeoJSON.Geometry | null;
  properties: MarkProperties | LegProperties;
}

export interface SceneDocument {
  type: "FeatureCollection";
  routes: Route[];
  features: SceneFeature[];
}
