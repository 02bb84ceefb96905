// What layers have in common: reading the viewport's data, explaining themselves in a legend.

import { bboxOf } from "./leafletmap.js";
import { say } from "./say.js";

/** Events come by the dozen; figures need not be read for each. */
const REST_MS = 10_000;

export function element(name, css = "", text = "") {
  const made = document.createElement(name);
  if (css) made.className = css;
  made.textContent = text;
  return made;
}

export class Layer {
  /** shared: { live, legends, query() }. A subclass has url(), take(answer), clear() and may override address(). */
  constructor({ live, legends, query }) {
    this.live = live;
    this.map = live.map;
    this.query = query;
    this.legends = legends;
    this.isOn = false;
    this.last = -Infinity;
    this.map.on("moveend", () => this.isOn && this.load());
  }

  show(on) {
    const isOn = Boolean(on);
    if (isOn === this.isOn) return;
    this.isOn = isOn;
    if (isOn) this.load();
    else this.stop();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.asked?.abort();
    this.explain(null);
    this.clear();
  }

  refresh({ now = false } = {}) {
    if (!this.isOn) return;
    if (now) {
      this.load();
      return;
    }
    this.timer ||= setTimeout(() => this.load(), Math.max(0, this.last + REST_MS - performance.now()));
  }

  address() {
    const query = new URLSearchParams({ bbox: bboxOf(this.map), zoom: String(this.map.getZoom()) });
    return `${this.url()}?${query}`;
  }

  async load() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.last = performance.now();
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    try {
      const answer = await fetch(this.address(), { signal: asked.signal });
      if (!answer.ok) throw new Error(`${this.constructor.name}: ${answer.status}`);
      const data = await answer.json();
      if (this.isOn && !asked.signal.aborted) this.take(data);
    } catch (error) {
      if (error.name === "AbortError" || !this.isOn) return;
      console.warn(error);
      this.explain(element("p", "legend-note", say("layer_failed")));
    }
  }

  /** Put `content` under a heading into the legend; null takes the layer's part out. */
  explain(content, title = "") {
    if (!content) {
      this.legend?.remove();
      this.legend = null;
      this.showLegends();
      return;
    }
    if (!this.legend) {
      this.legend = element("section", "legend-part");
      this.legends.append(this.legend);
    }
    this.legend.dataset.layer = this.name;
    this.legend.replaceChildren(...(title ? [element("h3", "", title)] : []), ...[content].flat());
    this.showLegends();
  }

  showLegends() {
    this.legends.closest("details").hidden = !this.legends.firstChild;
  }
}
