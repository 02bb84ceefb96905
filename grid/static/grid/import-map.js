// The report on a map: what becomes of each area, and the findings as numbered signs. Findings in the list and on
// the map choose each other. Without this script the list says everything in words.

import { calm, goTo, mapIn } from "../maps/leafletmap.js";

const CLOSEST = 18;
const report = document.querySelector("[data-report]");
const frame = report.querySelector(".map-frame");
const map = mapIn(frame);
const renderer = L.svg({ pane: "linli-areas", padding: 0.5 });
const words = report.dataset;
const markers = new Map(); // number of a finding → marker
const places = new Map(); // number of a finding → [west, south, east, north]
let highlight = null;

/** Colours and patterns live in the page: `#fate-new` and so on, see import/_fates.html and import.css. */
function style({ properties: { fate } }) {
  return {
    className: `fate-line-${fate}`,
    weight: fate === "unchanged" ? 1 : 2,
    dashArray: fate === "retired" ? "6 4" : null,
    fillColor: `url(#fate-${fate})`,
    fillOpacity: fate === "unchanged" ? 0.6 : 0.85,
  };
}

function tooltip({ properties: { name, code, fate } }) {
  const text = document.createElement("span");
  text.textContent = `${name} · ${code} · ${words[`fate${fate[0].toUpperCase()}${fate.slice(1)}`]}`;
  return text;
}

function sign({ n, level }) {
  const number = document.createElement("span");
  number.textContent = n;
  return L.divIcon({ html: number, className: `problem-icon problem-${level}`, iconSize: [28, 28] });
}

function show({ areas, findings, bbox }) {
  const pane = { pane: "linli-areas", renderer };
  const order = ["unchanged", "changed", "new", "retired"];
  areas.features.sort((a, b) => order.indexOf(a.properties.fate) - order.indexOf(b.properties.fate));
  L.geoJSON(areas, { ...pane, style, onEachFeature: (feature, layer) => layer.bindTooltip(tooltip(feature), { sticky: true }) }).addTo(map);
  highlight = L.geoJSON(null, { ...pane, interactive: false, style: { className: "fate-place", weight: 4, fill: false } }).addTo(map);
  for (const finding of findings) {
    if (!finding.place) continue;
    places.set(finding.n, finding.bbox ?? [...finding.place, ...finding.place]);
    const [lon, lat] = finding.place;
    const title = words.finding.replace("{n}", finding.n);
    const marker = L.marker([lat, lon], { icon: sign(finding), title, alt: title, riseOnHover: true });
    marker.on("click keypress", () => choose(finding.n, { from: "map" }));
    marker.geometry = finding.geometry;
    markers.set(finding.n, marker.addTo(map));
  }
  if (bbox) goTo(map, bbox, { animate: false, maxZoom: CLOSEST });
  frame.dataset.ready = "1";
}

/** Mark a finding in the list and on the map; go to where it is in the other of the two. */
function choose(n, { from }) {
  const row = document.getElementById(`finding-${n}`);
  for (const other of report.querySelectorAll(".finding.is-chosen")) other.classList.remove("is-chosen");
  for (const marker of markers.values()) marker.getElement()?.classList.remove("is-chosen");
  const marker = markers.get(n);
  marker?.getElement()?.classList.add("is-chosen");
  highlight.clearLayers();
  if (marker?.geometry) highlight.addData(marker.geometry);
  if (row) {
    row.classList.add("is-chosen");
    for (let box = row.parentElement; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
  }
  if (from === "map") {
    row?.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
    row?.querySelector("[data-show]")?.focus({ preventScroll: true });
  } else if (places.has(n)) {
    goTo(map, places.get(n), { animate: !calm.matches, maxZoom: CLOSEST });
    const box = frame.getBoundingClientRect();
    if (box.bottom < 80 || box.top > innerHeight - 80) frame.scrollIntoView({ block: "center" });
  }
}

report.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (button) choose(Number(button.dataset.show), { from: "list" });
});

async function load() {
  try {
    const answer = await fetch(words.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`report: ${answer.status}`);
    show(await answer.json());
    for (const button of report.querySelectorAll("[data-show]")) {
      button.hidden = !places.has(Number(button.dataset.show));
    }
  } catch (error) {
    console.warn(error);
    report.querySelector("[data-map-failed]").hidden = false;
  }
}

load();
