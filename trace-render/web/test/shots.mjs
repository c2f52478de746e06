// Pictures of every view to look at: `node test/shots.mjs DIRECTORY [BASE] [FILTER]`, of the mock server unless BASE is given.
import { mkdirSync } from "node:fs";
import { SIZES, browser, page, settled } from "./browser.mjs";
import { mock } from "./mock.mjs";

const [directory, given, filter] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
let base = given;
let server = null;
if (!base || base === "-") {
  server = mock().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  base = `http://127.0.0.1:${server.address().port}`;
}
const get = async (path) => (await fetch(base + path)).json();
const targets = (await get("/api/v1/targets")).items;
const one = targets[4] ?? targets[0];
const eras = (await get(`/api/v1/targets/${one.key}/eras`)).items;
const VIEWS = {
  overview: "/", target: `/target/${one.key}`, window: `/target/${one.key}?since=${new Date(Date.parse(eras.at(-1).first)).toISOString()}&until=${eras.at(-1).last}&hop=4&metric=loss`,
  trace: `/trace/${one.last.id}?ttl=5&open=5`, diff: `/diff?a=${eras.at(-1).trace}&b=${(eras.findLast((era) => era.path !== eras.at(-1).path) ?? eras[0]).trace}`, live: "/live", following: "/live?id=live-1",
};
const chromium = await browser();
const troubles = [];
for (const theme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries({ desktop: SIZES.desktop, phone: SIZES.phone })) {
    const context = await chromium.newContext({ viewport, colorScheme: theme, deviceScaleFactor: size === "phone" ? 2 : 1, hasTouch: size === "phone" });
    const opened = await page(context, troubles);
    for (const [name, path] of Object.entries(VIEWS)) {
      const file = `${name}-${size}-${theme}`;
      if (filter && !new RegExp(filter).test(file)) continue;
      await opened.goto(base + path);
      await settled(opened);
      if (name === "following") await opened.waitForTimeout(1500);
      await opened.screenshot({ path: `${directory}/${file}.png`, fullPage: true });
    }
    await context.close();
  }
}
await chromium.close();
server?.close();
console.log(troubles.length === 0 ? "no troubles" : troubles.join("\n"));
process.exit(0);
