// What stands out, one after the other: its sentence, and the map goes there. After the last one the whole comes back.

import { calm } from "../leafletmap.js";
import { palette } from "../palette.js";
import { config, say } from "../say.js";

const SHOW_MS = 20_000;
/** A grid fills the map no further than this; where everything is drawn larger, by as much further. */
const CLOSEST = 15;
/** Told apart without colours too, as in the list of what stands out. */
const LOOKS = {
  hot_spot: { colour: "red", dash: null },
  sudden: { colour: "red", dash: "2 6" },
  rising: { colour: "yellow", dash: "10 5" },
  silent: { colour: "none", dash: "1 7" },
};

export class Spotlight {
  constructor(map, page) {
    this.map = map;
    this.page = page;
    this.findings = [];
    /** Of the findings, the one that is shown; -1: the whole. */
    this.turn = -1;
    // One layer for good: its shapes are replaced, never added to.
    this.shapes = L.geoJSON(null, {
      pane: "linli-areas",
      renderer: L.svg({ pane: "linli-areas" }),
      interactive: false,
      style: ({ properties }) => this.style(properties),
    }).addTo(map);
    this.home();
    map.on("resize", () => this.turn < 0 && this.home());
    setInterval(() => this.next(), SHOW_MS);
  }

  part(name) {
    return this.page.querySelector(`[data-spot-${name}]`);
  }

  style({ kind }) {
    const { colour, dash } = LOOKS[kind];
    const ink = palette()[colour];
    return { color: ink, weight: 3 * palette().scale, dashArray: dash, fillColor: ink, fillOpacity: 0.3 };
  }

  /** What was worked out last; begins anew only if it is something else. */
  show({ findings, grids, day }) {
    const same = JSON.stringify([findings.map(({ id, sentence }) => [id, sentence]), day]);
    if (same === this.same) return;
    this.same = same;
    this.findings = findings;
    this.grids = grids.features;
    this.part("day").textContent = day && say("looked_at", { day });
    this.turn = -1;
    this.next();
  }

  next() {
    const { length } = this.findings;
    if (!length) {
      this.part("words").textContent = say(this.part("day").textContent ? "nothing_stands_out" : "not_worked_out");
      this.part("place").textContent = "";
      this.shapes.clearLayers();
      return;
    }
    this.turn = this.turn + 1 < length ? this.turn + 1 : -1;
    if (this.turn < 0) this.rest();
    else this.point(this.findings[this.turn]);
  }

  /** The whole map, with all that stands out marked; the first sentence comes back with the next turn. */
  rest() {
    this.shapes.clearLayers().addData(this.grids);
    this.home({ gently: true });
  }

  point({ id, title, sentence }) {
    this.part("words").textContent = sentence;
    this.part("place").textContent = `${title} · ${this.turn + 1}/${this.findings.length}`;
    const own = this.grids.filter(({ properties }) => properties.items.includes(id));
    this.shapes.clearLayers().addData(own);
    const bounds = this.shapes.getBounds();
    if (bounds.isValid()) this.go(bounds.pad(0.6), { gently: true });
    else this.home({ gently: true });
  }

  home(how) {
    if (config.bounds) this.go(L.latLngBounds(config.bounds), how);
  }

  /** Keeps clear of what lies over the map. */
  go(bounds, { gently = false } = {}) {
    const top = this.page.querySelector(".wall-legend").offsetHeight + 24;
    const bottom = this.page.querySelector(".wall-spot").offsetHeight + 24;
    const options = { paddingTopLeft: [24, top], paddingBottomRight: [24, bottom], maxZoom: CLOSEST + Math.log2(palette().scale) };
    if (gently && !calm.matches) this.map.flyToBounds(bounds, { ...options, duration: 2.5 });
    else this.map.fitBounds(bounds, { ...options, animate: false });
  }
}
