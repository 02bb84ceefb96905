// The public map: choose a grid on the map or from the lists, see who is on duty. Numbers change as they happen.

import { subscribe } from "../realtime/live.js";

import { AreaChooser } from "./areachooser.js";
import { bboxOf, calm, goTo, mapIn } from "./leafletmap.js";
import { Outlines } from "./outlines.js";
import { config, say } from "./say.js";

const REST_MS = 1_500;

const page = document.querySelector("[data-public-page]");
const part = (name) => page.querySelector(`[data-${name}]`);
const frame = page.querySelector(".map-frame");
const panel = part("panel");
const map = mapIn(frame);
let tallies = {};
let timer = 0;

const outlines = new Outlines(map, {
  url: config.urls.outlines,
  onClick: ({ code }) => choose(code),
  textOf: ({ code, name }) => (tallies[code]?.open ? [name, say("open", { n: tallies[code].open })] : [name]),
  tintOf: ({ code }) => tint(tallies[code]?.open ?? 0),
  onLoad: () => count(),
});

function tint(open) {
  const step = open === 0 ? 0 : open <= 2 ? 1 : open <= 5 ? 2 : 3;
  return getComputedStyle(frame).getPropertyValue(`--tint-${step}`).trim();
}

// --- Numbers ---------------------------------------------------------------------------------------
function countSoon() {
  timer ||= setTimeout(count, REST_MS);
}

async function count() {
  clearTimeout(timer);
  timer = 0;
  const query = new URLSearchParams({ bbox: bboxOf(map), zoom: String(map.getZoom()) });
  try {
    const answer = await fetch(`${config.urls.tallies}?${query}`);
    if (!answer.ok) return;
    tallies = await answer.json();
    outlines.restyle();
    recount();
  } catch (error) {
    console.warn(error);
  }
}

/** The open panel's numbers follow those of the map. */
function recount() {
  const shown = panel.querySelector(".area-panel");
  const tally = shown && tallies[shown.dataset.code];
  if (!tally) return;
  shown.querySelector("[data-open]").textContent = tally.open;
  shown.querySelector("[data-closed]").textContent = tally.closed;
}

// --- Choosing --------------------------------------------------------------------------------------
async function choose(code, { move = false } = {}) {
  outlines.choose(code);
  await window.htmx.ajax("GET", config.urls.area.replace("CODE", encodeURIComponent(code)), { target: panel, swap: "innerHTML" });
  const url = new URL(location.href);
  url.searchParams.set("area", code);
  history.replaceState(history.state, "", url);
  const shown = panel.querySelector(".area-panel");
  if (!shown) return;
  if (move && shown.dataset.bbox) goTo(map, shown.dataset.bbox.split(",").map(Number));
  if (!move) shown.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
}

new AreaChooser(part("areas"), {
  url: config.urls.areas,
  onChoose: (area) => area && choose(area.code, { move: true }),
});

map.on("moveend", countSoon);
outlines.chosen = panel.querySelector(".area-panel")?.dataset.code ?? null;
outlines.load();
subscribe(config.socket, { onEvents: countSoon, onResync: count });
