// What happened, the newest on top. Text only: names and titles come from people.

import { gridOf, lightOf, titleOf } from "./cases.js";
import { clock, config, fill } from "./say.js";
import { sign } from "./shapes.js";

const LINES = 40;

/** What tells an event from all others: it is read and told in the same words. */
const nameOf = ({ kind, at, subject, title, outcome_title: outcome }) =>
  [kind, at, subject?.type, subject?.id, title, outcome].join("|");

/** A configured title; the Chinese one stands in where no English was given. */
function inLanguage(event, key) {
  const english = document.documentElement.lang.startsWith("en") ? event[`${key}_en`] : "";
  return english || event[key] || "";
}

export class Feed {
  /** options.onChoose(one): a line was pressed (lines are buttons then). */
  constructor(list, options = {}) {
    this.list = list;
    this.options = options;
    this.events = [];
    /** How many were told so far; each carries its number. */
    this.told = 0;
  }

  /** Begin with these, the newest first. `since`: `told` when they were asked for; what was told after that stays. */
  start(events, since = this.told) {
    const meanwhile = this.events.filter(({ told }) => told > since);
    this.events = [...meanwhile, ...this.unknown(events, meanwhile)].slice(0, LINES);
    this.show();
  }

  /** Those that make a line and have none yet. */
  unknown(events, known = this.events) {
    const names = new Set(known.map(nameOf));
    return events.filter((event) => event.kind in config.kinds && !names.has(nameOf(event)));
  }

  /** Put these on top; they come in the order in which they happened. */
  add(events) {
    const told = this.unknown(events);
    if (!told.length) return;
    for (const event of told) event.told = this.told += 1;
    told.reverse();
    this.events = [...told, ...this.events].slice(0, LINES);
    this.list.prepend(...told.slice(0, LINES).map((event) => this.line(event, true)));
    while (this.list.childElementCount > LINES) this.list.lastChild.remove();
    this.options.onChange?.(this.events.length);
  }

  show() {
    this.list.replaceChildren(...this.events.map((event) => this.line(event)));
    this.options.onChange?.(this.events.length);
  }

  line(event, isNew = false) {
    const line = document.createElement("li");
    line.className = isNew ? "feed-line feed-new" : "feed-line";
    line.dataset.kind = event.kind;
    const body = document.createElement(this.options.onChoose && event.case ? "button" : "div");
    body.className = "feed-body";
    if (body.type) {
      body.type = "button";
      body.addEventListener("click", () => this.options.onChoose(event.case));
    }
    const time = document.createElement("time");
    time.dateTime = event.at;
    time.textContent = clock(new Date(event.at));
    const what = document.createElement("span");
    what.className = "feed-what";
    const titles = { title: inLanguage(event, "title"), outcome: inLanguage(event, "outcome_title") };
    what.textContent = fill(config.kinds[event.kind], titles);
    const where = document.createElement("span");
    where.className = "feed-where";
    where.textContent = this.whereOf(event);
    body.append(time, this.mark(event), what, where);
    line.append(body);
    return line;
  }

  mark(event) {
    return event.case ? sign(lightOf(event.case), { ended: Boolean(event.case.closed_at) }) : document.createElement("span");
  }

  whereOf({ actor, case: one }) {
    return [actor, one && titleOf(one), one && gridOf(one)].filter(Boolean).join(" · ");
  }
}
