// Documents of traces, made up: to be imported, so that the real program has something to show.
import { CITIES, HOSTILE, dice, km, uuid } from "./world.mjs";

const HOUR = 3_600_000;
const at = (name) => CITIES.findIndex(([city]) => city === name);
const WAYS = {
  "frankfurt.example.net": [["Vienna", "Frankfurt am Main"]],
  "tokyo.example.jp": [["Vienna", "Frankfurt am Main", "London", "New York", "Los Angeles", "Tokyo"], ["Vienna", "Frankfurt am Main", "Mumbai", "Singapore", "Tokyo"]],
  "ba.example.ar": [["Vienna", "Paris", "Miami", "Fortaleza", "São Paulo", "Buenos Aires"]],
  "akl.example.nz": [["Vienna", "London", "New York", "Los Angeles", "Honolulu", "Auckland"]],
  "jnb.example.za": [["Vienna", "London", "Lagos", "Johannesburg"]],
  "sydney.example.au": [["Vienna", "Marseille", "Singapore", "Sydney"]],
  "stockholm.example.se": [["Vienna", "Frankfurt am Main", "Stockholm"]],
};

function trace(name, number, index, time, cities, { text = null, reached = true } = {}) {
  const roll = dice(number * 1000 + index);
  const target = `203.0.113.${10 + number}`;
  const list = [{ address: "192.168.1.1", base: 0.4, city: null }];
  let distance = 0;
  cities.forEach((city, i) => {
    if (i > 0) distance += km(CITIES[at(cities[i - 1])], CITIES[at(city)]);
    list.push({ address: i === cities.length - 1 ? target : `198.18.${at(city)}.1`, base: 1.5 + distance / 68, city: at(city), country: i > 1 && i === cities.length - 2 && number % 3 === 2 });
  });
  if (number % 2 === 1) list.splice(2, 0, null);
  // Where the target is not reached, there is silence behind the last router.
  if (!reached) list.splice(-1, 1, null, null, null);
  const places = {};
  const hops = list.map((hop, i) => {
    if (hop) {
      const city = hop.city === null ? null : CITIES[hop.city];
      places[hop.address] = {
        country_code: city?.[2] ?? null, country: city?.[1] ?? null, city: city && !hop.country ? (text ?? city[0]) : null, region: null, isp: city ? "Example Networks" : null, asn: city ? 64500 + (hop.city % 8) : null,
        latitude: city && !hop.country ? city[3] : null, longitude: city && !hop.country ? city[4] : null, radius_km: city ? 20 : null, hostname: hop.address === target ? name : city ? `ae1.cr1.${city[0].toLowerCase().replace(/[^a-z]/g, "").slice(0, 4)}.example.net` : null,
        source: city ? "mmdb:Example-City 2026-11-01" : "RFC 1918", verdict: city ? (hop.country ? "area" : "plausible") : "private", score: city ? 0.9 : null, note: null,
        candidates: city ? [{ source: "mmdb:Example-City", built: "2026-11-01", country_code: city[2], country: city[1], city: hop.country ? null : (text ?? city[0]), latitude: hop.country ? null : city[3], longitude: hop.country ? null : city[4], radius_km: 20, verdict: hop.country ? "area" : "plausible", reason: "fits every bound" }] : [],
      };
    }
    return {
      ttl: i + 1,
      probes: [0, 1, 2].map((j) => hop === null || (roll() < 0.03 && i < list.length - 1)
        ? { result: "silent", protocol: "icmp", flow: 0, round: 0, sent_ms: i + j }
        : { result: "answered", protocol: "icmp", flow: 0, round: 0, sent_ms: i + j, from: hop.address, rtt_ms: Math.round(hop.base * (1 + roll() * 0.06) * 1000) / 1000, kind: hop.address === target ? "echo-reply" : "time-exceeded", icmp: hop.address === target ? [0, 0] : [11, 0], reply_ttl: 250 - i, quoted: null, mpls: [], extensions: [], inherited_from: null }),
    };
  });
  return {
    schema: 1, id: uuid(time, number * 1000 + index), kind: "measured", vantage: number % 4 === 3 ? "lab" : null, target: { name, address: target }, source: "192.168.1.20", origin: null, protocol: "icmp", mode: "raw",
    settings: { queries: 3, first_ttl: 1, max_ttl: 30, flows: 1, rounds: 1, port: null, size: null, tos: 0 }, started: new Date(time).toISOString(), duration_ms: 410.5, outcome: reached ? "reached" : "exhausted", outcome_detail: null, hops, consistency: null, places,
  };
}

/** JSON lines: some targets over five days, their newest trace an hour old; one that took another way this morning, one that is not reached, and one that nobody traces any more. */
export function documents({ late = false, hours = 120, every = 2 } = {}) {
  const now = Math.floor(Date.now() / HOUR) * HOUR;
  const lines = [];
  if (late) lines.push(trace("late.example", 99, 0, now - 60_000, ["Vienna", "Warsaw"]));
  else {
    Object.entries(WAYS).forEach(([name, ways], number) => {
      for (let hour = hours, index = 0; hour >= 1; hour -= every, index++) lines.push(trace(name, number, index, now - hour * HOUR, ways[ways.length > 1 && hour > 30 && hour < 70 ? 1 : 0]));
    });
    for (let hour = hours, index = 0; hour >= 1; hour -= every, index++) {
      lines.push(trace("moving.example.sg", 20, index, now - hour * HOUR, hour > 12 ? ["Vienna", "Marseille", "Mumbai", "Singapore"] : ["Vienna", "Warsaw", "Dubai", "Singapore"]));
      lines.push(trace("silent.example.cl", 21, index, now - hour * HOUR, ["Vienna", "Paris", "Miami", "Santiago"], { reached: false }));
      if (hour > 60) lines.push(trace("gone.example.is", 22, index, now - hour * HOUR, ["Vienna", "London", "Reykjavík"]));
    }
    HOSTILE.forEach(([name, text], i) => {
      for (let hour = 12, index = 0; hour >= 1; hour -= 3, index++) lines.push(trace(name, 40 + i, index, now - hour * HOUR, ["Vienna", "Frankfurt am Main", "Paris"], { text }));
    });
  }
  return lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
}

/** A CSV of the old form, its columns in another order than the old program wrote them: three traces, one of them over the date line, each row with a time and a zone of its own. */
export function oldCsv() {
  const rows = ["DATE_CREATED,IP,HOP,CITY,LATITUDE,ID,LONGITUDE"];
  const put = (id, stops) => stops.forEach(([city, time], i) => {
    const [name, , , latitude, longitude] = CITIES[at(city)];
    rows.push(`"${time}",198.51.100.${10 * rows.length + i},${i + 1},${name.includes(" ") ? `"${name}"` : name},${latitude},${id},${longitude}`);
  });
  put("0000e459-0cfb-47a0-9a6c-ff8d92e3ebef", [["Miami", "2021-01-31 16:06:12.489-0500"], ["São Paulo", "2021-01-31 18:06:12.544-0300"]]);
  put("001f1337-9e34-4ff8-b7be-db46b376867f", [["Los Angeles", "2021-01-19 15:04:04.434-0800"], ["Tokyo", "2021-01-20 08:04:04.540+0900"], ["Sydney", "2021-01-20 10:04:04.601+1100"]]);
  put("00b5c2aa-73f2-4d5f-a5a0-1f2f3f4f5f6f", [["London", "2021-01-25 00:30:00.000+0000"], ["New York", "2021-01-24 19:30:00.090-0500"]]);
  return rows.join("\n") + "\n";
}
