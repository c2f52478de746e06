// What stands on the map's canvas: pixels at places, so that a map that stays empty is no pass.

const SHEET = 1024;
const across = (longitude) => ((longitude + 180) / 360) * SHEET;
const down = (latitude) => SHEET / 2 - (SHEET / (2 * Math.PI)) * Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360));

/** The colours of the map in light: those of src/map/ink.ts. */
export const INK = { ocean: "#d9e6ec", land: "#f6f3ec", first: "#c23b06", second: "#005fa8", select: "#005fa8" };

/** A position as it stands in the address, and where on the canvas places lie there. */
export function position(longitude, latitude, zoom) {
  return {
    query: `map=${longitude.toFixed(2)},${latitude.toFixed(2)},${zoom.toFixed(2)}`,
    /** Pixels from the canvas's middle. */
    at: ([east, north]) => [(across(east) - across(longitude)) * 2 ** zoom, (down(north) - down(latitude)) * 2 ** zoom],
  };
}

/** How many pixels within a distance of a point (from the canvas's middle) have a colour, or nearly. */
export function like(opened, [x, y], reach, colour, selector = ".panel-map canvas") {
  return opened.evaluate(({ x, y, reach, colour, selector, slack }) => {
    const canvas = document.querySelector(selector);
    const ratio = canvas.width / canvas.clientWidth;
    const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    const side = Math.max(1, Math.round(2 * reach * ratio));
    const { data } = canvas.getContext("2d").getImageData(Math.round((canvas.clientWidth / 2 + x - reach) * ratio), Math.round((canvas.clientHeight / 2 + y - reach) * ratio), side, side);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) if (Math.hypot(data[i] - wanted[0], data[i + 1] - wanted[1], data[i + 2] - wanted[2]) < slack) found++;
    return found;
    // Land and sea are near to one another and flat; lines are thin, so that what is below them shines through.
  }, { x, y, reach, colour, selector, slack: colour === INK.land || colour === INK.ocean ? 6 : 90 });
}

/** Waits until so many pixels about a point have a colour, or none where `least` is 0. */
export async function painted(opened, what, point, reach, colour, least = 1, selector = undefined) {
  let found = -1;
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    found = await like(opened, point, reach, colour, selector);
    if (least === 0 ? found === 0 : found >= least) return;
    await opened.waitForTimeout(100);
  }
  throw new Error(`never painted: ${what} (${found} pixels of ${colour})`);
}

/** Of points along a way, the share that has a colour beside it. */
export async function along(opened, points, colour) {
  const found = await Promise.all(points.map((point) => like(opened, point, 3, colour)));
  return found.filter((pixels) => pixels > 0).length / points.length;
}

/** How many colours a canvas has. */
export function colours(opened, selector) {
  return opened.evaluate((selector) => {
    const canvas = document.querySelector(selector);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0) found.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return found.size;
  }, selector);
}

/** From now on the page counts, in each frame of the map, the marks whose middle is painted in the colour of a route: `window.marks` has every number, in order, `window.middles` where marks are now. */
export function counting(opened) {
  return opened.addInitScript(() => {
    window.marks = [];
    const { arc, fillRect } = CanvasRenderingContext2D.prototype;
    let middles = new Map();
    const count = (context, ratio) => {
      const inked = [...middles.values()].filter(([x, y]) => {
        const [red, green, blue] = context.getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data;
        return Math.abs(red - 0xc2) + Math.abs(green - 0x3b) + Math.abs(blue - 0x06) < 60;
      }).length;
      window.middles = [...middles.values()];
      if (window.marks.at(-1) !== inked) window.marks.push(inked);
    };
    CanvasRenderingContext2D.prototype.fillRect = function (x, y, width, height) {
      // A frame begins with the ocean over everything; once it is painted its marks are looked at.
      if (x === 0 && y === 0 && this.canvas.closest?.(".map") && width === this.canvas.clientWidth && height === this.canvas.clientHeight) {
        middles = new Map();
        queueMicrotask(() => count(this, this.canvas.width / this.canvas.clientWidth));
      }
      return fillRect.call(this, x, y, width, height);
    };
    CanvasRenderingContext2D.prototype.arc = function (x, y, ...rest) {
      if (this.canvas.closest?.(".map")) middles.set(`${Math.round(x)} ${Math.round(y)}`, [x, y]);
      return arc.call(this, x, y, ...rest);
    };
  });
}
