// Cases on the map: single ones as shapes, many as rings that say how many of each light. All on one canvas.

import { hasEnded, lightOf, now } from "./cases.js";
import { CanvasLayer } from "./canvaslayer.js";
import { calm } from "./leafletmap.js";
import { onTheme, palette } from "./palette.js";
import { forgetSprites, sprite } from "./shapes.js";

const LIGHTS = ["red", "yellow", "green", "none"];
/** Drawn last, so on top. */
const ORDER = { none: 0, green: 1, yellow: 2, red: 3 };
const REACH = 16;
const PULSE_MS = 2_400;
/** In a rush more rings than these say nothing more. */
const MOST_PULSES = 40;

function radiusOf(count) {
  return Math.min(15 + 2.6 * Math.log2(count), 30) * palette().scale;
}

export const Markers = CanvasLayer.extend({
  initialize() {
    CanvasLayer.prototype.initialize.call(this, { pane: "linli-cases" });
    this.points = new Map();
    this.clusters = [];
    this.pulses = 0;
    /** What time it is on the map; a replay sets another clock. */
    this.clock = now;
    onTheme(() => {
      forgetSprites();
      this.redraw();
    });
  },

  /** Replace everything. */
  show({ points, clusters }) {
    this.points = new Map(points.map((one) => [one.id, one]));
    this.clusters = clusters;
    this.redraw();
  },

  put(one) {
    this.points.set(one.id, one);
    this.redraw();
  },

  remove(id) {
    this.points.delete(id);
    this.redraw();
  },

  draw(context, project) {
    this.fire("drawn");
    const colours = palette();
    const at = this.clock();
    const ordered = [...this.points.values()].filter((one) => one.lon !== null);
    const rank = (one) => (hasEnded(one) ? -1 : ORDER[lightOf(one, at)] + (one.urgent ? 0.5 : 0));
    ordered.sort((one, other) => rank(one) - rank(other));
    for (const cluster of this.clusters) this.drawCluster(context, project(cluster.lon, cluster.lat), cluster, colours);
    for (const one of ordered) {
      const look = {
        light: lightOf(one, at),
        state: one.state,
        ended: hasEnded(one),
        urgent: one.urgent,
        size: 22 * colours.scale,
      };
      const { canvas, width } = sprite(look, colours);
      const { x, y } = project(one.lon, one.lat);
      context.drawImage(canvas, x - width / 2, y - width / 2, width, width);
    }
  },

  /** Boxes of the clusters, for names to keep clear of. */
  boxes(project) {
    return this.clusters.map(({ lon, lat, count }) => {
      const { x, y } = project(lon, lat);
      const radius = radiusOf(count);
      return [x - radius, y - radius, x + radius, y + radius];
    });
  },

  drawCluster(context, { x, y }, { count, lights }, colours) {
    const radius = radiusOf(count);
    context.beginPath();
    context.arc(x, y, radius + 2, 0, 2 * Math.PI);
    context.fillStyle = colours["marker-rim"];
    context.fill();
    let start = -Math.PI / 2;
    LIGHTS.forEach((light, n) => {
      if (!lights[n]) return;
      const end = start + (2 * Math.PI * lights[n]) / count;
      context.beginPath();
      context.moveTo(x, y);
      context.arc(x, y, radius, start, end);
      context.closePath();
      context.fillStyle = colours[light];
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = colours["marker-rim"];
      if (lights[n] < count) context.stroke();
      start = end;
    });
    context.beginPath();
    context.arc(x, y, radius - 6 * colours.scale, 0, 2 * Math.PI);
    context.fillStyle = colours.cluster;
    context.fill();
    context.fillStyle = colours["cluster-ink"];
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `650 ${(count > 999 ? 12 : 14) * colours.scale}px ${colours.font}`;
    context.fillText(String(count), x, y + 1);
  },

  /** What is at a point of the map's container: { one }, { cluster } or null. The topmost wins. */
  hit(containerPoint) {
    const near = (lon, lat) => this._map.latLngToContainerPoint([lat, lon]).distanceTo(containerPoint);
    let best = null, distance = REACH * palette().scale;
    for (const one of this.points.values()) {
      if (one.lon === null) continue;
      const away = near(one.lon, one.lat);
      if (away <= distance) [best, distance] = [{ one }, away];
    }
    if (best) return best;
    for (const cluster of this.clusters) {
      if (near(cluster.lon, cluster.lat) <= radiusOf(cluster.count)) return { cluster };
    }
    return null;
  },

  /** Ring a place for a moment; without motion the ring just stands there. */
  pulse(one) {
    if (!this._map || one.lon === null || document.hidden || this.pulses >= MOST_PULSES) return;
    this.pulses += 1;
    const ring = document.createElement("span");
    ring.className = "pulse-ring";
    const icon = L.divIcon({ html: ring, className: `pulse-icon pulse-${lightOf(one)}`, iconSize: [56, 56] });
    const options = { icon, pane: "linli-pulses", interactive: false, keyboard: false };
    const marker = L.marker([one.lat, one.lon], options).addTo(this._map);
    const end = () => {
      this.pulses -= 1;
      marker.remove();
    };
    setTimeout(end, calm.matches ? PULSE_MS / 2 : PULSE_MS);
  },
});
