// A made-up network for the mock server: the same at every start.
export const CITIES = [
  ["Buenos Aires", "Argentina", "AR", -34.6, -58.4], ["São Paulo", "Brazil", "BR", -23.55, -46.63], ["Fortaleza", "Brazil", "BR", -3.73, -38.52],
  ["Miami", "United States", "US", 25.77, -80.19], ["New York", "United States", "US", 40.71, -74.0], ["Chicago", "United States", "US", 41.88, -87.63],
  ["Los Angeles", "United States", "US", 34.05, -118.24], ["Seattle", "United States", "US", 47.6, -122.33], ["London", "United Kingdom", "GB", 51.5, -0.12],
  ["Amsterdam", "Netherlands", "NL", 52.37, 4.9], ["Frankfurt am Main", "Germany", "DE", 50.11, 8.68], ["Vienna", "Austria", "AT", 48.21, 16.37],
  ["Paris", "France", "FR", 48.86, 2.35], ["Marseille", "France", "FR", 43.3, 5.37], ["Stockholm", "Sweden", "SE", 59.33, 18.07], ["Warsaw", "Poland", "PL", 52.23, 21.01],
  ["Cairo", "Egypt", "EG", 30.04, 31.24], ["Lagos", "Nigeria", "NG", 6.45, 3.39], ["Nairobi", "Kenya", "KE", -1.29, 36.82], ["Johannesburg", "South Africa", "ZA", -26.2, 28.05],
  ["Dubai", "United Arab Emirates", "AE", 25.2, 55.27], ["Mumbai", "India", "IN", 19.08, 72.88], ["Singapore", "Singapore", "SG", 1.29, 103.85], ["Hong Kong", "Hong Kong", "HK", 22.3, 114.17],
  ["Tokyo", "Japan", "JP", 35.68, 139.69], ["Sydney", "Australia", "AU", -33.87, 151.21], ["Auckland", "New Zealand", "NZ", -36.85, 174.76], ["Honolulu", "United States", "US", 21.31, -157.86],
  ["Santiago", "Chile", "CL", -33.45, -70.67], ["Bogotá", "Colombia", "CO", 4.71, -74.07], ["Mexico City", "Mexico", "MX", 19.43, -99.13], ["Reykjavík", "Iceland", "IS", 64.15, -21.94],
];

/** A generator of numbers in 0..1 that begins anew with each seed. */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const RADIAN = Math.PI / 180;
export function km(a, b) {
  const [p1, l1, p2, l2] = [a[3], a[4], b[3], b[4]].map((x) => x * RADIAN);
  const h = Math.sin((p2 - p1) / 2) ** 2 + Math.cos(p1) * Math.cos(p2) * Math.sin((l2 - l1) / 2) ** 2;
  return 12742 * Math.asin(Math.sqrt(h));
}

const at = (name) => CITIES.findIndex(([city]) => city === name);
// From Vienna; what lies between is what cables make likely.
const WAYS = [
  ["frankfurt.example.net", ["Vienna", "Frankfurt am Main"]], ["cdn.example.org", ["Vienna", "Frankfurt am Main", "Amsterdam", "London"]],
  ["www.example.com", ["Vienna", "Frankfurt am Main", "Amsterdam", "London", "New York", "Chicago"]], ["api.example.com", ["Vienna", "Frankfurt am Main", "Paris", "New York", "Chicago", "Los Angeles"]],
  ["tokyo.example.jp", ["Vienna", "Frankfurt am Main", "London", "New York", "Los Angeles", "Tokyo"]], ["sydney.example.au", ["Vienna", "Frankfurt am Main", "Marseille", "Singapore", "Sydney"]],
  ["akl.example.nz", ["Vienna", "Frankfurt am Main", "New York", "Los Angeles", "Honolulu", "Auckland"]], ["ns1.example.sg", ["Vienna", "Marseille", "Mumbai", "Singapore"]],
  ["mirror.example.br", ["Vienna", "Paris", "Miami", "Fortaleza", "São Paulo"]], ["ba.example.ar", ["Vienna", "Paris", "Miami", "Fortaleza", "São Paulo", "Buenos Aires"]],
  ["nbo.example.ke", ["Vienna", "Marseille", "Cairo", "Nairobi"]], ["jnb.example.za", ["Vienna", "London", "Lagos", "Johannesburg"]],
  ["stockholm.example.se", ["Vienna", "Frankfurt am Main", "Stockholm"]], ["waw.example.pl", ["Vienna", "Warsaw"]], ["rkv.example.is", ["Vienna", "Amsterdam", "London", "Reykjavík"]],
  ["dxb.example.ae", ["Vienna", "Marseille", "Cairo", "Dubai"]], ["hk.example.hk", ["Vienna", "Frankfurt am Main", "Mumbai", "Singapore", "Hong Kong"]], ["scl.example.cl", ["Vienna", "Paris", "Miami", "Bogotá", "Santiago"]],
  ["mex.example.mx", ["Vienna", "Frankfurt am Main", "New York", "Miami", "Mexico City"]], ["sea.example.net", ["Vienna", "Amsterdam", "New York", "Chicago", "Seattle"]],
];

const hex = (number, width) => Math.floor(number).toString(16).padStart(width, "0");
export const NOW = Date.parse("2026-11-26T18:00:00Z");
const HOUR = 3_600_000;

export function uuid(time, number) {
  return `${hex(time, 12).slice(0, 8)}-${hex(time, 12).slice(8)}-7${hex(number % 4096, 3)}-8${hex((number * 7) % 4096, 3)}-${hex(number * 2654435761 % 2 ** 48, 12)}`;
}

/** Hops of a way: a private one, then some in each city; every so often a silent one. */
function hops(cities, seed, variant) {
  const roll = dice(seed * 31 + variant);
  const list = [{ address: "192.168.1.1", host: null, city: null, private: true, base: 0.4 }];
  let distance = 0;
  cities.forEach((city, i) => {
    if (i > 0) distance += km(CITIES[cities[i - 1]], CITIES[city]);
    const many = 1 + Math.floor(roll() * 2);
    for (let j = 0; j < many; j++) {
      const silent = roll() < 0.08 && i > 0;
      const address = `198.${18 + (seed % 2)}.${city}.${variant * 16 + j + 1}`;
      list.push(silent ? null : {
        address, city, base: 1.2 + distance / 70 + j * 0.3 + roll(), private: false,
        host: roll() < 0.7 ? `ae${j + 1}.cr${1 + (seed % 3)}.${CITIES[city][0].toLowerCase().replace(/[^a-z]/g, "").slice(0, 4)}${variant + 1}.example.net` : null,
        trust: roll() < 0.06 ? "suspect" : "plausible", area: roll() < 0.1 && i > 0 && i < cities.length - 1,
      });
    }
  });
  return list;
}

export const HOSTILE = [
  ['<img src=x onerror="document.title=\'owned\'">', '<script>document.title="owned"</script>'],
  ["evil\u202egnp.exe.example", "Par\u202eis\u0007"],
  [`${"very-long-label-".repeat(14)}.example`, `Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch ${"x".repeat(180)}`],
];

/** Everything the mock knows. */
export function world({ hostile = false } = {}) {
  const ways = hostile ? HOSTILE.map(([name], i) => [name, WAYS[i + 3][1]]) : WAYS;
  return ways.map(([name, stops], index) => {
    const roll = dice(index + 1);
    const way = stops.map(at);
    const middle = way.length > 2 ? way.toSpliced(way.length - 2, 1, at(index % 2 ? "Chicago" : "Dubai")) : way;
    const eras = [];
    let until = NOW - roll() * HOUR;
    for (let i = 0; i < 2 + Math.floor(roll() * 6); i++) {
      const length = (6 + roll() * 120) * HOUR;
      eras.push({ since: until - length, until, variant: i % 3, cities: i % 3 === 1 ? middle : way });
      until -= length;
    }
    const address = `203.0.113.${index + 10}`;
    const path = (era) => {
      const list = hops(era.cities, index + 1, era.variant);
      const last = list.findLast((hop) => hop !== null);
      return [...list, { address, city: era.cities.at(-1), host: name, base: last.base + 0.8, private: false, trust: "plausible", area: false }];
    };
    return {
      index, name, address, key: hex(0x5f3759df + index * 2654435761 % 2 ** 40, 16), protocol: index % 7 === 3 ? "tcp" : index % 5 === 4 ? "udp" : "icmp", vantage: index % 4 === 2 ? "lab" : null,
      eras, path, status: index % 9 === 4 ? "not-reached" : index % 11 === 7 ? "stale" : "reached", hostile: hostile ? HOSTILE[index][1] : null,
    };
  });
}
