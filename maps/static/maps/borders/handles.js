// The points of the chosen grid's border: dragged, nudged with the arrow keys, added, removed. While a point is dragged
// all grids that have it follow; letting go makes it one operation.
//
// Fires "moving" (detail.grids: the borders while dragging) and "operation" (detail.operation, detail.nudge).

import { say } from "../say.js";
import { cornersOf, middlesOf, snapped } from "./corners.js";
import { el } from "./dom.js";
import { insertPoint, keyOf, movePoint, onLattice } from "./shapes.js";
import { list } from "./words.js";

const REACH = 12;
/** Sides shorter than this on the screen have no handle in their middle. */
const SHORTEST = matchMedia("(pointer: coarse)").matches ? 72 : 40;
const STEP = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const FAR = 10;
/** The arrow keys rest this long: then it is done. */
const REST_MS = 700;

export class Handles extends EventTarget {
  constructor(chart, work) {
    super();
    this.chart = chart;
    this.work = work;
    this.layer = L.layerGroup().addTo(chart.map);
    this.markers = new Map();
    /** Whether the community's own border may be moved: said by the person, for it changes more than these grids. */
    this.outer = false;
    chart.map.on("zoomend", () => this.code && !this.moving && this.build());
  }

  /** Show the points of a grid; null: none. */
  show(code) {
    this.settle();
    this.code = code;
    this.build();
  }

  build() {
    if (this.moving) return;
    const focused = [...this.markers].find(([, marker]) => marker.getElement() === document.activeElement)?.[0];
    this.layer.clearLayers();
    this.markers.clear();
    const grid = this.code && this.work.grid(this.code);
    if (!grid) return;
    for (const middle of middlesOf(grid, this.outer ? null : this.corners)) this.addMiddle(middle);
    this.points(grid).forEach((corner, n) => this.addCorner(corner, n));
    const again = this.wanted ?? focused;
    this.wanted = null;
    if (again && this.markers.has(again)) this.focus(again);
  }

  /** The grid's points in order; with the outer border free, all of them may be moved. */
  points(grid) {
    const found = cornersOf(grid, this.work.grids, this.corners);
    return this.outer ? found.map((one) => (one.kind === "free" ? one : { ...one, kind: "outer" })) : found;
  }

  addCorner(corner, n) {
    const { point, key, kind } = corner;
    const title = titleOf(corner, n);
    const marker = this.marker(point, `border-handle border-handle-${kind}${corner.names.length ? " is-shared" : ""}`, {
      title,
      alt: title,
      draggable: kind !== "fixed",
      zIndexOffset: 1000,
    });
    this.markers.set(key, marker);
    const element = marker.getElement();
    element.dataset.point = key;
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", kind === "fixed" ? title : `${title}. ${say("vertex_keys")}`);
    element.addEventListener("keydown", (event) => this.pressed(event, corner));
    element.addEventListener("blur", () => this.settle());
    marker.on("click", () => element.focus());
    marker.on("contextmenu", ({ originalEvent }) => {
      L.DomEvent.preventDefault(originalEvent);
      this.remove(corner);
    });
    if (kind !== "fixed") this.drags(marker, corner);
  }

  addMiddle({ edge, point }) {
    const { chart } = this;
    if (chart.pixels(edge[0]).distanceTo(chart.pixels(edge[1])) < SHORTEST) return;
    const marker = this.marker(point, "border-handle border-handle-middle", {
      title: say("midpoint"),
      draggable: true,
      keyboard: false,
    });
    marker.on("click", () => this.finish({ edge }, onLattice(point)));
    const codes = new Set(this.work.grids.filter((one) => insertPoint([one], edge, point)[0] !== one).map(({ code }) => code));
    const at = onLattice(point);
    this.drags(marker, { point: at, key: keyOf(at), codes, kind: "free", edge });
  }

  marker(point, className, options) {
    const icon = L.divIcon({ className, iconSize: null, html: el("span") });
    const [lon, lat] = point;
    return L.marker([lat, lon], { icon, pmIgnore: true, snapIgnore: true, autoPan: true, ...options }).addTo(this.layer);
  }

  // --- Dragging ------------------------------------------------------------------------------------
  drags(marker, corner) {
    marker.on("dragstart", () => {
      this.settle();
      const { grids } = this.work;
      const start = corner.edge ? insertPoint(grids, corner.edge, corner.point) : grids;
      this.moving = { corner, grids: start, to: corner.point };
    });
    marker.on("drag", ({ originalEvent }) => {
      const { lat, lng } = marker.getLatLng();
      this.moveTo(corner, [lng, lat], { free: originalEvent?.altKey });
      marker.setLatLng([...this.moving.to].reverse());
    });
    marker.on("dragend", () => {
      const { to } = this.moving;
      this.moving = null;
      this.wanted = keyOf(to);
      this.finish(corner, to);
    });
  }

  moveTo(corner, point, { free = false, reach = REACH } = {}) {
    const { grids } = this.moving;
    const edge = corner.kind === "slide" ? this.corners.edgeAt(corner.point) : null;
    const pixels = (place) => this.chart.pixels(place);
    const rest = free && !edge ? point : snapped(point, { grids, own: corner.codes, edge, reach, pixels });
    this.moving.to = onLattice(rest);
    const moved = movePoint(grids, corner.point, this.moving.to);
    this.chart.follow(moved);
    this.dispatchEvent(new CustomEvent("moving", { detail: { grids: moved } }));
  }

  finish(corner, to, { nudge = false } = {}) {
    if (corner.edge) this.tell({ do: "insert", edge: corner.edge, at: to, ...(this.corners.isOuter(corner.edge) && { outline: true }) });
    else if (keyOf(to) !== corner.key) this.tell({ do: "move", from: corner.point, to, ...this.onOutline(corner.point) }, nudge);
    else this.chart.follow(this.work.grids);
  }

  /** The server moves a point of the community's border only when told so; sliding along it is told too. */
  onOutline(point) {
    return this.corners.edgeAt(point) ? { outline: true } : {};
  }

  tell(operation, nudge = false) {
    this.dispatchEvent(new CustomEvent("operation", { detail: { operation, nudge } }));
  }

  // --- Keys ------------------------------------------------------------------------------------
  pressed(event, corner) {
    if (event.ctrlKey || event.metaKey) return;
    if (STEP[event.key]) this.nudge(corner, STEP[event.key], event.shiftKey ? FAR : 1);
    else if (event.key === "Delete" || event.key === "Backspace") this.remove(corner);
    else if (event.key === "Insert" || event.key === "+") this.addBeside(corner);
    else if (event.key === "Enter") this.settle();
    else if (event.key === "Escape" && this.moving) this.giveUp();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  nudge(corner, [x, y], times) {
    if (corner.kind === "fixed") {
      this.say(say("point_fixed"));
      return;
    }
    this.moving ??= { corner, grids: this.work.grids, to: corner.point, nudge: true };
    this.moveTo(corner, this.chart.beside(this.moving.to, x * times, y * times), { free: true, reach: 0 });
    const [lon, lat] = this.moving.to;
    this.markers.get(corner.key).setLatLng([lat, lon]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), REST_MS);
  }

  /** What the arrow keys did so far becomes one operation. */
  settle() {
    clearTimeout(this.timer);
    if (!this.moving?.nudge) return;
    const { corner, to } = this.moving;
    this.moving = null;
    if (document.activeElement === this.markers.get(corner.key)?.getElement()) this.wanted = keyOf(to);
    this.finish(corner, to, { nudge: true });
  }

  giveUp() {
    clearTimeout(this.timer);
    this.moving = null;
    this.chart.follow(this.work.grids);
    this.build();
  }

  remove(corner) {
    this.settle();
    if (corner.kind === "fixed") this.say(say("point_fixed"));
    else this.tell({ do: "remove", at: corner.point, ...this.onOutline(corner.point) });
  }

  /** A point in the middle of a side that begins or ends here: the first one that has none of the outer border. */
  addBeside(corner) {
    this.settle();
    const middles = middlesOf(this.work.grid(this.code), this.outer ? null : this.corners);
    const found = middles.find(({ edge }) => keyOf(edge[0]) === corner.key) ?? middles.find(({ edge }) => keyOf(edge[1]) === corner.key);
    if (!found) {
      this.say(say("no_side"));
      return;
    }
    const at = onLattice(found.point);
    this.wanted = keyOf(at);
    this.finish({ edge: found.edge }, at);
  }

  say(words) {
    this.dispatchEvent(new CustomEvent("said", { detail: { words } }));
  }

  /** Move the focus to a point, and the map to where it can be seen. */
  focus(key) {
    const marker = this.markers.get(key);
    if (!marker) return;
    const { lat, lng } = marker.getLatLng();
    this.chart.goToPoint([lng, lat]);
    marker.getElement().focus({ preventScroll: true });
  }

  get corners() {
    return this.work.corners;
  }
}

/** What a point is called: its number along the border, and whose it also is. */
export function titleOf({ names, kind }, n) {
  if (kind === "fixed") return say("vertex_fixed", { n: n + 1 });
  if (kind === "slide") return say("vertex_edge", { n: n + 1 });
  if (kind === "outer") return say("vertex_outer", { n: n + 1 });
  return names.length ? say("vertex_shared", { n: n + 1, names: list(names) }) : say("vertex", { n: n + 1 });
}
