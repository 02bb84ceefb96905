// The live map of a supervisor.

import { AreaChooser } from "./areachooser.js";
import { now, onNames, stateOf, titleOf } from "./cases.js";
import { readNews } from "./data.js";
import { Drawer } from "./drawer.js";
import { Feed } from "./feed.js";
import { Filters } from "./filters.js";
import { calm, goTo } from "./leafletmap.js";
import { CaseList } from "./list.js";
import { LivePage } from "./livepage.js";
import { LiveTools } from "./livetools.js";
import { startReplay } from "./replay.js";
import { config, countdown, grouped, say } from "./say.js";
import { Sheet } from "./sheet.js";

const page = document.querySelector("[data-live-page]");
const part = (name) => page.querySelector(`[data-${name}]`);
const frame = page.querySelector(".map-frame");

const filters = new Filters(part("filters"), {
  onChange: () => {
    live.cases.load();
    tools.layers.refresh({ now: true });
    tools.link.write();
  },
});
const drawer = new Drawer(part("drawer"), { onClose: () => mark(null) });
const sheet = new Sheet(part("side"), part("grip"));
page.querySelector(".live-more").addEventListener("toggle", (event) => event.target.open && sheet.raise());
const list = new CaseList(part("list"), { onChoose: (one) => openCase(one, { pan: true }), onPoint: (one) => point(one) });
const offMap = new CaseList(part("off-map-list"), { onChoose: (one) => openCase(one) });
const feed = new Feed(part("feed"), {
  onChoose: (one) => openCase(one, { pan: true }),
  onChange: (count) => (part("feed-empty").hidden = count > 0),
});

const live = new LivePage(frame, {
  query: () => filters.query(),
  matches: (one) => filters.matches(one),
  onPicture: showPicture,
  onCase: (one) => {
    list.update(one);
    offMap.update(one);
  },
  onEvents: hear,
  onRed: announce,
  onResync: () => startFeed(),
  onFailure: () => (part("note").textContent = say("failed")),
});
const { map, markers } = live;
startReplay(page, live, { query: () => filters.query(), onOpen: () => sheet.set(0) });

const chooser = new AreaChooser(part("areas"), {
  url: config.urls.areas,
  onChoose: (area) => {
    filters.chooseArea(area?.code ?? "");
    if (area?.bbox) goTo(map, area.bbox);
  },
});

const tools = new LiveTools({ page, live, filters, chooser, drawer, list, sheet, openCase });
tools.link.follow();

function showPicture({ counts, rows, off_map: hidden }) {
  filters.showCounts(counts.lights);
  list.show(rows);
  offMap.show(hidden.rows);
  part("off-map").hidden = hidden.total === 0;
  part("off-map-title").textContent = say("off_map", { n: hidden.total });
  mark(drawer.number ? drawer.id : null);
  part("total").textContent = say("in_view", { n: grouped(counts.total) });
  part("note").textContent = counts.total > rows.length ? say("first_rows", { n: rows.length }) : "";
  part("list-empty").hidden = rows.length + hidden.total > 0;
}

function hear(events) {
  feed.add(events);
  for (const { case: one } of events) if (one) drawer.touch(one.id);
  tools.layers.refresh();
}

function openCase(one, { pan = false } = {}) {
  drawer.open(one);
  mark(one.id);
  sheet.lower();
  if (pan && one.lon !== null && !map.getBounds().pad(-0.1).contains([one.lat, one.lon])) {
    map.panTo([one.lat, one.lon], { animate: !calm.matches });
  }
}

/** Show which case is open in the drawer. */
function mark(id) {
  list.mark(id);
  offMap.mark(id);
}

/** Ring the place of the row that is looked at. */
let pointed = 0;
function point(one) {
  if (!one || one.id === pointed || one.lon === null) {
    if (!one) pointed = 0;
    return;
  }
  pointed = one.id;
  markers.pulse(one);
}

function announce(cases) {
  const what = cases.slice(0, 3).map(titleOf).join(", ");
  part("announce").textContent = say("now_red", { what });
  for (const one of cases) markers.pulse(one);
  live.cases.refresh();
}

// --- The pointer on the map ------------------------------------------------------------------------
const tip = L.tooltip({ direction: "top", offset: [0, -12], opacity: 1 });

map.on("click", ({ containerPoint, latlng }) => {
  if (tools.isBusy) return;
  const found = hit(containerPoint);
  if (found?.one) openCase(found.one);
  else if (found?.cluster) map.setView([found.cluster.lat, found.cluster.lon], Math.min(map.getZoom() + 2, 19));
  else showTip(latlng);
});

/** On a touch screen nothing hovers: a tap on an area says what the layers know of it. */
function showTip(latlng) {
  const said = tools.layers.tipAt(latlng);
  if (!said) return;
  tip.setContent(document.createTextNode(said)).setLatLng(latlng);
  if (!tip.isOpen()) tip.openOn(map);
}

map.on("mousemove", ({ containerPoint, latlng }) => {
  const found = hit(containerPoint);
  frame.classList.toggle("map-pointing", Boolean(found));
  const said = found ? tipFor(found) : tools.layers.tipAt(latlng);
  if (!said || tools.isBusy) {
    tip.remove();
    return;
  }
  const { lon, lat } = found?.one ?? found?.cluster ?? { lon: latlng.lng, lat: latlng.lat };
  tip.setContent(document.createTextNode(said)).setLatLng([lat, lon]);
  if (!tip.isOpen()) tip.openOn(map);
});

/** What is under the pointer, if cases are shown at all. */
function hit(containerPoint) {
  return tools.layers.has("cases") ? markers.hit(containerPoint) : null;
}
map.on("mouseout movestart", () => tip.remove());

function tipFor({ one, cluster }) {
  if (cluster) return say("cluster", { n: cluster.count });
  return [titleOf(one), stateOf(one), countdown(one, now())].filter(Boolean).join(" · ");
}

// --- Tabs of the side (phones) ---------------------------------------------------------------------
const tabs = [...page.querySelectorAll("[role=tab]")];
function chooseTab(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).classList.toggle("is-behind", !chosen);
  }
}
for (const tab of tabs) {
  tab.addEventListener("click", () => chooseTab(tab));
  tab.addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const other = tabs[(tabs.indexOf(tab) + 1) % tabs.length];
    chooseTab(other);
    other.focus();
  });
}

let reading = 0;

async function startFeed() {
  const since = feed.told;
  reading += 1;
  part("feed").dataset.news = "coming";
  try {
    feed.start((await readNews()).events, since);
  } catch (error) {
    console.warn(error);
  }
  reading -= 1;
  if (!reading) part("feed").dataset.news = "shown";
}

onNames(() => {
  feed.show();
  for (const rows of [list, offMap]) rows.show(rows.shown);
});
startFeed();
live.listen();
