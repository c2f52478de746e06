// A server that speaks the contract of the API from made-up data: `node test/mock.mjs [PORT]`. It shows the page states that a
// real server gets into only by accident: `GET /mock?store=damaged`, `?empty=1`, `?slow=MS`, `?fail=STATUS`, `?hostile=1`, `?down=1`,
// `?allow=0`, `?token=1`, `?legs=10000`, `?hops=3` (no further for now); `GET /mock` alone mends everything.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { CITIES, NOW, dice, km, uuid, world } from "./world.mjs";

const dist = new URL("../dist/", import.meta.url).pathname;
const HOUR = 3_600_000;
const rfc = (time) => new Date(time).toISOString();
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function assets() {
  const rows = readFileSync(`${dist}assets.rs`, "utf8").split("Asset {").slice(1);
  return new Map(rows.map((row) => {
    const [path, type, file] = [/path: "([^"]+)"/, /content_type: "([^"]+)"/, /include_bytes!\("([^"]+)"\)/].map((field) => field.exec(row)[1]);
    return [path, { type, file }];
  }));
}

export function scene(routes, colors = {}) {
  const marks = [], legs = [];
  const mark = (hop, place) => {
    const area = hop.area;
    let found = marks.find((known) => known.city === hop.city && known.area === area && known.trust === (hop.trust === "suspect" ? "suspect" : "sound"));
    if (!found) {
      found = { city: hop.city, area, trust: hop.trust === "suspect" ? "suspect" : "sound", stops: [], place };
      marks.push(found);
    }
    return found;
  };
  routes.forEach(({ list, target, hostile }, route) => {
    let before = null, between = 0;
    list.forEach((hop, i) => {
      if (hop === null) return void between++;
      if (hop.private) return;
      const here = mark(hop, hostile);
      let stop = here.stops.find((known) => known.route === route);
      if (!stop) here.stops.push((stop = { route, origin: false, target: false, hops: [] }));
      stop.hops.push({ ttl: i + 1, address: hop.address, rtt_ms: hop.base });
      stop.target ||= i === list.length - 1 && target.status !== "not-reached";
      if (before && before !== here) legs.push({ route, from: marks.indexOf(before), to: marks.indexOf(here), between });
      before = here;
      between = 0;
    });
  });
  const at = ({ city }) => [CITIES[city][4], CITIES[city][3]];
  const features = marks.map((known) => {
    const [city, country, code] = CITIES[known.city];
    return {
      type: "Feature",
      geometry: { type: "Point", coordinates: at(known) },
      properties: { kind: "mark", city: known.place ?? (known.area ? null : city), country, ...(known.area ? { country_code: code } : {}), trust: known.trust, stops: known.stops },
    };
  });
  for (const leg of legs) {
    const ends = [marks[leg.from], marks[leg.to]];
    features.push({
      type: "Feature", geometry: { type: "LineString", coordinates: ends.map(at) },
      properties: { kind: "leg", ...leg, course: ends.some((end) => end.area) ? "unknown" : "great-circle" },
    });
  }
  return {
    type: "FeatureCollection",
    routes: routes.map(({ target, era, list }) => ({
      name: target.name, address: target.address, vantage: target.vantage, started_ns: era.until * 1e6, outcome: target.status === "not-reached" ? "exhausted" : "reached",
      protocol: target.protocol, hops: list.length, rtt_ms: list.at(-1).base, key: target.key,
    })),
    features, ...colors,
  };
}

/** Legs between made-up places all over the world. */
export function manyLegs(number) {
  const roll = dice(7);
  const places = Array.from({ length: Math.max(2, Math.ceil(number / 12)) }, () => {
    const [, , , lat, lon] = CITIES[Math.floor(roll() * CITIES.length)];
    return [Math.round(1e4 * (((lon + (roll() - 0.5) * 30 + 540) % 360) - 180)) / 1e4, Math.max(-55, Math.min(68, lat + (roll() - 0.5) * 20))];
  });
  const features = places.map((place, i) => ({
    type: "Feature", geometry: { type: "Point", coordinates: place },
    properties: { kind: "mark", city: `City ${i}`, country: null, trust: "sound", stops: [] },
  }));
  const routes = [];
  for (let made = 0; made < number;) {
    const route = routes.length;
    let at = Math.floor(roll() * places.length);
    routes.push({ name: `host${route}.example`, address: `198.51.${route >> 8}.${route & 255}`, vantage: null, started_ns: NOW * 1e6, outcome: "reached", protocol: "icmp", hops: 12, rtt_ms: 90, key: `k${route}` });
    for (let j = 0; j < 8 && made < number; j++, made++) {
      const next = (at + 1 + Math.floor(roll() * (places.length - 1))) % places.length;
      features[at].properties.stops.push({ route, origin: false, target: false, hops: [{ ttl: j + 1, address: "198.51.100.1", rtt_ms: 10 * j }] });
      features.push({ type: "Feature", geometry: { type: "LineString", coordinates: [places[at], places[next]] }, properties: { kind: "leg", route, from: at, to: next, between: j % 9 === 8 ? 1 : 0, course: "great-circle" } });
      at = next;
    }
  }
  return { type: "FeatureCollection", routes, features };
}

export function mock() {
  let state = {};
  const all = () => (state.empty ? [] : world({ hostile: Boolean(state.hostile) }));
  const eraTrace = (target, era) => uuid(era.until, target.index * 100 + target.eras.indexOf(era));

  const overview = (target) => {
    const roll = dice(target.index + 99);
    const [now] = target.eras;
    const list = target.path(now);
    const rtt = list.at(-1).base;
    return {
      key: target.key, name: target.name, address: target.address, protocol: target.protocol, vantage: target.vantage, traces: Math.round((now.until - target.eras.at(-1).since) / HOUR) + 1,
      first: rfc(target.eras.at(-1).since), last: { id: eraTrace(target, now), started: rfc(now.until), outcome: target.status === "not-reached" ? "exhausted" : "reached", duration_ms: rtt + 290, length: list.length, rtt_ms: target.status === "not-reached" ? null : rtt, loss: target.status === "not-reached" ? null : roll() < 0.2 ? 0.33 : 0 },
      status: target.status, era_since: rfc(now.since), changes_24h: now.until - now.since < 24 * HOUR ? 1 : 0, changes_7d: target.eras.filter((era) => era.since > NOW - 168 * HOUR).length,
      sparkline: Array.from({ length: 48 }, (_, i) => [now.until - (47 - i) * HOUR, roll() < 0.04 ? null : rtt * (1 + roll() * 0.08 + (i > 30 && target.index % 6 === 2 ? 0.35 : 0))]), interval_s: 3600,
    };
  };
  const summary = (target, era, time = era.until, id = eraTrace(target, era)) => ({
    id, started: rfc(time), duration_ms: 402.5, outcome: target.status === "not-reached" ? "exhausted" : "reached", protocol: target.protocol, mode: "raw", vantage: target.vantage, name: target.name, address: target.address,
    length: target.path(era).length, rtt_ms: target.path(era).at(-1).base, path: (era.variant + 17 * target.index + 4096).toString(16).padStart(16, "a"), kind: "measured",
  });
  const find = (key) => all().find((target) => target.key === key);
  const findTrace = (id) => {
    for (const target of all()) for (const era of target.eras) if (eraTrace(target, era) === id) return [target, era];
    return null;
  };
  const changes = () => all().flatMap((target) => target.eras.slice(0, -1).map((era, i) => {
    const before = target.eras[i + 1];
    const kind = i % 4 === 3 ? "rtt" : i % 5 === 4 ? "loss" : "path";
    return {
      at: rfc(era.since), key: target.key, target: { name: target.name, address: target.address }, protocol: target.protocol, vantage: target.vantage, kind, before: eraTrace(target, before), after: eraTrace(target, era),
      path: kind === "path" ? { before: "a1".padEnd(16, "0"), after: "b2".padEnd(16, "0"), first_ttl: 4, last_ttl: 7 } : null,
      level: kind === "rtt" ? { before: 31.2, after: 46.9, unit: "ms", score: 8.1 } : kind === "loss" ? { before: 0, after: 0.25, unit: "share", score: 5.2 } : null,
      text: kind === "path" ? "hops 4 to 7 go another way" : kind === "rtt" ? "median RTT from 31.2 to 46.9 ms" : "loss from 0% to 25%",
    };
  })).sort((a, b) => b.at.localeCompare(a.at));

  const document = (target, era) => {
    const list = target.path(era);
    const roll = dice(target.index + era.variant);
    const places = {};
    const rows = list.map((hop, i) => {
      const sent = 3;
      const answers = hop === null || (target.status === "not-reached" && i === list.length - 1) ? [] : Array.from({ length: roll() < 0.1 ? 2 : 3 }, () => hop.base * (1 + roll() * 0.05)).sort((a, b) => a - b);
      if (hop && answers.length) {
        const city = hop.city === null ? null : CITIES[hop.city];
        const place = { country_code: city?.[2] ?? null, country: city?.[1] ?? null, city: hop.area || !city ? null : (target.hostile ?? city[0]), region: null, isp: city ? "Example Networks" : null, asn: city ? 64500 + (hop.city % 8) : null, latitude: city && !hop.area ? city[3] : null, longitude: city && !hop.area ? city[4] : null, radius_km: city ? 20 : null, hostname: target.hostile && i === 3 ? target.name : hop.host };
        places[hop.address] = {
          ...place, source: hop.private ? "RFC 1918" : "mmdb:GeoLite2-City 2026-11-01", verdict: hop.private ? "private" : hop.area ? "area" : hop.trust, score: hop.private ? null : 0.93, note: null,
          candidates: hop.private ? [] : [
            { source: "mmdb:GeoLite2-City", built: "2026-11-01", ...place, verdict: hop.area ? "area" : hop.trust, reason: "fits every bound" },
            { source: "hostname", built: null, country: "Chile", city: "Santiago", latitude: -33.45, longitude: -70.67, radius_km: 30, verdict: "impossible", reason: `light needs ${(hop.base * 3).toFixed(1)} ms there and back, the answer took ${hop.base.toFixed(1)} ms` },
          ],
        };
      }
      return {
        ttl: i + 1,
        probes: Array.from({ length: sent }, (_, j) => answers[j] === undefined ? { result: "silent", protocol: target.protocol, flow: 0, round: 0, sent_ms: i * 1.1 + j } : { result: "answered", protocol: target.protocol, flow: 0, round: 0, sent_ms: i * 1.1 + j, from: hop.address, rtt_ms: answers[j], kind: i === list.length - 1 ? "echo-reply" : "time-exceeded", icmp: [11, 0], reply_ttl: 250 - i, quoted: null, mpls: i === 4 ? [{ label: 24015, tc: 0, bottom: true, ttl: 1 }] : [], extensions: [], inherited_from: null }),
        statistics: { sent, answered: answers.length, min_ms: answers[0] ?? null, median_ms: answers[Math.floor(answers.length / 2)] ?? null, p95_ms: answers.at(-1) ?? null, max_ms: answers.at(-1) ?? null, jitter_ms: answers.length ? 0.12 : null },
        findings: answers.length === 2 ? ["rate-limited"] : [],
      };
    });
    return {
      schema: 1, id: eraTrace(target, era), kind: "measured", vantage: target.vantage, target: { name: target.name, address: target.address }, source: "192.168.1.20", origin: null, protocol: target.protocol, mode: "raw",
      settings: { queries: 3, first_ttl: 1, max_ttl: 30, flows: 1, rounds: 1, port: null, size: null, tos: 0 }, started: rfc(era.until), duration_ms: 402.5, outcome: target.status === "not-reached" ? "exhausted" : "reached", outcome_detail: null,
      hops: rows, as_path: [...new Set(Object.values(places).map((place) => place.asn).filter(Boolean))], consistency: null, places,
    };
  };

  const series = (target, query) => {
    const until = Date.parse(query.get("until") ?? "") || NOW;
    const since = Date.parse(query.get("since") ?? "") || target.eras.at(-1).since;
    const points = Number(query.get("points") ?? 120);
    const step = (until - since) / points;
    const start = Array.from({ length: points }, (_, i) => Math.round(since + i * step));
    const longest = Math.max(...target.eras.map((era) => target.path(era).length));
    const eraAt = (time) => target.eras.find((era) => time >= era.since && time <= era.until);
    return {
      since: rfc(since), until: rfc(until), step_s: step / 1000, start,
      hops: Array.from({ length: longest }, (_, t) => {
        const roll = dice(t * 7 + target.index);
        const cells = start.map((time) => {
          const era = eraAt(time);
          const hop = era ? target.path(era)[t] : undefined;
          if (!era || hop === undefined) return [0, 0, null, null];
          const wave = 1 + 0.08 * Math.sin(time / 9e6 + t) + 0.1 * roll() + (roll() < 0.02 ? 1.5 : 0);
          const silent = hop === null || roll() < 0.03;
          return [3, silent ? 0 : roll() < 0.1 ? 2 : 3, silent ? null : hop.base * wave * 0.98, silent ? null : hop.base * wave];
        });
        return { ttl: t + 1, address: target.path(target.eras[0])[t]?.address ?? null, sent: cells.map(([a]) => a), answered: cells.map(([, a]) => a), min_ms: cells.map(([, , a]) => a), median_ms: cells.map(([, , , a]) => a) };
      }),
    };
  };

  const diff = (a, b) => {
    const [ta, ea] = a, [tb, eb] = b;
    const hop = (list, i) => {
      const one = list[i];
      if (one === undefined) return null;
      const city = one === null || one.city === null ? null : CITIES[one.city];
      return { ttl: i + 1, address: one?.address ?? null, hostname: one?.host ?? null, asn: city ? 64500 + (one.city % 8) : null, city: city?.[0] ?? null, country: city?.[1] ?? null, rtt_ms: one?.base ?? null };
    };
    const [la, lb] = [ta.path(ea), tb.path(eb)];
    const rows = Array.from({ length: Math.max(la.length, lb.length) }, (_, i) => {
      const [x, y] = [hop(la, i), hop(lb, i)];
      return { change: !x ? "added" : !y ? "removed" : x.address === y.address ? "same" : x.address === null || y.address === null ? "silent" : "replaced", a: x, b: y };
    });
    const same = rows.every((row) => row.change === "same");
    return { a: summary(ta, ea), b: summary(tb, eb), same, verdict: same ? "same" : "reroute", text: same ? "Both traces took the same path." : "Hops 3 to 6 go through other networks: a reroute.", rows, levels: { hop: !same, as: !same, city: !same, country: false } };
  };

  const routes = [
    [/^\/api\/v1\/targets$/, (_, query) => {
      const text = (query.get("q") ?? "").toLowerCase();
      const items = all().map(overview).map((target) => state.working ? { ...target, era_since: null, changes_24h: null, changes_7d: null } : target).filter((target) => (!text || `${target.name} ${target.address}`.toLowerCase().includes(text)) && (!query.get("status") || target.status === query.get("status")) && (!query.get("vantage") || target.vantage === query.get("vantage")));
      const from = Number(query.get("cursor") ?? 0), limit = Number(query.get("limit") ?? 100);
      return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null };
    }],
    [/^\/api\/v1\/targets\/([^/]+)$/, ([, key]) => find(key) && overview(find(key))],
    [/^\/api\/v1\/targets\/([^/]+)\/eras$/, ([, key]) => {
      const target = find(key);
      return target && { items: target.eras.map((era) => {
        const rtt = target.path(era).at(-1).base;
        return { path: summary(target, era).path, first: rfc(era.since), last: rfc(era.until), traces: Math.round((era.until - era.since) / HOUR) + 1, reached: Math.round((era.until - era.since) / HOUR), length: target.path(era).length, rtt: { min_ms: rtt, median_ms: rtt * 1.05, p95_ms: rtt * 1.3 }, trace: eraTrace(target, era) };
      }), next: null };
    }],
    [/^\/api\/v1\/targets\/([^/]+)\/series$/, ([, key], query) => find(key) && series(find(key), query)],
    [/^\/api\/v1\/targets\/([^/]+)\/changes$/, ([, key], query) => {
      const items = changes().filter((change) => change.key === key);
      if (!state.pages) return { items, next: null, complete: true };
      return query.get("cursor") ? { items: items.slice(1), next: null, complete: true } : { items: items.slice(0, 1), next: "further", complete: true };
    }],
    [/^\/api\/v1\/targets\/([^/]+)\/scene$/, ([, key], query) => {
      const target = find(key);
      const until = Date.parse(query.get("at") ?? "") || NOW;
      return target && scene(target.eras.filter((era) => era.since <= until).slice(0, 1 + Number(query.get("eras") ?? 0)).map((era) => ({ target, era, list: target.path(era), hostile: target.hostile })));
    }],
    [/^\/api\/v1\/changes$/, () => ({ items: state.working ? [] : changes().slice(0, 100), next: null, complete: !state.working })],
    [/^\/api\/v1\/map$/, () => state.legs ? manyLegs(Number(state.legs)) : scene(all().map((target) => ({ target, era: target.eras[0], list: target.path(target.eras[0]), hostile: target.hostile })))],
    [/^\/api\/v1\/traces$/, (_, query) => ({ items: all().filter((target) => !query.get("target") || target.key === query.get("target")).flatMap((target) => target.eras.map((era) => summary(target, era))), next: null })],
    [/^\/api\/v1\/traces\/([^/]+)$/, ([, id]) => { const found = findTrace(id); return found && document(...found); }],
    [/^\/api\/v1\/traces\/([^/]+)\/scene$/, ([, id]) => { const found = findTrace(id); return found && scene([{ target: found[0], era: found[1], list: found[0].path(found[1]), hostile: found[0].hostile }]); }],
    [/^\/api\/v1\/diff$/, (_, query) => { const [a, b] = [findTrace(query.get("a")), findTrace(query.get("b"))]; return a && b && diff(a, b); }],
    [/^\/api\/v1\/live$/, () => ({
      items: [
        { id: "live-1", host: "tokyo.example.jp", started: rfc(NOW - 4000), state: "running", trace: null, outcome: null },
        { id: "live-2", host: "<img src=x onerror=document.title='owned'>", started: rfc(NOW - 90_000), state: "done", trace: null, outcome: null },
        { id: "live-3", host: "192.0.2.80", started: rfc(NOW - 180_000), state: "done", trace: all()[0]?.last?.id ?? null, outcome: "interrupted" },
      ],
      next: null,
    })],
  ];

  const live = new Map();
  async function answer(request, response) {
    const url = new URL(request.url, "http://127.0.0.1");
    const send = (status, body, type = "application/json", headers = {}) => {
      response.writeHead(status, { "content-type": type, "content-security-policy": CSP, "x-content-type-options": "nosniff", "cache-control": "no-cache", ...headers });
      response.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    const problem = (status, title, detail) => send(status, { type: "about:blank", title, status, detail }, "application/problem+json");
    if (url.pathname === "/mock") {
      state = Object.fromEntries(url.searchParams);
      return send(200, state);
    }
    if (state.down && url.pathname.startsWith("/api")) return request.socket.destroy();
    if (state.slow && url.pathname.startsWith("/api")) await new Promise((resolve) => setTimeout(resolve, Number(state.slow)));
    if (url.pathname === "/login") {
      let body = "";
      for await (const part of request) body += part;
      if (JSON.parse(body).token !== "secret") return problem(401, "Unauthorized", "that is not the token");
      state.token = undefined;
      return send(204, "");
    }
    if (url.pathname.startsWith("/api/")) {
      if (state.token) return problem(401, "Unauthorized", "this server asks for a token");
      if (url.pathname === "/api/v1/status") {
        const known = all();
        return send(200, {
          version: "0.1.0", source: state.csv ? "csv" : "store", allow_trace: state.allow !== "0", csrf: "t", now: rfc(NOW), stale_after_s: 7200,
          store: { state: state.store ?? "ok", message: state.store ? `the database is ${state.store}: try \`trace-cli db check\`` : null, traces: known.length * 90, targets: known.length, newest: known.length ? rfc(NOW) : null },
        });
      }
      if (state.store && state.store !== "ok") return problem(503, "The store cannot be read", `the database is ${state.store}`);
      if (state.fail) return problem(Number(state.fail), "Something failed", "it was asked to");
      const events = /^\/api\/v1\/live\/([^/]+)\/events$/.exec(url.pathname);
      if (events) return stream(events[1], request, response);
      if (url.pathname === "/api/v1/live" && request.method === "POST") {
        let body = "";
        for await (const part of request) body += part;
        if (request.headers["x-trace-token"] !== "t") return problem(403, "Forbidden", "no token");
        const id = `live-${live.size + 1}`;
        live.set(id, JSON.parse(body));
        return send(202, { id });
      }
      for (const [pattern, make] of routes) {
        const match = pattern.exec(url.pathname);
        if (!match) continue;
        const body = make(match, url.searchParams);
        return body ? send(200, body) : problem(404, "Not found", "there is no such thing");
      }
      return problem(404, "Not found", "there is no such thing");
    }
    const known = assets();
    const asset = known.get(url.pathname) ?? (url.pathname.startsWith("/assets/") ? undefined : known.get("/"));
    if (!asset) return problem(404, "Not found", url.pathname);
    const bytes = readFileSync(dist + asset.file);
    const packed = asset.file.endsWith(".gz");
    const accepts = /gzip/.test(request.headers["accept-encoding"] ?? "");
    send(200, packed && !accepts ? gunzipSync(bytes) : bytes, asset.type, { ...(packed && accepts ? { "content-encoding": "gzip" } : {}), ...(asset === known.get("/") ? {} : { "cache-control": "public, max-age=31536000, immutable" }) });
  }

  async function stream(id, request, response) {
    const [target] = world();
    const found = all()[4] ?? target;
    const trace = document(found, found.eras[0]);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "content-security-policy": CSP });
    let number = 0;
    const say = (event, data) => response.write(`id: ${++number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    say("begin", { id, target: trace.target, protocol: trace.protocol, mode: "raw" });
    for (const hop of trace.hops) {
      await new Promise((resolve) => setTimeout(resolve, 120));
      while (hop.ttl > Number(state.hops ?? Infinity)) await new Promise((resolve) => setTimeout(resolve, 20));
      say("hop", hop);
      const from = hop.probes.find((probe) => probe.from)?.from;
      if (from && trace.places[from]) say("place", { address: from, place: trace.places[from] });
    }
    say("end", { trace: trace.id, outcome: trace.outcome });
    request.on("close", () => response.end());
  }
  return createServer((request, response) => void answer(request, response).catch((error) => {
    console.error(error);
    response.destroy();
  }));
}

export { km };
if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = mock();
  server.listen(Number(process.argv[2] ?? 8051), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
}
