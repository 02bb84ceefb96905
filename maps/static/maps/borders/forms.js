// The forms beside the map that finish a tool's work: what the new grid is called, which one stays, who keeps the code.
// Each returns { element, close() }; `options.onDone(operation)`, `options.onCancel()`.

import { say } from "../say.js";
import { el, formOf } from "./dom.js";
import { areaOf, insideOf } from "./shapes.js";
import { nextCode, nextName, sizeOf } from "./words.js";

function prepared(name, { onDone, onCancel, read }) {
  const form = formOf(name);
  const error = form.querySelector("[data-error]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = read(form);
    error.textContent = found.error ?? "";
    error.hidden = !found.error;
    if (found.operation) onDone(found.operation);
  });
  form.querySelector("[data-cancel]")?.addEventListener("click", onCancel);
  return form;
}

/** Name and code as written, or what is wrong with them. */
function named(form, work, own = "") {
  const [name, code] = [form.elements.name.value.trim(), form.elements.code.value.trim()];
  if (!name || !code) return { error: say("code_missing") };
  const taken = work.saved.some((one) => one.code === code) || work.grids.some((one) => one.code === code && code !== own);
  return taken ? { error: say("code_taken", { code }) } : { name, code };
}

/** Households of a new grid, when somebody knows them. */
function countOf(form) {
  const { value } = form.elements.households;
  return value === "" ? {} : { households: Math.round(Number(value)) };
}

function suggest(form, work, like) {
  const all = [...work.saved, ...work.grids];
  form.elements.code.value = nextCode(all.map(({ code }) => code));
  form.elements.name.value = nextName(all.map(({ name }) => name), like);
}

/** A line was drawn across a grid: two pieces, one keeps the code. The server shows them while the form is open. */
export class SplitForm {
  constructor(work, chart, { grid, line, onDone, onCancel }) {
    Object.assign(this, { work, chart, grid, line, keep: "left" });
    this.element = prepared("split", { onDone, onCancel, read: (form) => this.read(form) });
    suggest(this.element, work, grid.name);
    // The code under which the new piece is shown, whatever is being written into the field.
    this.shown = this.element.elements.code.value;
    this.element.querySelector("[data-swap]").addEventListener("click", () => this.swap());
    this.ready = this.show().then(() => this.keepLarger());
  }

  get operation() {
    const { name, code, same } = this.element.elements;
    return {
      do: "split",
      grid: this.grid.code,
      line: this.line,
      code: code.value.trim() || this.shown,
      name: name.value.trim() || nextName([], this.grid.name),
      keep: this.keep,
      same_members: same.checked,
      ...countOf(this.element),
    };
  }

  show() {
    this.shown = this.operation.code;
    return this.work.preview(this.operation).then(() => this.mark());
  }

  get pieces() {
    return { old: this.work.grid(this.grid.code), new: this.work.pending && this.work.grid(this.shown) };
  }

  /** Say on the map and in the form which piece is which. */
  mark() {
    const pieces = this.pieces;
    if (!pieces.new) return;
    this.chart.sign([
      { point: insideOf(pieces.old.shape), kind: "keeps", words: say("keeps_code", { code: this.grid.code }) },
      { point: insideOf(pieces.new.shape), kind: "new", words: say("is_new") },
    ]);
    this.chart.looks("is-new", [this.shown]);
    for (const which of ["old", "new"]) {
      this.element.querySelector(`[data-${which}-size]`).textContent = sizeOf(areaOf(pieces[which].shape));
    }
    this.element.querySelector("[data-old-name]").textContent = this.grid.name;
  }

  /** Most people mean the larger piece to stay what it was. */
  keepLarger() {
    const pieces = this.pieces;
    if (pieces.new && areaOf(pieces.new.shape) > areaOf(pieces.old.shape)) return this.swap();
    return null;
  }

  swap() {
    this.keep = this.keep === "left" ? "right" : "left";
    return this.show();
  }

  read(form) {
    const found = named(form, this.work, this.shown);
    return found.error ? found : { operation: this.operation };
  }
}

/** An outline was drawn: a new grid in its place. */
export class DrawForm {
  constructor(work, chart, { ring, onDone, onCancel }) {
    Object.assign(this, { work, chart, ring });
    this.element = prepared("draw", { onDone, onCancel, read: (form) => this.read(form) });
    suggest(this.element, work, "");
    this.shown = this.element.elements.code.value;
    this.ready = work.preview(this.operation).then(() => this.mark());
  }

  get operation() {
    const { name, code } = this.element.elements;
    return { do: "draw", ring: this.ring, code: code.value.trim() || this.shown, name: name.value.trim() || code.value, ...countOf(this.element) };
  }

  mark() {
    const drawn = this.work.pending && this.work.grid(this.shown);
    if (!drawn) return;
    this.chart.looks("is-new", [this.shown]);
    this.chart.sign([{ point: insideOf(drawn.shape), kind: "new", words: say("is_new") }]);
    this.element.querySelector("[data-new-size]").textContent = sizeOf(areaOf(drawn.shape));
  }

  read(form) {
    const found = named(form, this.work, this.shown);
    return found.error ? found : { operation: this.operation };
  }
}

/** Neighbours are chosen one by one; one of them stays. */
export class MergeForm {
  constructor(work, { codes, touching, onDone, onCancel }) {
    Object.assign(this, { work, codes, touching });
    this.element = prepared("merge", { onDone, onCancel, read: (form) => this.read(form) });
    const box = this.element.querySelector("[data-choices]");
    codes.forEach((code, n) => {
      const grid = work.grid(code);
      const input = el("input", { type: "radio", name: "into", value: code, class: "form-check-input" });
      input.checked = n === 0;
      box.append(el("label", { class: "form-check choice" }, input, el("span", { class: "form-check-label" }, grid.name)));
    });
    this.ready = Promise.resolve();
  }

  read(form) {
    if (this.codes.length < 2) return { error: say("need_two") };
    if (!this.touching(this.codes)) return { error: say("not_touching") };
    const into = new FormData(form).get("into");
    return { operation: { do: "merge", grids: this.codes, into, same_members: form.elements.same.checked } };
  }
}

/** Name and households of a grid. */
export class RenameForm {
  constructor(work, { grid, onDone, onCancel }) {
    this.grid = grid;
    this.element = prepared("rename", { onDone, onCancel, read: (form) => this.read(form) });
    this.element.elements.name.value = grid.name;
    this.element.elements.households.value = grid.households ?? "";
    this.ready = Promise.resolve();
  }

  read(form) {
    const name = form.elements.name.value.trim();
    if (!name) return { error: say("code_missing") };
    const operation = { do: "rename", grid: this.grid.code };
    const households = form.elements.households.value.trim();
    if (name !== this.grid.name) operation.name = name;
    if (households !== "" && Number(households) !== this.grid.households) operation.households = Math.round(Number(households));
    return Object.keys(operation).length > 2 ? { operation } : { operation: null };
  }
}
