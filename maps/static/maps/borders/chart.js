// The borders on the map: grids and their names, the neighbours in grey, what is new, what others changed, what is wrong.
// Drawn as SVG, so that colours come from borders.css and follow the theme.

import { goTo, mapIn } from "../leafletmap.js";
import { el, icon } from "./dom.js";
import { boundsOf, contains, insideOf } from "./shapes.js";

const latLng = ([lon, lat]) => [lat, lon];
/** A shape as Leaflet wants it. */
const latLngs = (shape) => shape.map((polygon) => polygon.map((ring) => ring.map(latLng)));
/** A name is left out where its grid is much narrower. */
const ROOM = 1.3;

export class Chart {
  /** options.onPick(code): a grid was clicked. */
  constructor(frame, options) {
    this.options = options;
    this.map = mapIn(frame);
    this.renderer = L.svg({ pane: "linli-areas", padding: 0.6 });
    this.ground = L.layerGroup().addTo(this.map);
    this.names = L.layerGroup().addTo(this.map);
    this.marks = L.layerGroup().addTo(this.map);
    this.layers = new Map();
    this.grids = [];
    this.classes = new Map();
    this.map.on("zoomend resize", () => this.fitNames());
  }

  path(shape, className, options = {}) {
    return L.polygon(latLngs(shape), { renderer: this.renderer, pane: "linli-areas", className, ...options });
  }

  /** Around and below the grids: neighbours and the community's own border. */
  showGround(community, around) {
    this.ground.clearLayers();
    for (const area of around) {
      this.path(area.shape, "border-around", { interactive: false }).addTo(this.ground);
      this.label(area, "border-name border-name-around").addTo(this.ground);
    }
    this.outline = this.path(community.shape, "border-community", { interactive: false, fill: false }).addTo(this.ground);
    this.community = community;
  }

  /** Go to the community, or to some grids. */
  goTo(shapes = [this.community.shape, ...this.grids.map(({ shape }) => shape)]) {
    const boxes = shapes.filter((shape) => shape.length).map(boundsOf);
    if (!boxes.length) return;
    const edge = (n, choose) => choose(...boxes.map((box) => box[n]));
    goTo(this.map, [edge(0, Math.min), edge(1, Math.min), edge(2, Math.max), edge(3, Math.max)]);
  }

  goToPoint(point) {
    if (!this.map.getBounds().pad(-0.1).contains(latLng(point))) this.map.panTo(latLng(point), { animate: false });
  }

  // --- Grids -----------------------------------------------------------------------------------
  /** Show these grids, in place of the ones before. */
  show(grids) {
    this.grids = grids;
    const codes = new Set(grids.map(({ code }) => code));
    for (const [code, layer] of this.layers) {
      if (codes.has(code)) continue;
      layer.remove();
      this.layers.delete(code);
    }
    for (const grid of grids) this.draw(grid);
    this.outline?.bringToFront();
    this.showNames();
    this.paint();
  }

  draw(grid) {
    const layer = this.layers.get(grid.code);
    if (layer) {
      layer.setLatLngs(latLngs(grid.shape));
      return;
    }
    const drawn = this.path(grid.shape, "border-grid").addTo(this.map);
    drawn.on("click", () => this.options.onPick(grid.code));
    drawn.getElement().dataset.code = grid.code;
    this.layers.set(grid.code, drawn);
  }

  /** Draw grids anew while a point is dragged: only those that changed. */
  follow(grids) {
    for (const [n, grid] of grids.entries()) {
      if (grid === this.grids[n]) continue;
      this.layers.get(grid.code)?.setLatLngs(latLngs(grid.shape));
    }
    this.grids = grids;
  }

  showNames() {
    this.names.clearLayers();
    this.labels = this.grids.filter(({ shape }) => shape.length).map((grid) => {
      const label = this.label(grid, "border-name").addTo(this.names);
      return { grid, label };
    });
    this.fitNames();
  }

  label(area, className, words = area.name) {
    const text = el("span", {}, words);
    const html = el("div", { "aria-hidden": "true" }, text);
    return L.marker(latLng(insideOf(area.shape)), {
      icon: L.divIcon({ html, className, iconSize: null }),
      interactive: false,
      keyboard: false,
      pmIgnore: true,
      snapIgnore: true,
    });
  }

  /** Leave out the names that do not fit into their grids. */
  fitNames() {
    for (const { grid, label } of this.labels ?? []) {
      const [west, , east] = boundsOf(grid.shape);
      const room = this.map.project([0, east]).x - this.map.project([0, west]).x;
      const element = label.getElement();
      if (!element) continue;
      element.hidden = false;
      element.hidden = element.firstElementChild.firstElementChild.offsetWidth > room * ROOM;
    }
  }

  // --- Looks -----------------------------------------------------------------------------------
  /** Mark grids: `looks("is-picked", ["code"])`; replaces what that look was on. */
  looks(name, codes) {
    this.classes.set(name, new Set(codes));
    this.paint();
  }

  paint() {
    for (const [code, layer] of this.layers) {
      const { classList } = layer.getElement();
      for (const [name, codes] of this.classes) classList.toggle(name, codes.has(code));
    }
    // The thick lines lie above the thin ones.
    for (const name of ["is-theirs", "is-wrong", "is-chosen", "is-picked"]) {
      for (const code of this.classes.get(name) ?? []) this.layers.get(code)?.bringToFront();
    }
  }

  /** Signs at places: [{ point, kind, words }]; kinds: wrong, new, keeps. */
  sign(signs) {
    this.marks.clearLayers();
    for (const { point, kind, words } of signs) {
      const html = el("div", {}, kind === "wrong" ? icon("alert-triangle") : "", el("span", {}, words));
      L.marker(latLng(point), {
        icon: L.divIcon({ html, className: `border-sign border-sign-${kind}`, iconSize: null }),
        interactive: false,
        keyboard: false,
        pmIgnore: true,
        snapIgnore: true,
        zIndexOffset: 500,
      }).addTo(this.marks);
    }
  }

  /** Which grids a drawn line may snap to; null: all. */
  snapTo(codes) {
    for (const [code, layer] of this.layers) layer.options.snapIgnore = Boolean(codes) && !codes.includes(code);
    if (this.outline) this.outline.options.snapIgnore = Boolean(codes);
    this.ground.eachLayer((layer) => {
      if (layer !== this.outline && layer instanceof L.Polygon) layer.options.snapIgnore = true;
    });
  }

  at(point) {
    return this.grids.find(({ shape }) => contains(shape, point));
  }

  /** Pixels on the screen. */
  pixels(point) {
    return this.map.latLngToContainerPoint(latLng(point));
  }

  /** The place that many pixels away from another. */
  beside(point, x, y) {
    const { lat, lng } = this.map.containerPointToLatLng(this.pixels(point).add([x, y]));
    return [lng, lat];
  }
}
