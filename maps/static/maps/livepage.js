// What the live map and the wall have in common: the map, its cases, the socket.

import { subscribe } from "../realtime/live.js";

import { hasEnded, lightOf, now } from "./cases.js";
import { Cases } from "./data.js";
import { mapIn } from "./leafletmap.js";
import { Markers } from "./markers.js";
import { Outlines } from "./outlines.js";
import { config } from "./say.js";

/** A case that has just ended stays on the map, hollow, for so long. */
const LINGER_MS = 20_000;
const LIGHT_CHECK_MS = 1_000;

export class LivePage {
  /**
   * options: query() and matches(one) of the filters; onPicture(picture), onCase(one), onEvents(events),
   * onRed(cases), onFailure(), onStatus(status, detail).
   */
  constructor(frame, options) {
    this.options = options;
    this.map = mapIn(frame);
    this.markers = new Markers().addTo(this.map);
    this.outlines = new Outlines(this.map, { url: config.urls.outlines });
    this.outlines.labels.avoid = (project) => this.markers.boxes(project);
    this.ended = new Map();
    this.red = new Set();
    this.clustered = false;
    this.cases = new Cases(this.map, {
      filters: options.query,
      onPicture: (picture) => this.show(picture),
      onFailure: options.onFailure,
    });
    this.map.on("moveend", () => this.cases.load());
    this.outlines.load();
    this.cases.load();
    setInterval(() => this.turnLights(), LIGHT_CHECK_MS);
    // For tests and the curious: what is drawn, by case id.
    frame.markers = this.markers;
  }

  listen() {
    subscribe(config.socket, {
      onEvents: (events) => this.hear(events),
      onResync: () => this.reread(),
      onStatus: this.options.onStatus,
    });
  }

  /** Leave the markers to somebody else, who shows the past; lists and feed stay those of the present. */
  hold(clock) {
    this.isHeld = true;
    this.markers.clock = clock;
  }

  release() {
    this.isHeld = false;
    this.markers.clock = now;
    this.cases.load();
  }

  reread() {
    this.cases.load();
    this.options.onResync?.();
  }

  show(picture) {
    if (this.isHeld) {
      this.options.onPicture(picture);
      return;
    }
    this.clustered = picture.clusters.length > 0;
    this.forgetEnded();
    const shown = new Set(picture.points.map((one) => one.id));
    const lingering = [...this.ended.values()].map(({ one }) => one).filter((one) => !shown.has(one.id));
    this.markers.show({ points: [...picture.points, ...lingering], clusters: picture.clusters });
    this.outlines.labels.redraw();
    this.red = new Set(picture.points.filter((one) => lightOf(one) === "red").map((one) => one.id));
    this.options.onPicture(picture);
  }

  /** Events in the order in which they happened. What is known is redrawn at once, then the server is asked. */
  hear(events) {
    const latest = new Map();
    for (const { kind, case: one } of events) {
      if (one && kind !== "request.imported") latest.set(one.id, one);
    }
    for (const one of latest.values()) this.apply(one);
    this.options.onEvents(events);
    if (latest.size || events.some(({ kind }) => kind === "request.imported")) this.cases.refresh();
    if (events.some(({ kind }) => kind.startsWith("areas."))) this.outlines.load({ force: true });
  }

  apply(one) {
    if (one.lon === null || this.isHeld) return;
    const known = this.markers.points.get(one.id);
    const matches = this.options.matches(one);
    if (hasEnded(one) && matches === false && known) this.ended.set(one.id, { one, until: Date.now() + LINGER_MS });
    else this.ended.delete(one.id);
    const isHere = this.map.getBounds().contains([one.lat, one.lon]);
    if (known) {
      const next = { ...known, ...one };
      if (matches !== false || hasEnded(one)) this.markers.put(next);
      else this.markers.remove(one.id);
      this.options.onCase(next);
    } else if (isHere && matches && !this.clustered) {
      this.markers.put(one);
    }
    if (isHere && (known || matches !== false)) this.markers.pulse(one);
  }

  forgetEnded() {
    for (const [id, { until }] of this.ended) if (until < Date.now()) this.ended.delete(id);
  }

  /** Lights turn by themselves: nobody has to tell. */
  turnLights() {
    if (this.isHeld) return;
    const at = now();
    const before = this.ended.size;
    this.forgetEnded();
    if (this.ended.size < before) this.cases.refresh();
    const fresh = [];
    for (const one of this.markers.points.values()) {
      if (lightOf(one, at) !== "red" || hasEnded(one) || this.red.has(one.id)) continue;
      this.red.add(one.id);
      fresh.push(one);
    }
    if (!fresh.length) return;
    this.markers.redraw();
    this.options.onRed?.(fresh);
  }
}
