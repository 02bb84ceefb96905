// Points set on the map with a pointer, or with the keyboard in its middle: a line, a polygon or a rectangle.
// One pen at a time; Escape puts it away.

import { palette } from "./palette.js";

const DRAG_LEAST = 8;

export class Pen {
  /**
   * kind: "line", "polygon" or "box". options.onChange(points): Leaflet LatLngs so far; options.onDone(points);
   * options.onCancel().
   */
  constructor(map, kind, options) {
    this.map = map;
    this.kind = kind;
    this.options = options;
    this.points = [];
    this.layer = L.layerGroup().addTo(map);
    this.container = map.getContainer();
    this.container.classList.add("map-drawing");
    map.doubleClickZoom.disable();
    this.handlers = kind === "box" ? { mousedown: (event) => this.press(event) } : { click: (event) => this.add(event.latlng) };
    map.on(this.handlers);
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey, true);
    if (kind === "box") {
      map.dragging.disable();
      this.onTouch = (event) => this.pressTouch(event);
      this.container.addEventListener("touchstart", this.onTouch, { passive: false });
    }
  }

  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.cancel();
    } else if (event.key === "Enter" && event.target === this.container && this.kind !== "box") {
      event.preventDefault();
      this.add(this.map.getCenter());
    } else if (event.key === "Backspace" && event.target === this.container) {
      event.preventDefault();
      this.undo();
    }
  }

  add(place) {
    this.points.push(place);
    this.changed();
  }

  undo() {
    this.points.pop();
    this.changed();
  }

  changed() {
    this.draw();
    this.options.onChange?.(this.points);
  }

  draw() {
    const colour = palette().pen;
    const options = { color: colour, weight: 3, fillColor: colour, fillOpacity: 0.12, pane: "linli-labels", interactive: false };
    this.layer.clearLayers();
    const closed = this.kind !== "line" && this.points.length > 2;
    const shape = closed ? L.polygon(this.points, options) : L.polyline(this.points, { ...options, fill: false });
    shape.addTo(this.layer);
    if (this.kind === "box") return;
    for (const place of this.points) L.circleMarker(place, { ...options, radius: 5, fillOpacity: 1 }).addTo(this.layer);
  }

  // --- A rectangle: press, move, let go --------------------------------------------------------------
  press({ originalEvent }) {
    originalEvent.preventDefault();
    this.pull(originalEvent, "mousemove", "mouseup", (event) => event);
  }

  pressTouch(event) {
    if (event.touches.length !== 1) return;
    event.preventDefault();
    this.pull(event.touches[0], "touchmove", "touchend", (moved) => moved.touches[0] ?? moved.changedTouches[0]);
  }

  pull(first, moving, ending, pointOf) {
    const from = this.map.mouseEventToContainerPoint(first);
    let to = from;
    const move = (event) => {
      event.preventDefault();
      to = this.map.mouseEventToContainerPoint(pointOf(event));
      this.points = this.corners(from, to);
      this.changed();
    };
    const end = () => {
      document.removeEventListener(moving, move);
      if (Math.abs(to.x - from.x) < DRAG_LEAST || Math.abs(to.y - from.y) < DRAG_LEAST) return;
      this.finish();
    };
    document.addEventListener(moving, move, { passive: false });
    document.addEventListener(ending, end, { once: true });
  }

  corners(one, other) {
    const at = (x, y) => this.map.containerPointToLatLng([x, y]);
    return [at(one.x, one.y), at(other.x, one.y), at(other.x, other.y), at(one.x, other.y)];
  }

  // --- The end ---------------------------------------------------------------------------------------
  finish() {
    const { points } = this;
    this.close();
    this.options.onDone?.(points);
  }

  cancel() {
    this.close();
    this.options.onCancel?.();
  }

  close() {
    this.layer.remove();
    this.container.classList.remove("map-drawing");
    this.map.off(this.handlers);
    this.map.doubleClickZoom.enable();
    document.removeEventListener("keydown", this.onKey, true);
    if (this.kind === "box") {
      this.map.dragging.enable();
      this.container.removeEventListener("touchstart", this.onTouch);
    }
  }
}
