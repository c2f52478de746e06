// Pan and zoom by mouse, touch and keys. One finger up and down scrolls the page; sideways, or two fingers, move the map.
import { SHEET, type View, bounded, zoomed } from "./plane";

export interface Movable {
  view(): View;
  /** Shows another view; `held` while a gesture goes on. */
  move(view: View, held: boolean): void;
  /** The hand is off: fine shapes may be drawn. */
  rest(): void;
  point(x: number, y: number, touch: boolean): void;
  leave(): void;
  pick(x: number, y: number): void;
  step(by: number): void;
  fit(): void;
  hint(text: string): void;
}

const CLICK_PX = 5;

export function gestures(canvas: HTMLCanvasElement, map: Movable): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  let start: { x: number; y: number } | null = null;
  let pinch: { distance: number; x: number; y: number } | null = null;

  const at = (event: PointerEvent | WheelEvent | MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  /** How far apart two fingers are, and what is between them. */
  const spread = (): typeof pinch => {
    const [a, b] = [...pointers.values()];
    if (a === undefined || b === undefined || pointers.size !== 2) return null;
    return { distance: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, at(event));
    canvas.setPointerCapture(event.pointerId);
    moved = 0;
    start = at(event);
    pinch = spread();
    if (pointers.size === 1) canvas.classList.add("held");
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = at(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      map.point(here.x, here.y, false);
      return;
    }
    pointers.set(event.pointerId, here);
    const view = map.view();
    if (pointers.size === 1) {
      if (start) moved = Math.max(moved, Math.hypot(here.x - start.x, here.y - start.y));
      if (moved < CLICK_PX) return;
      map.move(bounded({ ...view, x: view.x - (here.x - before.x) / view.k, y: view.y - (here.y - before.y) / view.k }), true);
    } else if (pointers.size === 2) {
      moved = Infinity;
      const now = spread();
      if (now !== null && pinch !== null) {
        const panned = bounded({ ...view, x: view.x - (now.x - pinch.x) / view.k, y: view.y - (now.y - pinch.y) / view.k });
        map.move(zoomed(panned, now.distance / pinch.distance, now.x, now.y), true);
      }
      pinch = now;
    }
  });
  const end = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId)) return;
    pinch = spread();
    if (pointers.size > 0) return;
    canvas.classList.remove("held");
    const here = at(event);
    if (event.type === "pointerup" && moved < CLICK_PX) map.pick(here.x, here.y);
    map.rest();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => map.leave());
  canvas.addEventListener("dblclick", (event) => {
    const here = at(event);
    map.move(zoomed(map.view(), event.shiftKey ? 0.5 : 2, here.x, here.y), false);
  });

  // A wheel that scrolls the page goes on doing so; it zooms once the map was clicked, or with Ctrl.
  canvas.addEventListener("wheel", (event) => {
    const page = document.scrollingElement;
    const scrolls = page !== null && page.scrollHeight > page.clientHeight + 2;
    if (scrolls && !event.ctrlKey && !event.metaKey && document.activeElement !== canvas) {
      map.hint("Click the map, or hold Ctrl, to zoom with the wheel");
      return;
    }
    event.preventDefault();
    const here = at(event);
    const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1;
    const speed = event.ctrlKey && Math.abs(event.deltaY) < 40 ? 0.01 : 0.0022;
    map.move(zoomed(map.view(), Math.exp(-event.deltaY * unit * speed), here.x, here.y), false);
  }, { passive: false });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const view = map.view();
    const pan = (dx: number, dy: number): void => {
      const far = event.shiftKey ? 0.5 : 0.15;
      map.move(bounded({ ...view, x: view.x + (dx * far * view.width) / view.k, y: view.y + (dy * far * view.height) / view.k }), false);
    };
    const zoom = (factor: number): void => map.move(zoomed(view, factor, view.width / 2, view.height / 2), false);
    switch (event.key) {
      case "ArrowLeft": pan(-1, 0); break;
      case "ArrowRight": pan(1, 0); break;
      case "ArrowUp": pan(0, -1); break;
      case "ArrowDown": pan(0, 1); break;
      case "+": case "=": zoom(1.5); break;
      case "-": case "_": zoom(1 / 1.5); break;
      case "0": map.fit(); break;
      case "n": map.step(1); break;
      case "p": map.step(-1); break;
      case "Escape": map.leave(); return;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
}

/** Views between two, the nearer way round; for a zoom that is seen to happen. */
export function between(a: View, b: View, t: number): View {
  let dx = b.x - a.x;
  dx -= Math.round(dx / SHEET) * SHEET;
  const ease = t < 0.5 ? 2 * t * t : 1 - (2 - 2 * t) ** 2 / 2;
  return bounded({ ...b, x: a.x + dx * ease, y: a.y + (b.y - a.y) * ease, k: a.k * (b.k / a.k) ** ease });
}
