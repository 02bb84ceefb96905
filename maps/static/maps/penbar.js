// The bar under the map while something is drawn: what to do, how far one is, done or away. Measuring uses it too.

import { Pen } from "./pen.js";
import { say } from "./say.js";

/** "380 m", "1.24 km". */
export function lengthWords(metres) {
  if (metres < 1_000) return say("metres", { n: Math.round(metres) });
  return say("kilometres", { n: (metres / 1_000).toFixed(metres < 100_000 ? 2 : 0) });
}

/** Along the points, on the ground; Leaflet's places are WGS-84 on every base map. */
export function distance(map, points) {
  return points.slice(1).reduce((sum, place, at) => sum + map.distance(points[at], place), 0);
}

export class PenBar {
  /** bar: holds data-pen-hint, data-pen-said, data-pen-done, data-pen-away, data-pen-shape buttons. */
  constructor(bar, map, options = {}) {
    this.bar = bar;
    this.map = map;
    this.options = options;
    this.pen = null;
    this.part("done").addEventListener("click", () => this.pen?.finish());
    this.part("away").addEventListener("click", () => this.pen?.cancel());
    for (const button of this.shapes) button.addEventListener("click", () => this.draw(button.dataset.penShape, this.onShape));
  }

  part(name) {
    return this.bar.querySelector(`[data-pen-${name}]`);
  }

  get shapes() {
    return [...this.bar.querySelectorAll("[data-pen-shape]")];
  }

  get isOpen() {
    return Boolean(this.pen);
  }

  /** Draw around cases; `onShape(points)` once it is closed. */
  choose(onShape) {
    this.opener = document.activeElement;
    this.draw("box", onShape);
  }

  draw(kind, onShape) {
    this.onShape = onShape;
    this.open(kind, {
      hint: say(kind === "box" ? "box_hint" : "shape_hint"),
      onChange: (points) => {
        if (kind !== "box") this.say(say("corners", { n: points.length }));
        this.part("done").disabled = points.length < 3;
      },
      onDone: (points) => {
        this.close();
        if (points.length > 2) onShape(points);
      },
    });
    for (const button of this.shapes) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(button.dataset.penShape === kind));
    }
    this.part("done").hidden = kind === "box";
    this.part("done").disabled = true;
  }

  measure() {
    this.opener = document.activeElement;
    this.open("line", {
      hint: say("measure_hint"),
      onChange: (points) => this.say(say("measured", { length: lengthWords(distance(this.map, points)) })),
      onDone: () => this.close(),
    });
    for (const button of this.shapes) button.hidden = true;
    this.part("done").hidden = true;
  }

  open(kind, { hint, onChange, onDone }) {
    this.pen?.close();
    this.pen = new Pen(this.map, kind, { onChange, onDone, onCancel: () => this.close() });
    this.bar.hidden = false;
    this.bar.closest("[data-live-page]").classList.add("is-drawing");
    this.part("hint").textContent = hint;
    this.say("");
    this.options.onOpen?.();
    if (kind !== "box") this.map.getContainer().focus({ preventScroll: true });
  }

  say(words) {
    this.part("said").textContent = words;
  }

  close() {
    this.pen = null;
    this.bar.hidden = true;
    this.bar.closest("[data-live-page]").classList.remove("is-drawing");
    this.opener?.focus?.({ preventScroll: true });
  }
}
