// The wall: the live map on a big screen. Nobody chooses anything; it shows everything that is open, and lives for
// weeks: it finds its way back after anything by itself, and nothing in it grows.

import { hasEnded, learn, now, onNames, setClock } from "./cases.js";
import { Feed } from "./feed.js";
import { LivePage } from "./livepage.js";
import { config, timeZone } from "./say.js";
import { Freshness } from "./wall/freshness.js";
import { Numbers } from "./wall/numbers.js";
import { Spotlight } from "./wall/spotlight.js";

const REST_MS = 2_000;
const NEWS_MS = 60_000;
const OUTLOOK_MS = 300_000;
/** A request that has not been answered by then never will be: the machine slept, or the network changed. */
const PATIENCE_MS = 20_000;
/** The clock ticks every second; a longer gap means that the machine slept. */
const SLEPT_MS = 30_000;

const page = document.querySelector("[data-wall-page]");
const part = (name) => page.querySelector(`[data-${name}]`);
const frame = page.querySelector(".map-frame");

const feed = new Feed(part("feed"));
const numbers = new Numbers(page);
const freshness = new Freshness(page);
let soon = 0;
let seen = "";

/** Not allowed any more: the server says what to do now, and nothing of what was shown stays. */
function refused(status) {
  if (status === 401 || status === 403) location.reload();
}

/** null when it could not be read; whoever asked asks again anyway. */
async function read(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    refused(answer.status);
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    console.warn(`${url}: ${error.message}`);
    return null;
  }
}

/** Numbers and lists, soon: a rush of events asks once. */
function readSoon() {
  soon ||= setTimeout(readNews, REST_MS);
}

async function readNews({ start = false } = {}) {
  clearTimeout(soon);
  soon = 0;
  const since = feed.told;
  const news = await read(config.urls.news);
  if (!news) return;
  setClock(news.now);
  for (const one of news.waiting) learn(one.grid, one.grid_name);
  numbers.show(news);
  if (start) feed.start(news.events, since);
  freshness.read();
}

async function readOutlook() {
  const outlook = await read(config.urls.outlook);
  if (!outlook) return;
  // Names of categories that were added since the page was opened.
  config.categories = outlook.categories;
  numbers.showRates(outlook.rates, outlook.is_whole);
  spotlight.show(outlook);
}

function readAll() {
  readNews({ start: true });
  readOutlook();
}

const live = new LivePage(frame, {
  query: () => new URLSearchParams({ cluster: "130" }),
  matches: (one) => !hasEnded(one),
  onPicture: () => freshness.mapRead(true),
  onCase: () => {},
  onEvents: (events) => {
    feed.add(events);
    readSoon();
  },
  onResync: readAll,
  onFailure: () => freshness.mapRead(false),
  onStatus: (status, { since, code }) => {
    freshness.heard(status, since);
    if (code) readNews();
  },
});
const spotlight = new Spotlight(live.map, page);

const TIME = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone });
const DATE = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long", day: "numeric", weekday: "long", timeZone });
let ticked = Date.now();

function tick() {
  const slept = Date.now() - ticked > SLEPT_MS;
  ticked = Date.now();
  const moment = new Date(now());
  part("clock").textContent = TIME.format(moment);
  const day = DATE.format(moment);
  if (day !== seen) {
    part("date").textContent = day;
    feed.show();
  }
  // Another day has other counts, and its yesterday is another one.
  if (slept || (seen && day !== seen)) wake(slept);
  seen = day;
  freshness.check();
}

function wake(slept) {
  readAll();
  if (slept) live.reread();
}

/** Where the browser allows it, the screen stays on by itself; it is let go whenever the page is hidden. */
async function stayOn() {
  if (document.hidden) return;
  await navigator.wakeLock?.request("screen").catch(() => {});
}

onNames(() => {
  feed.show();
  numbers.showWaiting();
});
document.addEventListener("visibilitychange", stayOn);
stayOn();
tick();
setInterval(tick, 1_000);
setInterval(readSoon, NEWS_MS);
setInterval(readOutlook, OUTLOOK_MS);
setInterval(() => numbers.showWaiting(), 30_000);
readAll();
live.listen();
