// Debian's chromium for the checks: an empty profile, and nobody to talk to but 127.0.0.1.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function browser() {
  const executablePath = PLACES.find((path) => existsSync(path));
  if (!executablePath) throw new Error("no chromium here: apt-get install chromium");
  return chromium.launch({
    executablePath, headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
}

export const SIZES = { desktop: { width: 1280, height: 860 }, tablet: { width: 768, height: 1024 }, phone: { width: 390, height: 844 }, narrow: { width: 360, height: 740 } };

/** A page that reports what went wrong in it. */
export async function page(context, troubles) {
  const opened = await context.newPage();
  opened.on("pageerror", (error) => troubles.push(`page error: ${error.message}`));
  opened.on("console", (message) => {
    // A status that a test asked for is logged by the browser too.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) troubles.push(`console: ${message.text()}`);
  });
  opened.on("request", (request) => {
    const { hostname, pathname, protocol } = new URL(request.url());
    if (!protocol.startsWith("http")) return;
    // The page is made of its own files and of what the API says, and of nothing else.
    const known = request.resourceType() === "document" || pathname === "/login" || /^\/(api\/v1|assets)\//.test(pathname);
    if (hostname !== "127.0.0.1" || !known) troubles.push(`asked ${request.url()}`);
  });
  return opened;
}

/** Waits until nothing is loading and the map has come to rest. */
export async function settled(opened) {
  await opened.waitForFunction(() => document.querySelectorAll('[aria-busy="true"]').length === 0 && document.querySelector("main > *") !== null, null, { timeout: 30_000 });
  await opened.evaluate(() => document.fonts.ready);
  await opened.waitForTimeout(260);
}
