// What the supervisor chose to see. The server applies it to what it sends, `matches` to what the socket brings.

import { hasEnded, lightOf } from "./cases.js";
import { config, grouped, say } from "./say.js";

export class Filters {
  /** options.onChange(): something was chosen. */
  constructor(form, options) {
    this.form = form;
    this.options = options;
    this.area = "";
    this.lights = form.querySelectorAll("[data-light]");
    this.badge = form.querySelector("[data-filters-on]");
    this.fillStates(form.elements.state);
    this.fillCategories(form.elements.category);
    for (const button of this.lights) button.addEventListener("click", () => this.toggle(button));
    for (const select of [form.elements.state, form.elements.category, form.elements.borders]) {
      select.addEventListener("change", () => this.changed());
    }
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  fillStates(select) {
    for (const [code, label] of Object.entries(config.states)) select.add(new Option(label, code));
  }

  fillCategories(select) {
    const resident = Object.entries(config.categories).filter(([, one]) => one.active && one.dictionary === "resident");
    for (const [code, { name, parent }] of resident) {
      select.add(new Option(parent ? `　${name}` : name, code));
    }
  }

  toggle(button) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    this.changed();
  }

  chooseArea(code) {
    this.area = code;
    this.changed();
  }

  changed() {
    this.count();
    this.options.onChange();
  }

  count() {
    const { state, category } = this.form.elements;
    const count = [state.value, category.value, this.area].filter(Boolean).length;
    this.badge.textContent = count ? say("filters_on", { n: count }) : "";
  }

  get chosenLights() {
    return [...this.lights].filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.light);
  }

  /** Choose what a query of `query()` says; the area is left to its chooser. Quietly: nothing is asked for. */
  restore(query) {
    const { state, category, borders } = this.form.elements;
    state.value = query.getAll("state").join(" ");
    category.value = query.get("category") ?? "";
    borders.value = query.get("borders") ?? "";
    for (const select of [state, category, borders]) if (select.selectedIndex < 0) select.value = "";
    const lights = query.getAll("light");
    for (const one of this.lights) one.setAttribute("aria-pressed", String(lights.includes(one.dataset.light)));
    this.count();
  }

  /** As the server wants it. */
  query() {
    const query = new URLSearchParams();
    const { state, category } = this.form.elements;
    for (const code of state.value.split(" ").filter(Boolean)) query.append("state", code);
    if (category.value) query.set("category", category.value);
    for (const light of this.chosenLights) query.append("light", light);
    if (this.area) query.set("area", this.area);
    if (this.form.elements.borders.value) query.set("borders", this.form.elements.borders.value);
    return query;
  }

  /** Whether a case would be shown; null when only the server knows (it has the tree of areas). */
  matches(one) {
    const { state, category } = this.form.elements;
    if (!this.ofState(one, state.value.split(" ").filter(Boolean))) return false;
    if (category.value && !this.ofCategory(one.category, category.value)) return false;
    const lights = this.chosenLights;
    if (lights.length && !lights.includes(lightOf(one))) return false;
    return this.area ? null : true;
  }

  ofState(one, states) {
    if (!states.length) return !hasEnded(one);
    return states.includes(one.state) || states.includes(hasEnded(one) ? "ended" : "open");
  }

  ofCategory(code, chosen) {
    for (let at = code; at; at = config.categories[at]?.parent) if (at === chosen) return true;
    return false;
  }

  showCounts(lights) {
    for (const button of this.lights) button.querySelector("[data-count]").textContent = grouped(lights[button.dataset.light]);
  }
}
