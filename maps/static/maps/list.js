// The side list: the cases in view, the most urgent first. Each row is a button; the list is the map for those who
// cannot see it or point at it.

import { gridOf, hasEnded, lightOf, now, stateOf, titleOf } from "./cases.js";
import { config, countdown, say, span } from "./say.js";
import { sign } from "./shapes.js";

function element(name, css, text = "") {
  const made = document.createElement(name);
  made.className = css;
  made.textContent = text;
  return made;
}

export class CaseList {
  /** options.onChoose(one): a row was pressed; options.onPoint(one or null): a row is looked at. */
  constructor(list, options = {}) {
    this.list = list;
    this.options = options;
    this.rows = new Map();
    this.shown = [];
    list.addEventListener("click", (event) => this.choose(event));
    for (const name of ["focusin", "mouseover"]) {
      list.addEventListener(name, (event) => options.onPoint?.(this.oneOf(event)));
    }
    for (const name of ["focusout", "mouseleave"]) list.addEventListener(name, () => options.onPoint?.(null));
    setInterval(() => this.show(this.shown), 30_000);
  }

  oneOf(event) {
    const id = Number(event.target.closest("[data-id]")?.dataset.id);
    return this.shown.find((one) => one.id === id) ?? null;
  }

  choose(event) {
    const one = this.oneOf(event);
    if (one) this.options.onChoose?.(one);
  }

  /** Show these cases. Rows are kept, so that focus and scrolling stay where they are. */
  show(cases) {
    this.shown = cases;
    const kept = new Map();
    let previous = null;
    for (const one of cases) {
      const row = this.rows.get(one.id) ?? this.makeRow(one);
      this.fillRow(row, one);
      const place = previous ? previous.nextSibling : this.list.firstChild;
      if (row !== place) this.move(row, place);
      kept.set(one.id, row);
      previous = row;
    }
    for (const [id, row] of this.rows) if (!kept.has(id)) row.remove();
    this.rows = kept;
  }

  move(row, before) {
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    this.list.insertBefore(row, before);
    focused?.focus({ preventScroll: true });
  }

  /** One case changed: its row, if it has one. */
  update(one) {
    const place = this.shown.findIndex((other) => other.id === one.id);
    if (place < 0) return;
    this.shown[place] = { ...this.shown[place], ...one };
    this.fillRow(this.rows.get(one.id), this.shown[place]);
  }

  makeRow(one) {
    const row = element("li", "case-row");
    const button = element("button", "case-button");
    button.type = "button";
    button.dataset.id = one.id;
    row.append(button);
    return row;
  }

  fillRow(row, one) {
    const at = now();
    const light = lightOf(one, at);
    const key = [one.state, light, one.urgent, countdown(one, at), titleOf(one), gridOf(one)].join("|");
    if (row.dataset.key === key) return;
    row.dataset.key = key;
    row.dataset.number = one.number;
    row.dataset.state = one.state;
    row.dataset.light = light;
    const title = element("span", "case-title", titleOf(one));
    if (one.urgent) title.append(element("span", "case-urgent", say("urgent")));
    const time = element("span", `case-time tone-${hasEnded(one) ? "ended" : light}`, this.timeOf(one, at));
    const words = element("span", "visually-hidden", `${config.lights[light]}. `);
    const lines = element("span", "case-lines");
    const where = element("span", "case-where", `${gridOf(one)} · ${stateOf(one)}`);
    lines.append(words, title, where);
    row.firstChild.replaceChildren(sign(light, { ended: hasEnded(one), state: one.state }), lines, time);
  }

  timeOf(one, at) {
    if (this.options.waiting && one.filed_at) return say("waiting", { span: span(at - Date.parse(one.filed_at)) });
    return countdown(one, at) || (hasEnded(one) ? "" : config.lights[lightOf(one, at)]);
  }

  mark(id) {
    for (const [other, row] of this.rows) row.firstChild.toggleAttribute("aria-current", other === id);
  }
}
