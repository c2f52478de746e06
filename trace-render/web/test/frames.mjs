// Frame times of the map with 10,000 legs while it is dragged and zoomed: `node test/frames.mjs [LEGS] [BASE]`.
import { SIZES, browser, page, settled } from "./browser.mjs";
import { mock } from "./mock.mjs";

export async function frames(chromium, base, troubles, seconds = 4) {
  const context = await chromium.newContext({ viewport: SIZES.desktop });
  const opened = await page(context, troubles);
  await opened.goto(base + "/");
  await settled(opened);
  const box = await opened.locator(".map canvas").boundingBox();
  await opened.evaluate(() => {
    window.times = [];
    let before = performance.now();
    const tick = (now) => {
      window.times.push(now - before);
      before = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const { x, y, width, height } = { x: box.x + box.width / 2, y: box.y + box.height / 2, width: box.width, height: box.height };
  await opened.mouse.move(x, y);
  await opened.mouse.down();
  await opened.evaluate(() => (window.times.length = 0));
  const end = Date.now() + seconds * 500;
  for (let i = 0; Date.now() < end; i++) await opened.mouse.move(x + Math.sin(i / 12) * width * 0.35, y + Math.cos(i / 17) * height * 0.3);
  await opened.mouse.up();
  const drag = await opened.evaluate(() => window.times.splice(0));
  await opened.locator(".map canvas").focus();
  const later = Date.now() + seconds * 500;
  for (let i = 0; Date.now() < later; i++) {
    await opened.mouse.wheel(0, i % 20 < 10 ? -120 : 120);
    await opened.waitForTimeout(16);
  }
  const zoom = await opened.evaluate(() => window.times.splice(0));
  const started = Date.now();
  await opened.waitForTimeout(1200);
  await context.close();
  const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
  const p95 = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.95)];
  return { drag: { median: median(drag), p95: p95(drag), frames: drag.length }, zoom: { median: median(zoom), p95: p95(zoom), frames: zoom.length }, rest: Date.now() - started };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = mock().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  await fetch(`${base}/mock?legs=${process.argv[2] ?? 10000}`);
  const chromium = await browser();
  const troubles = [];
  console.log(await frames(chromium, base, troubles), troubles);
  await chromium.close();
  process.exit(0);
}
