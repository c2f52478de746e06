// A walk by keys alone: nothing in here clicks, or gives an element the focus.
import { expect, until } from "./checks.mjs";

/** Presses Tab until something that fits has the focus. */
async function tabTo(opened, what, selector, text = "", key = "Tab") {
  for (let presses = 0; presses < 120; presses++) {
    if (await opened.evaluate(({ selector, text }) => Boolean(document.activeElement?.matches(selector) && document.activeElement.textContent.includes(text)), { selector, text })) return;
    await opened.keyboard.press(key);
  }
  throw new Error(`no stop of Tab: ${what}`);
}

/** Whether the focus is seen: an outline, or what stands for one. */
async function focusSeen(opened) {
  const seen = await opened.evaluate(() => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
    return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  });
  expect(seen, "the focus is seen");
}

/** Overview, target, trace, comparison, and back by the way it came; `name` is a target with several traces. */
export async function walk(opened, name) {
  const { keyboard } = opened;
  await keyboard.press("/");
  await keyboard.type(name.slice(0, 9));
  await until(opened, "one row is left", () => document.querySelectorAll(".targets tbody tr").length === 1);
  await keyboard.press("ArrowDown");
  await until(opened, "the row has the focus", () => document.activeElement?.matches(".targets a.row-link"));
  await focusSeen(opened);
  await keyboard.press("Enter");
  await until(opened, "the target opens", () => location.pathname.startsWith("/target/") && document.querySelectorAll(".traces tbody tr").length > 2);

  await tabTo(opened, "a trace", ".traces a.row-link");
  await keyboard.press("ArrowDown");
  await focusSeen(opened);
  await keyboard.press("Enter");
  await until(opened, "the trace opens", () => location.pathname.startsWith("/trace/") && document.querySelectorAll(".hops tbody tr").length > 2);
  const trace = new URL(opened.url()).pathname;
  await keyboard.press("t");
  await keyboard.press("ArrowDown");
  await focusSeen(opened);
  await keyboard.press("Enter");
  await until(opened, "the evidence opens", () => document.querySelector("tr.evidence[data-ttl='2']") !== null && new URLSearchParams(location.search).get("open") === "2");
  await tabTo(opened, "the raw document", "summary");
  await keyboard.press("Enter");
  await until(opened, "the raw document", () => document.querySelector(".panel-raw pre")?.textContent.includes('"schema"'));
  await tabTo(opened, "the button that compares", ".compare", "Compare", "Shift+Tab");
  await keyboard.press("Enter");
  await until(opened, "it is marked", () => !document.querySelector(".compare-bar").hidden);
  await tabTo(opened, "the way to its target", ".siblings a");
  await keyboard.press("Enter");
  await until(opened, "back at the target", () => location.pathname.startsWith("/target/") && document.querySelectorAll(".traces .compare").length > 2);
  await tabTo(opened, "another trace", ".traces .compare", "With this");
  await keyboard.press("Enter");
  await until(opened, "the comparison opens", () => location.pathname === "/diff" && document.querySelectorAll(".diff tbody tr").length > 2);
  await tabTo(opened, "the level of cities", "[data-level=city]");
  await keyboard.press("Enter");
  await until(opened, "cities", () => document.querySelector(".diff tbody").innerText.includes("Vienna") && new URLSearchParams(location.search).get("level") === "city");

  const back = async (what, path) => {
    await opened.goBack();
    await until(opened, what, (path) => location.pathname.startsWith(path) && document.querySelectorAll("main tbody tr").length > 0, path);
    // Wherever somebody comes back to, keys go on from there.
    await keyboard.press("t");
    await until(opened, `${what}: a row has the focus`, () => document.activeElement?.matches("main table [data-row]"));
  };
  await back("the target again", "/target/");
  await back("the trace again", trace);
  await back("the target before it", "/target/");
  await back("the overview again", "/");
  expect(new URL(opened.url()).searchParams.get("q") === name.slice(0, 9), "the overview is as it was left");
}
