// Areas of the viewport: polygons by Leaflet on a canvas, their parents as thicker lines, names on top.

import { CanvasLayer } from "./canvaslayer.js";
import { bboxOf } from "./leafletmap.js";
import { onTheme, palette } from "./palette.js";

/** Areas narrower than this, on the average, leave the naming to their parents. */
const LEGIBLE_PIXELS = 92;
const LINE = 17;
/** A name that is in the way moves down or up a little. */
const SHIFTS = [0, 20, -20, 40, -40];

/** Names inside their areas, where there is room; no name over another. */
const Labels = CanvasLayer.extend({
  initialize(textOf) {
    CanvasLayer.prototype.initialize.call(this, { pane: "linli-labels" });
    this.textOf = textOf;
    this.areas = [];
    this.parents = [];
    /** Boxes [left, top, right, bottom] in layer points that names keep clear of; the markers' owner sets this. */
    this.avoid = () => [];
  },

  show(areas, parents) {
    this.areas = areas;
    this.parents = parents;
    this.redraw();
  },

  draw(context, project) {
    const taken = this.avoid(project);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const width = (feature) => this.widthOf(feature, project);
    const mean = this.areas.reduce((sum, feature) => sum + width(feature), 0) / (this.areas.length || 1);
    const legible = mean >= LEGIBLE_PIXELS * palette().scale || !this.parents.length;
    for (const feature of legible ? this.areas : this.parents) {
      const { properties } = feature;
      const lines = legible ? this.textOf(properties) : [properties.name];
      this.drawLabel(context, project(...properties.label), lines, width(feature), taken);
    }
  },

  drawLabel(context, { x, y }, lines, room, taken) {
    const colours = palette();
    const height = LINE * colours.scale;
    const fonts = lines.map((_, row) => `${row ? 400 : 550} ${(row ? 12 : 13) * colours.scale}px ${colours.font}`);
    const widths = lines.map((line, row) => {
      context.font = fonts[row];
      return context.measureText(line).width;
    });
    const half = Math.max(...widths) / 2 + 4;
    if (half * 2 > room) return;
    const rise = (height * lines.length) / 2;
    const boxAt = (shift) => [x - half, y + shift - rise, x + half, y + shift + rise];
    const shifts = SHIFTS.map((one) => one * colours.scale).filter((one) => Math.abs(one) < room * 0.3);
    const shift = shifts.find((one) => !taken.some((other) => overlap(boxAt(one), other)));
    if (shift === undefined) return;
    taken.push(boxAt(shift));
    lines.forEach((line, row) => {
      const top = y + shift + (row - (lines.length - 1) / 2) * height;
      context.font = fonts[row];
      context.strokeStyle = colours["label-halo"];
      context.lineWidth = 4 * colours.scale;
      context.strokeText(line, x, top);
      context.fillStyle = colours.label;
      context.fillText(line, x, top);
    });
  },

  widthOf({ span: [west, east], properties }, project) {
    const lat = properties.label[1];
    return project(east, lat).x - project(west, lat).x;
  },
});

function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

/** Whether a ring of [lon, lat] goes around a place: an odd number of its edges lie east of it. */
function encloses(ring, lon, lat) {
  let isIn = false;
  ring.forEach(([x, y], at) => {
    const [before, above] = ring[at ? at - 1 : ring.length - 1];
    if (y > lat !== above > lat && lon < ((before - x) * (lat - y)) / (above - y) + x) isIn = !isIn;
  });
  return isIn;
}

/** The server's answer (maps/queries/outlines.py) as GeoJSON: its corners are whole steps, each from the one before. */
function unpacked({ places, origin, areas, ...rest }) {
  const steps = 10 ** places;
  const degrees = (x, y) => [(origin[0] + x) / steps, (origin[1] + y) / steps];
  const ringOf = (flat) => {
    let x = 0, y = 0;
    const ring = [];
    for (let at = 0; at < flat.length; at += 2) ring.push(degrees((x += flat[at]), (y += flat[at + 1])));
    return ring;
  };
  const features = areas.map(({ polygons, label, ...known }) => ({
    type: "Feature",
    properties: { ...known, label: degrees(...label) },
    geometry: { type: "MultiPolygon", coordinates: polygons.map((rings) => rings.map(ringOf)) },
  }));
  return { type: "FeatureCollection", ...rest, features };
}

function spanOf(feature) {
  let west = Infinity, east = -Infinity;
  for (const polygon of feature.geometry.coordinates) {
    for (const [lon] of polygon[0]) {
      if (lon < west) west = lon;
      if (lon > east) east = lon;
    }
  }
  return [west, east];
}

export class Outlines {
  /**
   * options.url: where outlines come from. options.onClick(properties): areas can be clicked.
   * options.textOf(properties): lines of a label; options.tintOf(properties): a fill colour or nothing.
   * options.onLoad(collection): another set is shown.
   */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.chosen = null;
    const renderer = L.canvas({ pane: "linli-areas", padding: 0.15 });
    const shared = { pane: "linli-areas", renderer };
    const clickable = Boolean(options.onClick);
    this.areas = L.geoJSON(null, {
      ...shared,
      interactive: clickable,
      style: (feature) => this.style(feature),
      onEachFeature: clickable ? (feature, layer) => this.bind(feature, layer) : undefined,
    }).addTo(map);
    this.parents = L.geoJSON(null, { ...shared, interactive: false, style: (feature) => this.style(feature) }).addTo(map);
    this.labels = new Labels(options.textOf ?? ((properties) => [properties.name])).addTo(map);
    this.collection = { features: [] };
    onTheme(() => this.restyle());
    map.on("moveend", () => this.load());
  }

  style({ properties }) {
    const colours = palette();
    if (properties.role === "parent") {
      return { color: colours["line-parent"], weight: 2.25, opacity: 1, fill: false };
    }
    const chosen = properties.code === this.chosen;
    return {
      color: chosen ? colours.chosen : colours.line,
      weight: chosen ? 3.5 : 1,
      opacity: 1,
      fillColor: this.options.tintOf?.(properties) || colours.area,
      fillOpacity: 1,
    };
  }

  bind(feature, layer) {
    layer.on({
      click: () => this.options.onClick(feature.properties),
      mouseover: () => feature.properties.code !== this.chosen && layer.setStyle({ weight: 2 }),
      mouseout: () => layer.setStyle(this.style(feature)),
    });
  }

  restyle() {
    this.areas.setStyle((feature) => this.style(feature));
    this.parents.setStyle((feature) => this.style(feature));
    this.areas.eachLayer((layer) => layer.feature.properties.code === this.chosen && layer.bringToFront());
    this.labels.redraw();
  }

  choose(code) {
    this.chosen = code;
    this.restyle();
  }

  /** The area drawn at a place (Leaflet LatLng): a GeoJSON feature, or undefined. */
  areaAt({ lat, lng }) {
    const isHere = ({ properties, span, geometry }) =>
      properties.role === "area" && span[0] <= lng && lng <= span[1]
      && geometry.coordinates.some((rings) => rings.filter((ring) => encloses(ring, lng, lat)).length % 2 === 1);
    return this.collection.features.find(isHere);
  }

  /** Fetch what the viewport needs, unless the last answer covers it at this zoom. */
  async load({ force = false } = {}) {
    const { map } = this;
    const zoom = Math.floor(map.getZoom());
    const bounds = map.getBounds();
    if (!force && this.covered?.zoom === zoom && this.covered.bounds.contains(bounds)) return;
    this.asked?.abort();
    this.asked = new AbortController();
    const query = new URLSearchParams({ bbox: bboxOf(map), zoom: String(map.getZoom()) });
    try {
      const answer = await fetch(`${this.options.url}?${query}`, { signal: this.asked.signal });
      if (!answer.ok) throw new Error(`outlines: ${answer.status}`);
      this.show(unpacked(await answer.json()), zoom);
    } catch (error) {
      if (error.name !== "AbortError") console.warn(error);
    }
  }

  show(collection, zoom) {
    const [west, south, east, north] = collection.bbox;
    this.covered = { zoom, bounds: L.latLngBounds([south, west], [north, east]) };
    this.collection = collection;
    for (const feature of collection.features) feature.span = spanOf(feature);
    const own = collection.features.filter((feature) => feature.properties.role === "area");
    const parents = collection.features.filter((feature) => feature.properties.role === "parent");
    this.areas.clearLayers().addData(own);
    this.parents.clearLayers().addData(parents);
    this.labels.show(own, parents);
    if (this.chosen) this.restyle();
    this.options.onLoad?.(collection);
  }
}
