// The one door to the server. Conditional requests are the browser's business: it keeps what had an ETag.

/** Why a request brought nothing: an answer that says so (RFC 9457), or no answer at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string | null,
  ) {
    super(detail ?? title);
  }
}

export type Query = Record<string, string | number | null | undefined>;

/** A path of the API with a query. */
export function path(name: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return `/api/v1/${name}${text === "" ? "" : `?${text}`}`;
}

/** What was asked for, as JSON. Throws a Problem, or the signal's reason. */
export async function get<T>(name: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await answer(path(name, query), { signal: signal ?? null })).json() as Promise<T>;
}

/** Starts something; the token shows that this page asked for it. */
export async function post<T>(name: string, token: string | null, body: unknown): Promise<T | null> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== null) headers["x-trace-token"] = token;
  const response = await answer(path(name), { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  return text === "" ? null : (JSON.parse(text) as T);
}

/** Hands over the token of `--token-file`; the server answers with a cookie. */
export async function login(token: string): Promise<void> {
  await answer("/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
}

const PATIENCE_MS = 20_000;

async function answer(url: string, options: RequestInit): Promise<Response> {
  let response: Response;
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  try {
    response = await fetch(url, { ...options, signal, credentials: "same-origin", redirect: "error" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new Problem(0, "No answer from trace-cli", late ? `It did not answer within ${PATIENCE_MS / 1000} seconds.` : null);
  }
  if (response.ok) return response;
  let title = `Status ${response.status}`;
  let detail: string | null = null;
  try {
    const problem = (await response.json()) as { title?: unknown; detail?: unknown };
    if (typeof problem.title === "string") title = problem.title;
    if (typeof problem.detail === "string") detail = problem.detail;
  } catch {
    // Not a problem document: the status is all there is to say.
  }
  throw new Problem(response.status, title, detail);
}
