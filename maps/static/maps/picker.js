// A pin on a map for a form: drag it, tap the map, or let the device say where it is. Writes WGS-84 degrees into
// two inputs and announces it with a bubbling `linli:placed` event ({ lon, lat } in its detail).

import { calm, mapIn } from "./leafletmap.js";
import { Outlines } from "./outlines.js";

const CLOSE = 17;
const SVG = "http://www.w3.org/2000/svg";

function pinIcon() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 36 48");
  svg.setAttribute("class", "picker-pin");
  for (const [name, attributes] of [
    ["ellipse", { cx: 18, cy: 45, rx: 7, ry: 2.4, class: "picker-pin-shadow" }],
    ["path", { d: "M18 2a15 15 0 0 1 15 15c0 10.5-15 27-15 27S3 27.5 3 17A15 15 0 0 1 18 2z", class: "picker-pin-body" }],
    ["circle", { cx: 18, cy: 17, r: 5.5, class: "picker-pin-eye" }],
  ]) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return L.divIcon({ html: svg, className: "picker-icon", iconSize: [36, 48], iconAnchor: [18, 45] });
}

class Picker {
  constructor(element) {
    this.element = element;
    this.inputs = [document.getElementById(element.dataset.lon), document.getElementById(element.dataset.lat)];
    this.said = element.querySelector("[data-said]");
    this.map = mapIn(element.querySelector(".map-frame"));
    this.outlines = new Outlines(this.map, { url: element.dataset.outlines });
    this.home = this.map.getBounds();
    this.look(element.dataset.view, element.dataset.chosen);
    this.outlines.load();
    this.map.on("click", ({ latlng }) => this.place(latlng));
    element.querySelector("[data-here]").addEventListener("click", () => this.locate());
    element.querySelector("[data-middle]").addEventListener("click", () => this.place(this.map.getCenter()));
    // The form names another area to look at: { bbox: "west,south,east,north", code }.
    element.closest("form")?.addEventListener("linli:look", ({ detail }) => this.look(detail.bbox, detail.code));
    for (const input of this.inputs) input.addEventListener("change", () => this.follow());
    this.follow();
  }

  /** Where the inputs say the place is; null when they are empty. */
  get written() {
    const [lon, lat] = this.inputs.map((input) => (input.value.trim() === "" ? NaN : Number(input.value)));
    return Number.isFinite(lon) && Number.isFinite(lat) ? L.latLng(lat, lon) : null;
  }

  /** Show an area and mark it; a pin that is set keeps the map where it is. */
  look(bbox, code = "") {
    this.outlines.choose(code || null);
    if (!bbox || this.written) return;
    const [west, south, east, north] = bbox.split(",").map(Number);
    this.map.fitBounds([[south, west], [north, east]], { animate: false });
  }

  /** The inputs were filled in by somebody else, such as a photo's position: show it. */
  follow() {
    const place = this.written;
    if (!place) {
      // Another way of naming the place was used: a pin left standing would say something else.
      this.pin?.remove();
      this.pin = null;
      this.said.textContent = "";
      return;
    }
    this.show(place);
    this.map.setView(place, Math.max(this.map.getZoom(), CLOSE), { animate: false });
  }

  show(place) {
    if (this.pin) {
      this.pin.setLatLng(place);
      return;
    }
    const { pinTitle } = this.element.dataset;
    this.pin = L.marker(place, { icon: pinIcon(), draggable: true, title: pinTitle, alt: pinTitle, autoPan: true });
    this.pin.on("dragend", () => this.place(this.pin.getLatLng()));
    this.pin.addTo(this.map);
  }

  place(latlng, sentence = this.element.dataset.placed) {
    const place = latlng.wrap();
    this.show(place);
    const [lon, lat] = [place.lng, place.lat].map((degrees) => Number(degrees.toFixed(6)));
    const values = [String(lon), String(lat)];
    const changed = this.inputs.some((input, n) => input.value !== values[n]);
    this.inputs.forEach((input, n) => (input.value = values[n]));
    this.said.textContent = sentence;
    if (changed) this.element.dispatchEvent(new CustomEvent("linli:placed", { bubbles: true, detail: { lon, lat } }));
  }

  locate() {
    const { finding, denied } = this.element.dataset;
    if (!navigator.geolocation) {
      this.said.textContent = denied;
      return;
    }
    this.said.textContent = finding;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.located(coords),
      () => (this.said.textContent = denied),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 },
    );
  }

  located({ longitude, latitude, accuracy }) {
    const { outside, rough, found } = this.element.dataset;
    const place = L.latLng(latitude, longitude);
    if (!this.home.pad(1).contains(place)) {
      this.said.textContent = outside;
      return;
    }
    this.map.setView(place, CLOSE, { animate: !calm.matches });
    this.place(place, accuracy > 50 ? rough.replace("{n}", Math.round(accuracy)) : found);
  }
}

for (const element of document.querySelectorAll("[data-picker]")) element.picker = new Picker(element);
