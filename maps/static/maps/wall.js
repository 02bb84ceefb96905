// The wall: the live map on a big screen. Nobody chooses anything; it shows everything that is open.

import { hasEnded, onNames } from "./cases.js";
import { readNews } from "./data.js";
import { Feed } from "./feed.js";
import { CaseList } from "./list.js";
import { LivePage } from "./livepage.js";
import { timeZone } from "./say.js";

const NEWS_REST_MS = 2_000;
const NEWS_EVERY_MS = 60_000;

const page = document.querySelector("[data-wall-page]");
const part = (name) => page.querySelector(`[data-${name}]`);
const frame = page.querySelector(".map-frame");

const feed = new Feed(part("feed"));
const waiting = new CaseList(part("waiting"), { waiting: true });
let timer = 0;

/** Numbers and lists, soon: a rush of events asks once. */
function readSoon() {
  timer ||= setTimeout(read, NEWS_REST_MS);
}

async function read({ start = false } = {}) {
  timer = 0;
  try {
    const news = await readNews();
    for (const [name, number] of Object.entries(news.today)) {
      page.querySelector(`[data-today="${name}"]`).textContent = number;
    }
    waiting.show(news.waiting);
    if (start) feed.start(news.events);
  } catch (error) {
    console.warn(error);
  }
}

const live = new LivePage(frame, {
  query: () => new URLSearchParams({ cluster: "130" }),
  matches: (one) => !hasEnded(one),
  onPicture: ({ counts }) => {
    for (const [light, number] of Object.entries(counts.lights)) {
      page.querySelector(`[data-light-count="${light}"]`).textContent = number;
    }
  },
  onCase: () => {},
  onEvents: (events) => {
    feed.add(events);
    readSoon();
  },
  onResync: () => read({ start: true }),
  onFailure: () => {},
});

const TIME = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone });
const DATE = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long", day: "numeric", weekday: "long", timeZone });
function tick() {
  const moment = new Date();
  part("clock").textContent = TIME.format(moment);
  part("date").textContent = DATE.format(moment);
}

onNames(() => {
  feed.show();
  waiting.show(waiting.shown);
});
tick();
setInterval(tick, 1_000);
setInterval(readSoon, NEWS_EVERY_MS);
read({ start: true });
live.listen();
