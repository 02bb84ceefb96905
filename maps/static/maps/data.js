// The cases of the viewport, read from the server: at once after a quiet while, at most once a second in a rush.

import { learn, now, setClock } from "./cases.js";
import { bboxOf } from "./leafletmap.js";
import { config } from "./say.js";

const REST_MS = 1_000;
const RETRY_MS = 5_000;
/** Timers of browsers overflow beyond 24 days. */
const LONGEST_MS = 86_400_000;

export class Cases {
  /** options.filters(): URLSearchParams; options.onPicture(picture); options.onFailure(). */
  constructor(map, options) {
    this.map = map;
    this.options = options;
    this.last = 0;
  }

  /** Ask soon: again and again is still once. */
  refresh() {
    if (this.timer) return;
    const rest = Math.max(0, this.last + REST_MS - performance.now());
    this.timer = setTimeout(() => this.load(), rest);
  }

  /** Ask now: the map moved or the filters changed, so what is shown is of another place. */
  async load() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.last = performance.now();
    this.asked?.abort();
    this.announce("coming");
    const asked = (this.asked = new AbortController());
    const query = this.options.filters();
    query.set("bbox", bboxOf(this.map));
    query.set("zoom", String(this.map.getZoom()));
    try {
      const answer = await fetch(`${config.urls.cases}?${query}`, { signal: asked.signal });
      if (!answer.ok) throw new Error(`cases: ${answer.status}`);
      setClock(answer.headers.get("Linli-Now"));
      this.take(await answer.json());
    } catch (error) {
      if (error.name === "AbortError") return;
      this.options.onFailure();
      this.timer = setTimeout(() => this.load(), RETRY_MS);
    }
  }

  /** Whether what the map shows is the answer to the latest question, for whoever looks at the page: tests. */
  announce(state) {
    this.map.getContainer().dataset.cases = state;
  }

  take(picture) {
    for (const one of [...picture.points, ...picture.rows]) learn(one.grid, one.grid_name);
    this.options.onPicture(picture);
    this.announce("shown");
    clearTimeout(this.turn);
    if (picture.next_turn) {
      const wait = Math.min(Date.parse(picture.next_turn) - now() + 250, LONGEST_MS);
      this.turn = setTimeout(() => this.refresh(), Math.max(wait, 250));
    }
  }
}

/** The latest events, who has waited longest. */
export async function readNews() {
  const answer = await fetch(config.urls.news);
  if (!answer.ok) throw new Error(`news: ${answer.status}`);
  const news = await answer.json();
  setClock(news.now);
  for (const one of news.waiting) learn(one.grid, one.grid_name);
  return news;
}
