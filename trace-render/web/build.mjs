// Builds the page into dist/: `npm ci && npm run build`. The same sources and package-lock.json give the same files.
//
// Every file lies in dist/ deflated, as it is sent. What a file holds decides whether it is written again, so that another
// version of zlib changes nothing. dist/assets.rs is what trace-render includes: names, types and digests.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { quantize } from "topojson-client";

const root = new URL(".", import.meta.url).pathname;
const dist = root + "dist/";
const read = (path) => readFileSync(root + path);
const json = (path) => JSON.parse(read(path).toString());

/** Country shapes with codes of two letters for ids, and nothing else. */
function countries(file, grid) {
  const world = json(`node_modules/world-atlas/${file}.json`);
  const codes = new Map(json("node_modules/i18n-iso-countries/codes.json").map(([two, , number]) => [number, two]));
  const { scale: [kx, ky], translate: [dx, dy] } = world.transform;
  world.arcs = world.arcs.map((arc) => {
    let x = 0, y = 0;
    return arc.map(([a, b]) => [(x += a) * kx + dx, (y += b) * ky + dy]);
  });
  delete world.transform;
  for (const shape of world.objects.countries.geometries) {
    const code = codes.get(shape.id);
    delete shape.properties;
    delete shape.id;
    if (code !== undefined) shape.id = code;
  }
  delete world.objects.land;
  return Buffer.from(JSON.stringify(quantize(world, grid)));
}

async function bundle(entry, extra = {}) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["es2022", "chrome109", "firefox115", "safari16"],
    charset: "utf8",
    legalComments: "none",
    ...extra,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

const digest = (bytes) => createHash("sha256").update(bytes).digest();
const hashed = (name, bytes) => name.replace(/(\.[a-z0-9]+)$/, `.${digest(bytes).toString("hex").slice(0, 12)}$1`);

const types = {
  html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8",
  json: "application/json", woff2: "font/woff2", svg: "image/svg+xml",
};
const assets = []; // { file, path, bytes }
function add(file, bytes) {
  const path = file === "index.html" ? "/" : `/assets/${hashed(file, bytes)}`;
  assets.push({ file, path, bytes });
  return path;
}

const near = add("countries-50m.json", countries("countries-50m", 3e4));
const far = add("countries-110m.json", countries("countries-110m", 1e4));
let fonts = "";
for (const weight of [400, 600]) {
  const url = add(`noto-sans-${weight}.woff2`, read(`node_modules/@fontsource/noto-sans/files/noto-sans-latin-${weight}-normal.woff2`));
  fonts += `@font-face{font-family:"Noto Sans";font-weight:${weight};font-display:swap;src:url("${url.replace("/assets/", "")}") format("woff2");` +
    "unicode-range:U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215}";
}
const icon = add("icon.svg", read("src/icon.svg"));
const css = await bundle("src/style/page.css");
const style = add("page.css", Buffer.concat([Buffer.from(fonts), css]));
const script = add("page.js", await bundle("src/main.ts"));
add("index.html", Buffer.from(read("src/index.html").toString()
  .replaceAll("{style}", style).replaceAll("{script}", script).replaceAll("{icon}", icon)
  .replaceAll("{far}", far).replaceAll("{near}", near)
  .replaceAll("{font}", assets.find(({ file }) => file === "noto-sans-400.woff2").path)));
// The map that stands alone has everything in one file, and fonts of the reader's system.
const alone = { script: await bundle("src/alone.ts"), style: await bundle("src/style/alone.css") };

for (const text of [alone.script, alone.style]) {
  // They stand inside elements there.
  if (/<\/(script|style)|<!--/i.test(text.toString())) throw new Error("the map that stands alone would end its own element");
}

mkdirSync(dist, { recursive: true });
const kept = new Set(["assets.rs", "alone.rs"]);
function keep(file, bytes) {
  const name = file.endsWith(".woff2") ? file : `${file}.gz`;
  kept.add(name);
  const packed = !file.endsWith(".woff2");
  if (existsSync(dist + name)) {
    const there = readFileSync(dist + name);
    if ((packed ? gunzipSync(there) : there).equals(bytes)) return;
  }
  writeFileSync(dist + name, packed ? gzipSync(bytes, { level: 9 }) : bytes);
}
for (const { file, bytes } of assets) keep(file, bytes);
keep("alone.js", alone.script);
keep("alone.css", alone.style);
for (const name of readdirSync(dist)) if (!kept.has(name)) rmSync(dist + name);

const row = ({ file, path, bytes }) => {
  const packed = !file.endsWith(".woff2");
  const type = types[file.split(".").pop()];
  return `    Asset {
        path: "${path}",
        content_type: "${type}",
        etag: "\\"${digest(bytes).toString("hex").slice(0, 24)}\\"",
        immutable: ${path !== "/"},
        encoding: ${packed ? "Encoding::Gzip" : "Encoding::Identity"},
        length: ${bytes.length},
        bytes: include_bytes!("${packed ? `${file}.gz` : file}"),
    },`;
};
writeFileSync(dist + "assets.rs", `// Written by ../build.mjs.
&[
${assets.map(row).sort().join("\n")}
]
`);
writeFileSync(dist + "alone.rs", `// Written by ../build.mjs.
Alone {
    script: include_bytes!("alone.js.gz"),
    script_hash: "sha256-${digest(alone.script).toString("base64")}",
    style: include_bytes!("alone.css.gz"),
    style_hash: "sha256-${digest(alone.style).toString("base64")}",
    far: include_bytes!("countries-110m.json.gz"),
    near: include_bytes!("countries-50m.json.gz"),
}
`);

const kb = (n) => `${(n / 1000).toFixed(1)} kB`;
let first = 0;
for (const { file, bytes } of assets) {
  const sent = file.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  if (file !== "countries-50m.json") first += sent;
  console.log(`${file.padEnd(24)} ${kb(bytes.length).padStart(10)} ${kb(sent).padStart(10)} sent`);
}
console.log(`first load ${kb(first)} of 250 kB, countries-50m.json comes later`);
if (first > 250_000) throw new Error("the first load is over its budget of 250 kB");
