// The panels beside the map: the chosen grid, what changed since the last save, the list of grids.

import { clock, say } from "../say.js";
import { cornersOf } from "./corners.js";
import { el, icon } from "./dom.js";
import { titleOf } from "./handles.js";
import { areaOf } from "./shapes.js";
import { list, numberOf, placeOf, sizeOf, told } from "./words.js";

/** Name, code, size, households, who serves. */
export class GridPanel {
  /** options.onPoint(key): a point was chosen from the list. */
  constructor(box, work, options) {
    Object.assign(this, { box, work, options });
  }

  show(code, { points = false } = {}) {
    const grid = code && this.work.grid(code);
    this.box.hidden = !grid;
    if (!grid) return;
    const was = this.work.saved.find((one) => one.code === code);
    this.text("name", grid.name);
    this.text("code", grid.code);
    this.text("households", grid.households === null ? say("no_households") : numberOf(grid.households));
    this.text("members", list(grid.members) || say("nobody"));
    this.size(grid, was);
    const box = this.box.querySelector("[data-points]");
    box.hidden = !points;
    if (points) this.points(grid, box);
  }

  text(name, words) {
    this.box.querySelector(`[data-grid-${name}]`).textContent = words;
  }

  /** Its size, and what it was when that is not the same: also while a point is dragged. */
  size(grid, was = this.work.saved.find((one) => one.code === grid.code)) {
    const now = sizeOf(areaOf(grid.shape));
    const before = was && sizeOf(areaOf(was.shape));
    this.text("size", now);
    this.text("size-was", before && before !== now ? say("was", { what: before }) : "");
  }

  points(grid, box) {
    const rows = cornersOf(grid, this.work.grids, this.work.corners).map((corner, n) => {
      const choose = () => this.options.onPoint(corner.key);
      return el("li", {}, el("button", { type: "button", class: "btn btn-quiet", onclick: choose }, titleOf(corner, n)));
    });
    box.querySelector("ul").replaceChildren(...rows);
    box.querySelector("[data-number]").textContent = rows.length;
  }
}

/** Operations in order, each with what is wrong with it; problems; whether it can be saved. */
export class ChangesPanel {
  /** options.onPlace(point), options.onTakeOut(index). */
  constructor(box, work, options) {
    Object.assign(this, { box, work, options });
    this.list = box.querySelector("[data-changes]");
    this.problems = box.querySelector("[data-problems]");
    this.state = box.querySelector("[data-check]");
    this.button = box.querySelector("[data-save]");
  }

  show() {
    const { operations, failed, problems } = this.work;
    const n = operations.length;
    this.box.querySelector("[data-count]").textContent = n ? say(n === 1 ? "changes_one" : "changes_many", { n }) : say("no_changes");
    this.list.replaceChildren(...operations.map((one, index) => this.row(one, index, failed.find((f) => f.index === index))));
    this.problems.replaceChildren(...problems.map((problem) => this.problem(problem)));
    this.state.textContent = this.words();
    this.state.dataset.state = this.look();
    this.button.setAttribute("aria-disabled", String(!this.work.isReady));
    this.box.querySelector("[data-save-form]").hidden = !n;
  }

  row(operation, index, failure) {
    const place = placeOf(operation);
    const words = told(operation, this.work);
    const title = place
      ? el("button", { type: "button", class: "change-words", onclick: () => this.options.onPlace(place), title: say("show_place") }, words)
      : el("span", { class: "change-words" }, words);
    const row = el("li", { class: failure ? "change change-failed" : "change", "data-do": operation.do }, title);
    if (!failure) return row;
    row.append(
      el("p", { class: "change-why" }, icon("alert-triangle"), el("span", {}, el("strong", {}, say("not_fitting")), ` ${failure.message}`)),
      el("button", { type: "button", class: "btn", onclick: () => this.options.onTakeOut(index) }, say("take_out")),
    );
    return row;
  }

  problem({ message, place }) {
    const words = el("span", {}, message);
    const show = () => this.options.onPlace(place);
    const go = place && el("button", { type: "button", class: "btn btn-quiet", onclick: show }, say("show_place"));
    return el("li", { class: "problem" }, icon("alert-triangle"), words, go);
  }

  look() {
    const { state, failed, problems } = this.work;
    if (state !== "idle") return state;
    return failed.length || problems.length ? "wrong" : "right";
  }

  words() {
    const { state, failed, problems, operations, trouble } = this.work;
    if (state === "checking") return operations.length ? say("checking") : "";
    if (state === "unchecked") return say("unchecked");
    if (state === "broken") return trouble.message;
    if (failed.length) return say("has_failed");
    if (problems.length) return say("has_problems");
    return operations.length ? say("checked") : "";
  }
}

/** All grids as buttons: the way to choose one without a mouse. */
export class GridList {
  constructor(box, work, options) {
    Object.assign(this, { box, work, options });
  }

  show(grids, picked) {
    const codes = new Set(picked);
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.code : null;
    const rows = [...grids].sort((one, other) => (one.code < other.code ? -1 : 1)).map((grid) => {
      const name = el("span", { class: "grid-row-name" }, grid.name);
      const size = el("span", { class: "text-secondary" }, sizeOf(areaOf(grid.shape)));
      const pick = () => this.options.onPick(grid.code);
      const button = el("button", { type: "button", class: "grid-row", "data-code": grid.code, onclick: pick }, name, size);
      button.setAttribute("aria-pressed", String(codes.has(grid.code)));
      return el("li", {}, button);
    });
    this.box.replaceChildren(...rows);
    if (focused) this.box.querySelector(`[data-code="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

/** Who else is at work here, and what somebody saved meanwhile. */
export class Notes {
  constructor(box) {
    this.box = box;
    this.others = el("div");
    this.theirs = el("div");
    this.said = el("div");
    box.append(this.others, this.theirs, this.said);
  }

  showOthers(others) {
    const rows = others.map(({ name, saved_at }) =>
      note("warning", "users", el("p", {}, say("others", { name, time: clock(new Date(saved_at)) }))),
    );
    this.others.replaceChildren(...rows);
  }

  /** Somebody saved: who, when, what; and what became of my changes. */
  showTheirs({ edits, added, changed, retired }, { fit, unfit, onSeen }) {
    const names = (grids) => list(grids.map(({ name }) => name));
    const lines = edits.map(({ by, at, note: words }) =>
      el("p", {}, el("strong", {}, say("theirs", { name: by || say("somebody"), time: clock(new Date(at)) })), words ? ` ${say("theirs_note", { note: words })}` : ""),
    );
    for (const [key, grids] of Object.entries({ theirs_added: added, theirs_changed: changed, theirs_retired: retired })) {
      if (grids?.length) lines.push(el("p", {}, say(key, { names: names(grids) })));
    }
    if (fit || unfit) lines.push(el("p", {}, unfit ? say("theirs_mine_unfit", { n: unfit }) : say("theirs_mine_fit")));
    this.box.scrollIntoView({ block: "nearest" });
    const seen = el("button", { type: "button", class: "btn", onclick: onSeen }, say("seen"));
    this.theirs.replaceChildren(note("info", "history", el("div", { class: "note-lines" }, ...lines, seen)));
  }

  forgetTheirs() {
    this.theirs.replaceChildren();
  }

  /** A sentence that stays until the next one; no words: nothing. */
  say(words, kind = "info") {
    if (words) this.box.scrollIntoView({ block: "nearest" });
    const sign = { error: "alert-octagon", success: "check", warning: "alert-triangle" }[kind] ?? "info-circle";
    this.said.replaceChildren(...(words ? [note(kind, sign, el("p", {}, words))] : []));
  }
}

function note(kind, sign, words) {
  return el("div", { class: `note note-${kind}` }, icon(sign), words);
}
