// Who is responsible where, beside the list that says it in words. A click on an area opens its page.

import { goTo, mapIn } from "./leafletmap.js";
import { Outlines } from "./outlines.js";
import { onTheme } from "./palette.js";

/** A symbol goes with each colour. */
const SIGNS = { own: "✓", lent: "↓", none: "!" };
/** Names in one label; of more, the number of the others. */
const NAMES = 2;

/** The areas came with the page: nothing is fetched when the map moves. */
class Given extends Outlines {
  async load() {
    this.labels.redraw();
  }
}

class DutyMap {
  constructor(element) {
    this.element = element;
    this.collection = JSON.parse(document.getElementById("duty-areas").textContent);
    this.map = mapIn(element.querySelector(".map-frame"));
    this.readColours();
    this.outlines = new Given(this.map, {
      onClick: ({ link }) => location.assign(link),
      textOf: (properties) => this.textOf(properties),
      tintOf: (properties) => this.colours[properties.gaps ? "lent" : properties.state],
    });
    onTheme(() => {
      this.readColours();
      this.outlines.restyle();
    });
    goTo(this.map, this.collection.bbox, { animate: false });
    this.outlines.show(this.collection, Math.floor(this.map.getZoom()));
    this.outlines.choose(element.dataset.chosen);
  }

  readColours() {
    const style = getComputedStyle(this.element);
    this.colours = Object.fromEntries(Object.keys(SIGNS).map((state) => [state, style.getPropertyValue(`--duty-${state}`).trim()]));
  }

  textOf({ name, state, who, gaps }) {
    if (gaps) return [name, `${SIGNS.none} ${this.element.dataset.gaps.replace("{n}", gaps)}`];
    if (!who.length) return [name, `${SIGNS.none} ${this.element.dataset.none}`];
    const more = who.length > NAMES ? ` +${who.length - NAMES}` : "";
    return [name, `${SIGNS[state]} ${who.slice(0, NAMES).join(" ")}${more}`];
  }
}

for (const element of document.querySelectorAll("[data-duty-map]")) element.dutyMap = new DutyMap(element);
