// One box that finds a case by its number, an area, a member, an address. A combobox: arrows, Enter, Escape.

import { config, say } from "./say.js";

const REST_MS = 250;

export class Search {
  /** box: the form; options.onChoose(found): something the server found was chosen. */
  constructor(box, options) {
    this.box = box;
    this.options = options;
    this.input = box.querySelector("input");
    this.list = box.querySelector("[role=listbox]");
    this.said = box.querySelector("[data-search-said]");
    this.found = [];
    this.at = -1;
    this.input.addEventListener("input", () => this.soon());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("focus", () => this.found.length && this.open());
    this.opener = options.opener;
    this.opener?.addEventListener("click", () => this.unfold());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) => this.choose(this.rows.indexOf(target.closest("[role=option]"))));
    box.addEventListener("focusout", ({ relatedTarget }) => box.contains(relatedTarget) || this.fold());
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask().then(() => this.choose(Math.max(this.at, 0)));
    });
  }

  get rows() {
    return [...this.list.children];
  }

  /** On a phone the box is a button until it is pressed. */
  unfold() {
    this.box.classList.add("is-open");
    this.opener.setAttribute("aria-expanded", "true");
    this.input.focus();
  }

  fold() {
    this.close();
    this.box.classList.remove("is-open");
    this.opener?.setAttribute("aria-expanded", "false");
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), REST_MS);
  }

  async ask() {
    clearTimeout(this.timer);
    const words = this.input.value.trim();
    if (words === this.asked) return;
    this.asked = words;
    if (!words) {
      this.show([]);
      this.said.textContent = "";
      return;
    }
    try {
      const answer = await fetch(`${config.urls.search}?${new URLSearchParams({ q: words })}`);
      if (!answer.ok) throw new Error(`search: ${answer.status}`);
      const { found } = await answer.json();
      if (words === this.asked) this.show(found, say(found.length ? "search_found" : "search_none", { n: found.length }));
    } catch (error) {
      console.warn(error);
      this.asked = null;
      this.show([], say("search_failed"));
    }
  }

  show(found, words = "") {
    this.found = found;
    this.at = -1;
    this.list.replaceChildren(...found.map((one, at) => this.row(one, at)));
    this.said.textContent = words;
    this.said.classList.toggle("visually-hidden", found.length > 0);
    this.input.removeAttribute("aria-activedescendant");
    if (found.length) this.open();
    else this.close();
  }

  row(one, at) {
    const row = document.createElement("li");
    row.id = `found-${at}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    const [kind, label, detail] = ["span", "strong", "small"].map((name) => document.createElement(name));
    kind.className = "found-kind";
    kind.textContent = config.found[one.kind];
    label.textContent = one.label;
    const lost = one.lon === null || one.bbox === null ? say("no_place") : "";
    detail.textContent = [one.detail, lost].filter(Boolean).join(" · ");
    row.append(kind, label, detail);
    return row;
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      event.preventDefault();
      this.open();
      this.mark((this.at + step + this.found.length) % this.found.length);
    } else if (event.key === "Escape" && this.input.getAttribute("aria-expanded") === "true") {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Escape" && this.box.classList.contains("is-open")) {
      this.fold();
      this.opener.focus();
    }
  }

  mark(at) {
    this.at = at;
    this.rows.forEach((row, n) => row.setAttribute("aria-selected", String(n === at)));
    this.input.setAttribute("aria-activedescendant", `found-${at}`);
    this.rows[at].scrollIntoView({ block: "nearest" });
  }

  choose(at) {
    const one = this.found[at];
    if (!one) return;
    this.fold();
    this.options.onChoose(one);
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }
}
