// What is drawn on the live map beside its cases: chosen in a panel, remembered for this person on this device.

import { Deadlines } from "./layerdue.js";
import { Figures } from "./layerfigures.js";
import { Heat } from "./layerheat.js";
import { Staffing } from "./layerstaffing.js";
import { StandingOut } from "./layerstanding.js";
import { config } from "./say.js";

const MEMORY = `linli-layers-${config.user}`;
/** Without a choice the map is what it always was: cases, nothing else. */
const USUAL = ["cases"];

export class Layers {
  /**
   * panel: a form with `name=layer` checkboxes and a `name=figure` select; legends: where layers explain themselves.
   * options.query(): the map's filters; options.onChange(): something was switched.
   */
  constructor(panel, legends, live, options) {
    this.panel = panel;
    this.options = options;
    this.live = live;
    const shared = { live, legends, query: options.query };
    const staffing = new Staffing(shared);
    this.layers = {
      figure: new Figures(shared),
      heat: new Heat(shared),
      members: staffing.part("members"),
      gaps: staffing.part("gaps"),
      due: new Deadlines(shared),
      standing: new StandingOut(shared),
    };
    this.set(this.remembered());
    panel.addEventListener("change", () => this.changed());
    panel.addEventListener("submit", (event) => event.preventDefault());
  }

  remembered() {
    try {
      const kept = JSON.parse(localStorage.getItem(MEMORY));
      return Array.isArray(kept) ? kept : USUAL;
    } catch {
      return USUAL;
    }
  }

  get boxes() {
    return [...this.panel.querySelectorAll("[name=layer]")];
  }

  /** Names of what is on: "cases", "heat", …, "figure:overdue". Also what a link says. */
  get chosen() {
    const on = this.boxes.filter((box) => box.checked).map((box) => box.value);
    const figure = this.panel.elements.figure.value;
    return figure ? [...on, `figure:${figure}`] : on;
  }

  has(name) {
    return this.boxes.some((box) => box.value === name && box.checked);
  }

  set(names) {
    for (const box of this.boxes) box.checked = names.includes(box.value);
    const figure = names.find((name) => name.startsWith("figure:"))?.slice("figure:".length) ?? "";
    const { figure: select } = this.panel.elements;
    select.value = [...select.options].some(({ value }) => value === figure) ? figure : "";
    this.apply();
  }

  changed() {
    try {
      localStorage.setItem(MEMORY, JSON.stringify(this.chosen));
    } catch {
      // A device that keeps nothing shows the usual layers the next time.
    }
    this.apply();
    this.options.onChange();
  }

  apply() {
    this.live.map.getPane("linli-cases").hidden = !this.has("cases");
    for (const [name, layer] of Object.entries(this.layers)) {
      layer.show(name === "figure" ? this.panel.elements.figure.value : this.has(name));
    }
  }

  /** Something happened, or the filters changed: whatever is on reads again, at its own pace. */
  refresh({ now = false } = {}) {
    for (const layer of Object.values(this.layers)) layer.refresh?.({ now });
  }

  /** What a layer says of a place (Leaflet LatLng), for a tip; "" when none says anything. */
  tipAt(place) {
    const area = this.live.outlines.areaAt(place);
    if (!area) return "";
    const said = Object.values(this.layers).map((layer) => layer.tip?.(area.properties) ?? "");
    const lines = said.filter(Boolean);
    return lines.length ? [area.properties.name, ...lines].join(" · ") : "";
  }
}
