// A past period on the live map: the server sends what changed, this plays it at any speed, to and fro.

import { hasEnded, lightOf } from "./cases.js";
import { bboxOf } from "./leafletmap.js";
import { config, say, timeZone } from "./say.js";

const DAY_MS = 86_400_000;
const STEPS = 1_000;
/** An ended case stays, hollow, for this share of the period. */
const LINGER = 1 / 60;
const language = document.documentElement.lang || "zh-hans";
const AT = new Intl.DateTimeFormat(language, {
  month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false, timeZone,
});
const DATE = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone });

/** The state of every case at an instant, from a list of changes. Instants are milliseconds after the beginning. */
export class Film {
  /** answer: what the server sends (maps/queries/replay.py). */
  constructor(answer) {
    this.begins = Date.parse(answer.from);
    this.length = Date.parse(answer.to) - this.begins;
    this.leftOut = answer.left_out;
    this.changes = answer.changes;
    this.cases = answer.cases.map(([id, number, category, lon, lat, urgent]) => {
      return { id, number, category, lon, lat, urgent: Boolean(urgent), grid: "" };
    });
    this.rewind();
  }

  rewind() {
    this.next = 0;
    this.shown = new Map();
  }

  /** Cases on the map at that instant. Going back begins anew: a period is small enough. */
  at(elapsed) {
    if (this.next && this.changes[this.next - 1][0] > elapsed) this.rewind();
    while (this.next < this.changes.length && this.changes[this.next][0] <= elapsed) this.apply(this.changes[this.next++]);
    const gone = elapsed - this.length * LINGER;
    for (const [place, { one, since }] of this.shown) if (hasEnded(one) && since < gone) this.shown.delete(place);
    return [...this.shown.values()].map(({ one }) => one);
  }

  apply([since, place, state, yellow_at, due_at, closed_at]) {
    this.shown.set(place, { since, one: { ...this.cases[place], state, yellow_at, due_at, closed_at } });
  }
}

/**
 * Wire up the replay of a page that has its part (templates/maps/_replay.html).
 * options.query(): the map's filters; options.onOpen(): the panel opens.
 */
export function startReplay(page, live, options) {
  const root = page.querySelector("[data-replay]");
  if (root) new Replay(root, live, options);
}

class Replay {
  constructor(root, live, options) {
    this.root = root;
    this.live = live;
    this.options = options;
    this.elapsed = 0;
    this.part("open").addEventListener("click", () => this.open());
    this.part("close").addEventListener("click", () => this.close());
    this.part("play").addEventListener("click", () => (this.isPlaying ? this.pause() : this.play()));
    this.part("slider").addEventListener("input", ({ target }) => this.goTo((target.value / STEPS) * this.film?.length));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const name of ["from", "to"]) this.form.elements[name].addEventListener("change", () => this.load());
    root.addEventListener("keydown", ({ key }) => key === "Escape" && this.isOpen && this.close());
    live.map.on("moveend", () => this.isOpen && this.load({ keep: true }));
  }

  part(name) {
    return this.root.querySelector(`[data-replay-${name}]`);
  }

  get form() {
    return this.part("form");
  }

  open() {
    this.isOpen = true;
    const { from, to } = this.form.elements;
    const today = DATE.format(Date.now());
    to.max = from.max = today;
    to.value ||= today;
    from.value ||= DATE.format(Date.now() - 6 * DAY_MS);
    this.part("panel").hidden = false;
    this.part("open").setAttribute("aria-expanded", "true");
    this.live.hold(() => (this.film ? this.film.begins + this.elapsed : Date.now()));
    this.live.markers.show({ points: [], clusters: [] });
    this.options.onOpen?.();
    this.part("play").focus();
    this.load();
  }

  close() {
    this.isOpen = false;
    this.pause();
    this.asked?.abort();
    this.film = null;
    this.part("panel").hidden = true;
    this.part("open").setAttribute("aria-expanded", "false");
    this.part("open").focus();
    this.live.release();
  }

  /** Read the period; with `keep` the same one for another part of the map. */
  async load({ keep = false } = {}) {
    const { from, to } = this.form.elements;
    if (!from.value || !to.value) return;
    if (!keep) this.pause();
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const query = this.options.query();
    for (const name of ["state", "light", "borders"]) query.delete(name);
    query.set("from", from.value);
    query.set("to", to.value);
    query.set("bbox", bboxOf(this.live.map));
    try {
      const answer = await fetch(`${config.urls.replay}?${query}`, { signal: asked.signal });
      if (!answer.ok) throw new Error(`replay: ${answer.status}`);
      this.film = new Film(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") this.part("counts").textContent = say("replay_failed");
      return;
    }
    if (!keep) this.elapsed = 0;
    this.goTo(this.elapsed);
  }

  goTo(elapsed) {
    if (!this.film || Number.isNaN(elapsed)) return;
    const { film } = this;
    this.elapsed = Math.min(Math.max(elapsed, 0), film.length);
    const points = film.at(this.elapsed);
    this.live.markers.show({ points, clusters: [] });
    const slider = this.part("slider");
    slider.value = String(Math.round((this.elapsed / film.length) * STEPS));
    const at = film.begins + this.elapsed;
    this.part("at").textContent = AT.format(at);
    slider.setAttribute("aria-valuetext", this.part("at").textContent);
    this.tell(points.filter((one) => !hasEnded(one)), at);
  }

  tell(open, at) {
    const late = open.filter((one) => lightOf(one, at) === "red").length;
    const words = this.film.cases.length ? say("replay_counts", { open: open.length, late }) : say("replay_empty");
    const more = this.film.leftOut ? ` ${say("replay_left_out", { n: this.film.leftOut })}` : "";
    this.part("counts").textContent = words + more;
    // Read aloud when it stands still, not many times a second.
    this.part("counts").setAttribute("aria-live", this.isPlaying ? "off" : "polite");
  }

  play() {
    if (!this.film) return;
    if (this.elapsed >= this.film.length) this.elapsed = 0;
    this.isPlaying = true;
    this.showShape();
    let before = performance.now();
    const step = (now) => {
      if (!this.isPlaying) return;
      this.goTo(this.elapsed + (now - before) * Number(this.form.elements.speed.value));
      before = now;
      if (this.film && this.elapsed < this.film.length) this.frame = requestAnimationFrame(step);
      else this.pause();
    };
    this.frame = requestAnimationFrame(step);
  }

  pause() {
    this.isPlaying = false;
    cancelAnimationFrame(this.frame);
    this.showShape();
    this.part("counts").setAttribute("aria-live", "polite");
  }

  showShape() {
    for (const shape of this.root.querySelectorAll("[data-replay-shape]")) {
      shape.hidden = (shape.dataset.replayShape === "pause") !== Boolean(this.isPlaying);
    }
    this.part("word").textContent = say(this.isPlaying ? "pause" : "play");
  }
}
