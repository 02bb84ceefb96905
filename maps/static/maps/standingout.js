// The map beside the list of what stands out: its grids over the outlines; list and map point at each other.

import { calm, goTo, mapIn } from "./leafletmap.js";
import { Outlines } from "./outlines.js";
import { onTheme, palette } from "./palette.js";
import { config } from "./say.js";

const page = document.querySelector("[data-standing-out]");
/** Colour and dash of a kind: told apart without colours too, and the list says it in words. */
const LOOKS = {
  hot_spot: { colour: "red", dash: null },
  sudden: { colour: "red", dash: "2 6" },
  rising: { colour: "yellow", dash: "10 5" },
  silent: { colour: "none", dash: "1 7" },
};

const map = mapIn(page.querySelector(".map-frame"));
const outlines = new Outlines(map, { url: config.urls.outlines });
outlines.load();

const grids = L.geoJSON(null, {
  pane: "linli-areas",
  renderer: L.svg({ pane: "linli-areas" }),
  style: (feature) => style(feature),
  onEachFeature: (feature, layer) => layer.on("click", () => choose(feature.properties.items[0], { scroll: true })),
}).addTo(map);
let chosen = 0;

function style({ properties: { kind, items } }) {
  const { colour, dash } = LOOKS[kind];
  const isChosen = items.includes(chosen);
  const ink = palette()[colour];
  return { color: isChosen ? palette().chosen : ink, weight: isChosen ? 4 : 2.5, dashArray: dash, fillColor: ink, fillOpacity: isChosen ? 0.55 : 0.3 };
}

function choose(id, { scroll = false } = {}) {
  chosen = id;
  grids.setStyle(style);
  for (const item of page.querySelectorAll("[data-item]")) {
    const isIt = Number(item.dataset.item) === id;
    item.classList.toggle("is-chosen", isIt);
    if (isIt && scroll) item.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  }
}

function show(id) {
  const bounds = L.latLngBounds([]);
  grids.eachLayer((layer) => layer.feature.properties.items.includes(id) && bounds.extend(layer.getBounds()));
  choose(id);
  if (!bounds.isValid()) return;
  page.querySelector(".foresight-map").scrollIntoView({ block: "nearest" });
  goTo(map, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()], { maxZoom: 15 });
}

async function load() {
  const answer = await fetch(`${config.urls.findings}${location.search}`);
  if (!answer.ok) return;
  grids.addData((await answer.json()).grids);
  const there = new Set(grids.getLayers().flatMap((layer) => layer.feature.properties.items));
  for (const button of page.querySelectorAll("[data-show]")) {
    const id = Number(button.dataset.show);
    button.hidden = !there.has(id);
    button.addEventListener("click", () => show(id));
  }
}

onTheme(() => grids.setStyle(style));
load();
