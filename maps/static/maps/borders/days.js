// The past: a day on a slider or in a field shows the borders as they were at its end, read-only. Below, the versions.

import { clock, say, timeZone } from "../say.js";
import { el } from "./dom.js";

const language = document.documentElement.lang || "zh-hans";
const ISO = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone });
const LONG = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" });

/** The office's day of a moment, YYYY-MM-DD. */
export function dayOf(moment) {
  return ISO.format(moment);
}

/** "3 March 2026" for "2026-03-03". */
export function inWords(day) {
  return LONG.format(new Date(`${day}T12:00:00Z`));
}

export class Days {
  /** options.onDay(day or null): look at that day; null is today. */
  constructor(box, options) {
    this.options = options;
    this.slider = box.querySelector("[data-slider]");
    this.field = box.querySelector("[data-day]");
    this.list = box.querySelector("[data-versions]");
    this.said = box.querySelector("[data-day-said]");
    this.slider.addEventListener("input", () => this.say(this.days[this.slider.value]));
    this.slider.addEventListener("change", () => this.choose(this.days[this.slider.value]));
    this.field.addEventListener("change", () => this.field.value && this.choose(this.field.value));
    this.today = dayOf(new Date());
    this.day = this.today;
  }

  /** The edits known: each day on which something changed is a step of the slider; the last one is today. */
  show(edits) {
    this.today = dayOf(new Date());
    const days = edits.map(({ at }) => dayOf(new Date(at)));
    this.days = [...new Set([...days, this.today])].sort();
    this.slider.max = String(this.days.length - 1);
    this.slider.disabled = this.days.length < 2;
    this.field.max = this.today;
    this.mark(this.day);
    const rows = [...edits].sort((one, other) => other.id - one.id).map((edit) => this.row(edit));
    this.list.replaceChildren(...(rows.length ? rows : [el("li", { class: "text-secondary" }, say("no_versions"))]));
  }

  row({ at, by, title, note }) {
    const moment = new Date(at);
    const who = by ? say("version_by", { time: clock(moment), name: by }) : clock(moment);
    const look = () => this.choose(dayOf(moment));
    return el(
      "li",
      { class: "version" },
      el("p", { class: "version-who" }, el("time", { datetime: at }, who)),
      el("p", {}, title, note ? `: ${note}` : ""),
      el("button", { type: "button", class: "btn btn-quiet", onclick: look }, say("show_day")),
    );
  }

  choose(day) {
    this.mark(day);
    this.options.onDay(day === this.today ? null : day);
  }

  back() {
    this.choose(this.today);
  }

  /** Put slider and field on a day: the slider on the last step that is not after it. */
  mark(day) {
    this.day = day;
    const step = this.days.filter((one) => one <= day).length - 1;
    this.slider.value = String(Math.max(0, step));
    this.field.value = day;
    this.say(day);
  }

  say(day) {
    const words = day === this.today ? say("today") : inWords(day);
    this.said.textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
  }
}
