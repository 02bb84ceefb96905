// Areas coloured by one figure: open, overdue, in time, satisfied, load. The number stands in the area too.

import { Layer, element } from "./layer.js";
import { onTheme, palette } from "./palette.js";
import { config, say } from "./say.js";

const HATCH = 8;
/** With few classes the colours still reach from light to dark. */
const SHADES = { 1: [3], 2: [1, 5], 3: [1, 3, 5], 4: [1, 2, 4, 5], 5: [1, 2, 3, 4, 5] };

/** Slanting lines for areas without data: a pattern, so that it is no colour of the scale. */
function hatch(ink, ground) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH;
  const context = tile.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, HATCH, HATCH);
  context.strokeStyle = ink;
  context.lineWidth = 1.5;
  for (const shift of [-HATCH, 0, HATCH]) {
    context.moveTo(shift, HATCH);
    context.lineTo(shift + HATCH, 0);
  }
  context.stroke();
  return context.createPattern(tile, "repeat");
}

export class Figures extends Layer {
  name = "figure";

  constructor(shared) {
    super(shared);
    onTheme(() => this.isOn && this.paint());
  }

  url() {
    return config.urls.figures;
  }

  address() {
    return `${super.address()}&name=${this.figure}`;
  }

  /** figure: the name of one, or "". */
  show(figure) {
    const other = figure && figure !== this.figure && this.isOn;
    this.figure = figure || this.figure;
    super.show(figure);
    if (other) this.load();
  }

  take(data) {
    this.data = data;
    this.paint();
    this.explain(this.scale(), data.title);
  }

  clear() {
    this.data = null;
    const { outlines } = this.live;
    outlines.options.tintOf = null;
    outlines.labels.textOf = ({ name }) => [name];
    outlines.restyle();
  }

  paint() {
    if (!this.data) return;
    const { outlines } = this.live;
    this.pattern = hatch(palette().hatch, palette().area);
    outlines.options.tintOf = ({ code }) => this.colourOf(code);
    outlines.labels.textOf = ({ code, name }) => [name, this.wordsOf(code)].filter(Boolean);
    outlines.restyle();
  }

  shades() {
    const { breaks } = this.data;
    return breaks.at(-1) === 0 ? [1] : SHADES[breaks.length] ?? [];
  }

  /** Nothing for an area that is not among those watched. */
  colourOf(code) {
    const found = this.data.values[code];
    if (!found) return null;
    if (found[0] === null) return this.pattern;
    const at = this.data.breaks.findIndex((end) => found[0] <= end);
    return palette()[`class-${this.shades()[at < 0 ? this.data.breaks.length - 1 : at]}`];
  }

  wordsOf(code) {
    const found = this.data.values[code];
    if (!found) return "";
    const [value, n] = found;
    if (value === null) return say("no_data");
    return n === null ? this.written(value) : say("value", { value: this.written(value), n });
  }

  tip({ code }) {
    const said = this.data ? this.wordsOf(code) : "";
    return said && `${this.data.title} ${said}`;
  }

  written(value) {
    return this.data.unit === "share" ? `${Math.round(value * 100)}%` : String(Math.round(value * 10) / 10);
  }

  scale() {
    const { data } = this;
    const list = element("ul", "legend-classes");
    data.breaks.forEach((end, at) => {
      const low = at ? data.breaks[at - 1] : null;
      const words = this.classWords(low, end);
      list.append(this.classRow(`legend-class-${this.shades()[at]}`, words));
    });
    list.append(this.classRow("legend-hatch", say("no_data")));
    const facts = data.of ? say("period_and_n", { period: data.period, n: data.of }) : data.period;
    const parts = [element("p", "legend-note", `${data.meaning} · ${facts}`), list];
    if (data.breaks.length > 2) parts.push(element("p", "legend-note", say("classes")));
    return [...parts, this.table()];
  }

  classWords(low, end) {
    const value = this.written(end);
    if (end === 0) return value;
    if (low === null) return say("up_to", { value });
    return this.isNext(low, end) ? value : say("between", { low: this.written(low), high: value });
  }

  /** Whole numbers that follow each other need no "from – to". */
  isNext(low, end) {
    return this.data.unit === "count" && end - low === 1;
  }

  classRow(css, words) {
    const row = element("li");
    row.append(element("span", `legend-swatch ${css}`), document.createTextNode(words));
    return row;
  }

  /** The map for those who cannot see its colours. */
  table() {
    const names = new Map(this.live.outlines.collection.features.map(({ properties }) => [properties.code, properties.name]));
    const rows = Object.entries(this.data.values).filter(([code]) => names.has(code));
    rows.sort(([, [one]], [, [other]]) => (other ?? -1) - (one ?? -1));
    const details = element("details", "legend-list");
    const list = element("ol");
    for (const [code] of rows.slice(0, 100)) list.append(element("li", "", `${names.get(code)}: ${this.wordsOf(code)}`));
    details.append(element("summary", "", say("as_list")), list);
    return details;
  }
}
