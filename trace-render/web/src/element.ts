// Elements of the page. Text is always a text node, so that whatever the network says stays text.

export type Child = Node | string | number | null | undefined | false;
type Handlers = { [name: string]: (event: never) => void };
export interface Attributes {
  on?: Handlers;
  [name: string]: string | number | boolean | null | undefined | Handlers;
}

function dress(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, handler] of Object.entries(value as Handlers)) {
        element.addEventListener(event, handler as EventListener);
      }
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  for (const child of children) append(element, child);
}

function append(parent: Element, child: Child): void {
  if (child === null || child === undefined || child === false) return;
  parent.append(typeof child === "number" ? String(child) : child);
}

/** An element with attributes, handlers (`on`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  dress(element, attributes, children);
  return element;
}

/** The same in SVG. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  dress(element, attributes, children);
  return element;
}

/** Takes everything out of an element and puts children in. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  for (const child of children) append(element, child);
}

const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Text from the network as it can be shown: what would hide, or turn the direction of its neighbours, is written out. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Text from the network, apart from its neighbours in direction, and whole in the title where it is cut short. */
export function foreign(text: string | null | undefined, missing = "–", name = ""): HTMLElement {
  if (text === null || text === undefined || text === "") return h("span", { class: `absent ${name}` }, missing);
  const shown = visible(text);
  return h("bdi", { class: `foreign ${name}`, title: shown.length > 18 ? shown : null }, shown);
}

/** A picture by its name in ICONS: decoration, so hidden from readers. */
export function icon(name: keyof typeof ICONS): SVGSVGElement {
  return s("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));
}

const ICONS = {
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  search: "M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 1 0 0-9M10.500 10.500L14 14",
  arrow: "M3 8h10M9 4l4 4l-4 4",
  down: "M8 2.500v8M4.500 7.500L8 11l3.500-3.500M3 13.500h10",
  close: "M4 4l8 8M12 4l-8 8",
  right: "M6 3.500l4.500 4.500L6 12.500",
  warn: "M8 2.500L14.500 13.500H1.500ZM8 6.500v3.200M8 11.300v.6",
  swap: "M2.500 5.500h10M10 3l2.500 2.500L10 8M13.500 10.500h-10M6 8l-2.500 2.500L6 13",
  keys: "M1.500 4.500h13v7.500h-13ZM4 7h.6M7 7h.6M10 7h.6M4.500 9.500h7",
} as const;
