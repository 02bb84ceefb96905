// Deadlines about to be missed: a ring around the case, and how much time is left, in words.

import { CanvasLayer } from "./canvaslayer.js";
import { now } from "./cases.js";
import { Layer, element } from "./layer.js";
import { onTheme, palette } from "./palette.js";
import { config, say, span } from "./say.js";

const HOURS = 24;
const TICK_MS = 60_000;
/** Two words nearer to each other than this would be read as one. */
const APART = 44;

const Rings = CanvasLayer.extend({
  initialize(owner) {
    CanvasLayer.prototype.initialize.call(this, { pane: "linli-labels" });
    this.owner = owner;
  },

  draw(context, project) {
    const colours = palette();
    const { scale } = colours;
    const written = [];
    context.font = `600 ${12 * scale}px ${colours.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const { lon, lat, due_at } of this.owner.rows) {
      const { x, y } = project(lon, lat);
      context.beginPath();
      context.setLineDash([5, 4]);
      context.arc(x, y, 17 * scale, 0, 2 * Math.PI);
      context.lineWidth = 3;
      context.strokeStyle = colours.yellow;
      context.stroke();
      context.setLineDash([]);
      if (written.some(([left, top]) => Math.abs(left - x) < APART * scale && Math.abs(top - y) < 16 * scale)) continue;
      written.push([x, y]);
      const words = say("left", { span: span(Math.max(Date.parse(due_at) - now(), 0)) });
      context.lineWidth = 4 * scale;
      context.strokeStyle = colours["label-halo"];
      context.strokeText(words, x, y + 26 * scale);
      context.fillStyle = colours["cluster-ink"];
      context.fillText(words, x, y + 26 * scale);
    }
  },
});

export class Deadlines extends Layer {
  name = "due";

  constructor(shared) {
    super(shared);
    this.rows = [];
    this.rings = new Rings(this);
    setInterval(() => this.isOn && this.pass(), TICK_MS);
    onTheme(() => this.isOn && this.rings.redraw());
  }

  url() {
    return config.urls.deadlines;
  }

  address() {
    const filters = this.query();
    const kept = new URLSearchParams({ hours: String(HOURS) });
    for (const name of ["category", "area"]) if (filters.has(name)) kept.set(name, filters.get(name));
    return `${super.address()}&${kept}`;
  }

  take({ rows, total }) {
    this.rows = rows;
    this.rings.addTo(this.map).redraw();
    const said = say("due_total", { n: total });
    const words = rows.length < total ? `${said}; ${say("due_most", { n: rows.length })}` : said;
    const sign = element("ul", "legend-classes");
    const row = element("li");
    row.append(element("span", "legend-due"), document.createTextNode(words));
    sign.append(row);
    this.explain(sign, say("due"));
  }

  /** A deadline that has passed is no longer about to. */
  pass() {
    if (this.rows.some(({ due_at }) => Date.parse(due_at) <= now())) this.load();
    else this.rings.redraw();
  }

  clear() {
    this.rows = [];
    this.rings.remove();
  }
}
