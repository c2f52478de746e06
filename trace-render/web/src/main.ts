// The page begins here.
import type { Address } from "./address";
import { links } from "./address";
import { h } from "./element";
import { landFrom } from "./map/land";
import { empty } from "./panel";
import { Router, type View } from "./router";
import { shell } from "./shell";
import { watch } from "./status";
import { diff } from "./view/diff";
import { live } from "./view/live";
import { overview } from "./view/overview";
import { target } from "./view/target";
import { trace } from "./view/trace";

const script = document.currentScript as HTMLScriptElement | null;
const load = (name: "far" | "near") => async (): Promise<unknown> => {
  const response = await fetch(script?.dataset[name] ?? "");
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
};
landFrom({ far: load("far"), near: load("near") });

function open(address: Address, router: Router, signal: AbortSignal): View {
  switch (address.view) {
    case "overview": return overview(router, signal);
    case "target": return target(address.key, router, signal);
    case "trace": return trace(address.id, router, signal);
    case "diff": return diff(address.a, address.b, router, signal);
    case "live": return live(address.id, router, signal);
    case "unknown": return {
      element: h("div", { class: "view" }, h("h1", {}, "No such page"), empty("There is nothing at this address", h("p", {}, h("a", { href: links.overview() }, "To the overview")))),
      title: "No such page", destroy: () => undefined,
    };
  }
}

const { main, opened } = shell(watch, (href) => router.go(href));
const router: Router = new Router(main, open, opened);
watch.start();
router.show(false);
