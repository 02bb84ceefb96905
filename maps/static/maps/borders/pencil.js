// Drawing a line or an outline with Leaflet-Geoman: point by point, snapping to the borders that are there. Works with
// the mouse, with fingers, and with the keyboard: the arrow keys move the map below a cross in its middle.

import { onLattice } from "./shapes.js";

const REACH = 16;

export class Pencil {
  /** options.onDone(points), options.onPoints(number). */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.kind = null;
    map.on("pm:create", ({ layer }) => this.done(layer));
    map.on("pm:drawstart", ({ workingLayer }) => {
      workingLayer.on("pm:vertexadded pm:vertexremoved", () => options.onPoints(workingLayer.getLatLngs().length));
    });
  }

  /** `Line` or `Polygon`. A line ends where it meets a border again. */
  start(kind) {
    this.stop();
    this.kind = kind;
    const renderer = L.svg();
    const style = (className) => ({ renderer, className, fill: false });
    this.map.doubleClickZoom.disable();
    this.map.pm.enableDraw(kind, {
      snappable: true,
      snapDistance: REACH,
      snapMiddle: false,
      tooltips: false,
      cursorMarker: true,
      continueDrawing: false,
      allowSelfIntersection: false,
      finishOn: kind === "Line" ? "snap" : null,
      templineStyle: style("border-drawing"),
      hintlineStyle: style("border-drawing border-drawing-next"),
      pathOptions: style("border-drawing"),
    });
  }

  stop() {
    if (!this.kind) return;
    this.kind = null;
    this.map.pm.disableDraw();
    this.map.doubleClickZoom.enable();
  }

  done(layer) {
    layer.remove();
    const points = layer.getLatLngs().flat(2).map(({ lat, lng }) => onLattice([lng, lat]));
    this.kind = null;
    this.map.doubleClickZoom.enable();
    this.options.onDone(points);
  }

  /** The line ends here. */
  finish() {
    this.shape?._finishShape();
  }

  /** Take the last point back. */
  back() {
    const { shape } = this;
    if (!shape) return;
    const { kind } = this;
    shape._removeLastVertex();
    // Geoman stops when the only point goes; the person goes on.
    if (!shape.enabled()) this.start(kind);
    this.options.onPoints(shape._layer?.getLatLngs().flat().length ?? 0);
  }

  /** A point in the middle of the map, for whoever has no mouse. */
  middle() {
    const latlng = this.map.getCenter();
    const at = { latlng, layerPoint: this.map.latLngToLayerPoint(latlng), containerPoint: this.map.latLngToContainerPoint(latlng) };
    this.map.fire("mousemove", at);
    this.map.fire("click", at);
  }

  get shape() {
    return this.kind && this.map.pm.Draw[this.kind];
  }
}
