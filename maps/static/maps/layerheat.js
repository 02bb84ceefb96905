// Where requests gather: a blur over the cases and clusters that the map has, so it always fits its filters.

import { CanvasLayer } from "./canvaslayer.js";
import { Layer, element } from "./layer.js";
import { onTheme, palette } from "./palette.js";
import { say } from "./say.js";

/** Reach of one case, in pixels; a cluster's cell is 64 wide. */
const REACH = 46;
/** Drawn at a third of the size: a blur needs no sharp pixels. */
const COARSE = 3;
/** From few to many, light to dark purple: seen also by those who do not see red and green. */
const RAMP = [[254, 232, 170], [253, 174, 97], [221, 81, 99], [136, 34, 122], [60, 10, 90]];
/** On a dark ground many is light. */
const ramp = () => (document.documentElement.dataset.bsTheme === "dark" ? [...RAMP].reverse() : RAMP);

const Blur = CanvasLayer.extend({
  initialize(markers) {
    CanvasLayer.prototype.initialize.call(this, { pane: "linli-areas" });
    this.markers = markers;
  },

  draw(context, project, bounds) {
    const size = bounds.getSize();
    const coarse = document.createElement("canvas");
    coarse.width = Math.ceil(size.x / COARSE);
    coarse.height = Math.ceil(size.y / COARSE);
    const ink = coarse.getContext("2d", { willReadFrequently: true });
    const spots = [...this.markers.clusters, ...this.markers.points.values()].filter(({ lon }) => lon !== null);
    const most = Math.max(4, ...spots.map(({ count }) => count ?? 1));
    for (const { lon, lat, count = 1 } of spots) {
      const { x, y } = project(lon, lat).subtract(bounds.min);
      this.spot(ink, x / COARSE, y / COARSE, 0.16 + 0.84 * Math.sqrt(count / most));
    }
    this.colour(ink, coarse);
    context.drawImage(coarse, bounds.min.x, bounds.min.y, size.x, size.y);
  },

  spot(ink, x, y, strength) {
    const reach = (REACH * palette().scale) / COARSE;
    const glow = ink.createRadialGradient(x, y, 0, x, y, reach);
    glow.addColorStop(0, `rgba(0,0,0,${strength * 0.75})`);
    glow.addColorStop(0.5, `rgba(0,0,0,${strength * 0.3})`);
    glow.addColorStop(1, "rgba(0,0,0,0)");
    ink.fillStyle = glow;
    ink.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  },

  colour(ink, { width, height }) {
    if (!width || !height) return;
    const image = ink.getImageData(0, 0, width, height);
    const { data } = image;
    const steps = ramp();
    for (let at = 3; at < data.length; at += 4) {
      if (!data[at]) continue;
      const place = (data[at] / 255) * (steps.length - 1);
      const low = Math.min(Math.floor(place), steps.length - 2);
      for (let part = 0; part < 3; part += 1) {
        data[at - 3 + part] = steps[low][part] + (steps[low + 1][part] - steps[low][part]) * (place - low);
      }
      data[at] = Math.min(210, data[at] * 2.2);
    }
    ink.putImageData(image, 0, 0);
  },
});

export class Heat extends Layer {
  name = "heat";

  constructor(shared) {
    super(shared);
    this.blur = new Blur(this.live.markers);
    this.live.markers.on("drawn", () => this.isOn && this.update());
    onTheme(() => this.isOn && this.blur.redraw());
  }

  /** Nothing is read: the cases are there. */
  load() {
    this.blur.addTo(this.map);
    this.update();
  }

  update() {
    this.blur.redraw();
    const { clusters, points } = this.live.markers;
    const n = clusters.reduce((sum, { count }) => sum + count, points.size);
    if (n === this.told) return;
    this.told = n;
    const scale = element("div", "legend-ramp");
    this.explain([scale, element("p", "legend-note", say("heat_scale", { n }))], say("heat"));
  }

  clear() {
    this.told = null;
    this.blur.remove();
  }
}
