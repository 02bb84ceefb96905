// Numbers of the wall: today beside an earlier day, the lights, the three rates, who waits longest. Text only; every
// element is there from the start or belongs to one of a few rows, so nothing grows.

import { gridOf, lightOf, now, titleOf } from "../cases.js";
import { fill, grouped, say, span, timeZone } from "../say.js";
import { sign } from "../shapes.js";

const language = document.documentElement.lang;
const WEEKDAY = new Intl.DateTimeFormat(language, { weekday: "short", timeZone });
const PERCENT = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
/** Rows there is room for. */
const WAITING = 3;
/** Of a week ago is compared what comes and goes; the rest with yesterday. */
const WEEKLY = new Set(["filed", "closed"]);

/** Screen readers, and the page's own observers, hear of a text whenever it is set. */
function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export class Numbers {
  constructor(page) {
    this.page = page;
  }

  part(name, value) {
    return this.page.querySelector(value === undefined ? `[data-${name}]` : `[data-${name}="${value}"]`);
  }

  show({ today, before, lights, waiting }) {
    for (const [name, number] of Object.entries(today)) {
      write(this.part("today", name), grouped(number));
      this.compare(name, number - before[name]);
    }
    for (const [light, number] of Object.entries(lights)) write(this.part("light-count", light), grouped(number));
    this.waiting = waiting;
    this.showWaiting();
  }

  compare(name, more) {
    const small = this.part("before", name);
    const n = more ? `${more > 0 ? "+" : "−"}${grouped(Math.abs(more))}` : "±0";
    const key = WEEKLY.has(name) ? "than_week" : "than_yesterday";
    write(small, say(key, { n, weekday: WEEKDAY.format(now()) }));
  }

  /** `isWhole`: everything that has happened is counted in; before that a share would be a wrong one. */
  showRates(rates, isWhole) {
    for (const [name, { value, count, of }] of Object.entries(rates)) {
      write(this.part("rate", name), isWhole && of ? PERCENT.format(value) : "–");
      const gaps = { count: grouped(count), of: grouped(of) };
      write(this.part("rate-n", name), isWhole ? say(of ? "rate" : "no_rate", gaps) : say("counting"));
    }
  }

  showWaiting() {
    if (!this.waiting) return;
    const rows = this.waiting.slice(0, WAITING).map((one) => this.row(one));
    if (!rows.length) rows.push(element("li", "wall-nobody", say("none_waiting")));
    this.part("waiting").replaceChildren(...rows);
  }

  row(one) {
    const row = element("li", "wall-case");
    row.dataset.number = one.number;
    const where = element("span", "wall-case-where", fill("%(grid)s · %(number)s", { grid: gridOf(one), number: one.number }));
    const light = lightOf(one);
    const waited = element("span", `wall-case-time tone-${light}`, say("waiting", { span: span(now() - Date.parse(one.filed_at)) }));
    row.append(sign(light, { state: one.state }), element("span", "wall-case-title", titleOf(one)), waited, where);
    return row;
  }
}

function element(name, css, text = "") {
  const made = document.createElement(name);
  made.className = css;
  made.textContent = text;
  return made;
}
