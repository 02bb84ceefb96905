// What stands out (maps.foresight), over the areas: outlines with a dash for each kind, and sentences to read.

import { Layer, element } from "./layer.js";
import { onTheme, palette } from "./palette.js";
import { config, say } from "./say.js";

/** Colour and dash of a kind, as on the page of what stands out. */
const LOOKS = {
  hot_spot: { colour: "red", dash: null },
  sudden: { colour: "red", dash: "2 6" },
  rising: { colour: "yellow", dash: "10 5" },
  silent: { colour: "none", dash: "1 7" },
};
const SENTENCES = 4;

export class StandingOut extends Layer {
  name = "standing";

  constructor(shared) {
    super(shared);
    this.items = [];
    this.grids = L.geoJSON(null, {
      pane: "linli-areas",
      renderer: L.canvas({ pane: "linli-areas", padding: 0.15 }),
      interactive: false,
      style: ({ properties }) => this.style(properties),
    });
    onTheme(() => this.isOn && this.grids.setStyle(({ properties }) => this.style(properties)));
    this.map.on("moveend", () => this.isOn && this.tell());
  }

  /** The same wherever one looks: read once, and again when asked to. */
  address() {
    return config.urls.standing;
  }

  load() {
    if (this.read) this.take(this.read);
    else super.load();
  }

  refresh({ now = false } = {}) {
    if (now) this.read = null;
  }

  style({ kind }) {
    const { colour, dash } = LOOKS[kind];
    return { color: palette()[colour], weight: 3, dashArray: dash, fill: false };
  }

  take(answer) {
    this.read = answer;
    this.items = answer.items;
    this.grids.clearLayers().addData(answer.grids).addTo(this.map);
    this.tell();
  }

  tell() {
    const here = new Set();
    const bounds = this.map.getBounds();
    this.grids.eachLayer((layer) => {
      if (bounds.intersects(layer.getBounds())) for (const item of layer.feature.properties.items) here.add(item);
    });
    const shown = this.items.filter(({ id }) => here.has(id));
    const list = element("ul", "legend-findings");
    for (const { sentence, url, kind } of shown.slice(0, SENTENCES)) {
      const row = element("li");
      const link = element("a", "", sentence);
      link.href = url;
      row.append(element("span", `legend-line legend-${kind}`), link);
      list.append(row);
    }
    const words = this.items.length ? say("standing_total", { n: shown.length }) : say("standing_none");
    this.explain([element("p", "legend-note", words), list], say("standing"));
  }

  clear() {
    this.grids.remove();
  }
}
