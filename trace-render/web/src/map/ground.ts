// What lies below the legs: graticule, land, coasts, borders, and the countries that are all there is to say of a place.
import type { Ink } from "./ink";
import type { Land } from "./land";
import { SHEET, type View, across, copies, down } from "./plane";
import type { Mark } from "./scene";

export function graticule(context: CanvasRenderingContext2D, view: View, colors: Ink): void {
  const every = view.k > 12 ? 5 : view.k > 4 ? 10 : 30;
  context.strokeStyle = colors.graticule;
  context.lineWidth = 1;
  context.beginPath();
  for (let latitude = -80; latitude <= 80; latitude += every) {
    const y = Math.round(view.height / 2 + (down(latitude) - view.y) * view.k) + 0.5;
    context.moveTo(0, y);
    context.lineTo(view.width, y);
  }
  for (let longitude = -180; longitude < 180; longitude += every) {
    const unit = across(longitude);
    const [first, last] = copies(view, unit, unit);
    for (let shift = first; shift <= last; shift++) {
      const x = Math.round(view.width / 2 + (unit + shift * SHEET - view.x) * view.k) + 0.5;
      context.moveTo(x, 0);
      context.lineTo(x, view.height);
    }
  }
  context.stroke();
}

export class Ground {
  private colors: Ink;
  /** Marks that are areas, and the colour of each country that is one. */
  private areaMarks: Mark[] = [];
  private areas = new Map<string, string>();

  constructor(colors: Ink) {
    this.colors = colors;
  }

  /** Which countries are filled, and how; `colorOf` tells the colour of a mark. */
  set(marks: Mark[], colors: Ink, colorOf: (mark: Mark) => string): void {
    this.colors = colors;
    this.areaMarks = marks.filter((mark) => mark.area !== null);
    this.areas = new Map(this.areaMarks.map((mark) => [mark.area ?? "", colorOf(mark)]));
  }

  /** Draws the ground; `fine` with a band of shallow water along the coasts. */
  draw(context: CanvasRenderingContext2D, view: View, land: Land, ratio: number, fine: boolean): void {
    const { colors } = this;
    const half = view.height / 2 / view.k + 2;
    const [first, last] = copies(view, 0, SHEET);
    for (let shift = first; shift <= last; shift++) {
      const left = view.x - view.width / 2 / view.k - shift * SHEET;
      const right = left + view.width / view.k;
      const seen = ({ box }: { box: readonly [number, number, number, number] }): boolean =>
        box[0] <= right && box[2] >= left && box[1] <= view.y + half && box[3] >= view.y - half;
      const k = view.k * ratio;
      context.setTransform(k, 0, 0, k, ratio * (view.width / 2 + (shift * SHEET - view.x) * view.k), ratio * (view.height / 2 - view.y * view.k));
      const coasts = land.coasts.filter(seen);
      context.lineJoin = "round";
      if (fine) {
        context.strokeStyle = colors.shore;
        context.lineWidth = 4 / view.k;
        for (const piece of coasts) context.stroke(piece.path);
      }
      context.fillStyle = colors.land;
      for (const piece of land.countries) if (seen(piece)) context.fill(piece.path);
      this.fillAreas(context, land, view.k);
      context.strokeStyle = colors.border;
      context.lineWidth = 0.8 / view.k;
      for (const piece of land.borders) if (seen(piece)) context.stroke(piece.path);
      context.strokeStyle = colors.coast;
      context.lineWidth = 0.8 / view.k;
      for (const piece of coasts) context.stroke(piece.path);
    }
  }

  private fillAreas(context: CanvasRenderingContext2D, land: Land, k: number): void {
    if (this.areas.size === 0) return;
    const drawn = new Set<string>();
    const paint = (path: Path2D, color: string): void => {
      context.fillStyle = color;
      context.globalAlpha = this.colors.areaAlpha;
      context.fill(path);
      context.globalAlpha = 0.75;
      context.strokeStyle = color;
      context.lineWidth = 1.2 / k;
      context.setLineDash([4 / k, 3 / k]);
      context.stroke(path);
      context.setLineDash([]);
      context.globalAlpha = 1;
    };
    for (const piece of land.countries) {
      const color = piece.code === null ? undefined : this.areas.get(piece.code);
      if (color === undefined || piece.code === null) continue;
      drawn.add(piece.code);
      paint(piece.path, color);
    }
    for (const mark of this.areaMarks) {
      const color = mark.area === null || drawn.has(mark.area) ? undefined : this.areas.get(mark.area);
      if (color === undefined) continue;
      if (mark.shape) paint(mark.shape, color);
      else {
        // Too small for a shape at this detail: a patch around its middle.
        const patch = new Path2D();
        patch.ellipse(mark.x, mark.y, Math.max(0.8, 7 / k), Math.max(0.8, 7 / k), 0, 0, 2 * Math.PI);
        paint(patch, color);
      }
    }
  }
}
