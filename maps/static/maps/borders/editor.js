// The tools: one is active at a time, and a sentence says what to do next. What a tool did becomes one operation.

import { clock, say } from "../say.js";
import { DrawForm, MergeForm, RenameForm, SplitForm } from "./forms.js";
import { Handles } from "./handles.js";
import { ChangesPanel, GridList, GridPanel } from "./panels.js";
import { Pencil } from "./pencil.js";
import { readBorders, save } from "./server.js";
import { touch } from "./shapes.js";
import { story, told } from "./words.js";

export const PHONE = matchMedia("(max-width: 47.99rem)");
/** Tools that are drawn with the pencil. */
const DRAWN = { split: "Line", draw: "Polygon" };

export class Editor {
  constructor(element, work, chart, notes) {
    Object.assign(this, { element, work, chart, notes });
    this.find = (name) => element.querySelector(`[data-${name}]`);
    this.tool = "look";
    this.picked = null;
    this.chosen = [];
    this.form = null;
    this.pastGrids = null;
    this.handles = new Handles(chart, work);
    this.pencil = new Pencil(chart.map, { onDone: (points) => this.drawn(points), onPoints: (n) => this.pencilled(n) });
    this.panel = new GridPanel(this.find("grid"), work, { onPoint: (key) => this.handles.focus(key) });
    this.changes = new ChangesPanel(this.find("work"), work, {
      onPlace: (point) => this.chart.goToPoint(point),
      onTakeOut: (index) => this.work.takeOut(index),
    });
    this.list = new GridList(this.find("grids"), work, { onPick: (code) => this.pick(code, { go: true }) });
    this.hooks();
  }

  hooks() {
    const { work, handles } = this;
    work.addEventListener("grids", () => this.gridsChanged());
    work.addEventListener("list", () => this.listChanged());
    work.addEventListener("refused", ({ detail }) => this.refused(detail.message));
    handles.addEventListener("operation", ({ detail }) => this.commit(detail.operation, detail));
    handles.addEventListener("moving", ({ detail }) => this.follow(detail.grids));
    handles.addEventListener("said", ({ detail }) => this.announce(detail.words));
    for (const button of this.element.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.take(button.dataset.tool === this.tool ? "look" : button.dataset.tool));
    }
    this.find("undo").addEventListener("click", () => this.undo());
    this.find("redo").addEventListener("click", () => this.redo());
    this.find("finish").addEventListener("click", () => this.pencil.finish());
    this.find("point-back").addEventListener("click", () => this.pencil.back());
    this.find("point-here").addEventListener("click", () => this.pencil.middle());
    this.find("outer").addEventListener("change", ({ target }) => this.freeOutline(target.checked));
    this.find("whole").addEventListener("click", () => this.chart.goTo());
    this.find("save-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    document.addEventListener("keydown", (event) => this.pressed(event));
    PHONE.addEventListener("change", () => this.take("look"));
  }

  get isReadOnly() {
    return PHONE.matches;
  }

  open() {
    this.isOpen = true;
    this.take("look");
    this.gridsChanged();
    this.listChanged();
  }

  // --- Tools --------------------------------------------------------------------------------------
  take(tool) {
    if (!this.isOpen || ((this.isReadOnly || this.pastGrids) && tool !== "look")) return;
    this.closeForm();
    this.pencil.stop();
    this.notes.say("");
    this.tool = tool;
    this.chosen = tool === "merge" && this.picked ? [this.picked] : [];
    if (tool === "draw") this.picked = null;
    this.begin();
    this.show();
  }

  /** What the present tool does with what is picked. */
  begin() {
    const { tool, picked } = this;
    if (tool === "split" && picked) {
      this.chart.snapTo([picked]);
      this.pencil.start(DRAWN.split);
    } else if (tool === "draw") {
      this.chart.snapTo(null);
      this.pencil.start(DRAWN.draw);
    } else if (tool === "merge" && this.chosen.length) {
      this.openForm(new MergeForm(this.work, { ...this.ends(), codes: this.chosen, touching: (codes) => this.touching(codes) }));
    } else if (tool === "rename" && picked) {
      this.openForm(new RenameForm(this.work, { ...this.ends(), grid: this.work.grid(picked) }));
    }
  }

  /** A grid was clicked, on the map or in the list. */
  pick(code, { go = false } = {}) {
    if (!this.isOpen || this.pencil.kind || this.form?.line || this.form?.ring) return;
    if (this.tool === "merge") {
      this.choose(code);
    } else {
      this.picked = this.picked === code && this.tool === "look" ? null : code;
      this.closeForm();
      this.begin();
    }
    const grid = this.shown.find((one) => one.code === code);
    if (go && grid?.shape.length) {
      this.chart.goTo([grid.shape]);
      if (this.isReadOnly) this.element.scrollIntoView();
    }
    this.show();
  }

  choose(code) {
    const { chosen } = this;
    this.chosen = chosen.includes(code) ? chosen.filter((one) => one !== code) : [...chosen, code];
    this.picked = this.chosen[0] ?? null;
    this.closeForm();
    this.begin();
  }

  touching(codes) {
    const [first, ...rest] = codes.map((code) => this.work.grid(code));
    const reached = [first];
    for (let again = true; again && rest.length; ) {
      const next = rest.findIndex((one) => reached.some((other) => touch(one.shape, other.shape)));
      again = next >= 0;
      if (again) reached.push(...rest.splice(next, 1));
    }
    return !rest.length;
  }

  /** A line or an outline was drawn. */
  drawn(points) {
    const { tool } = this;
    const enough = points.length >= (tool === "split" ? 2 : 3);
    if (!enough) {
      this.notes.say(say(tool === "split" ? "line_short" : "ring_short"), "warning");
      this.begin();
    } else if (tool === "split") {
      this.openForm(new SplitForm(this.work, this.chart, { ...this.ends(), grid: this.work.grid(this.picked), line: points }));
    } else if (tool === "draw") {
      this.openForm(new DrawForm(this.work, this.chart, { ...this.ends(), ring: points }));
    }
    this.show();
  }

  pencilled(points) {
    this.find("point-back").disabled = points < 1;
    this.find("finish").disabled = points < (this.tool === "split" ? 2 : 3);
  }

  freeOutline(free) {
    this.handles.outer = free;
    this.show();
  }

  // --- Forms --------------------------------------------------------------------------------------
  ends() {
    return {
      onDone: (operation) => this.finished(operation),
      onCancel: () => this.take("look"),
    };
  }

  openForm(form) {
    this.form = form;
    const box = this.find("task");
    box.replaceChildren(form.element);
    box.hidden = false;
    form.element.scrollIntoView({ block: "nearest" });
    if (this.tool !== "merge") form.element.querySelector("input")?.focus({ preventScroll: true });
  }

  closeForm() {
    if (!this.form) return;
    this.form = null;
    this.find("task").replaceChildren();
    this.find("task").hidden = true;
    this.chart.looks("is-new", []);
    if (this.work.pending) this.work.preview(null);
  }

  finished(operation) {
    const picked = operation?.into ?? operation?.code ?? this.picked;
    if (operation) {
      this.work.pending = null;
      this.commit(operation);
    }
    this.picked = picked;
    this.take("look");
    this.find("hint").focus({ preventScroll: true });
  }

  commit(operation, { nudge = false } = {}) {
    this.notes.say("");
    this.work.commit(operation, { nudge, story: story(operation, this.work) });
    const done = { move: "point_moved", insert: "point_added", remove: "point_removed" }[operation.do];
    this.announce(done ? say(done) : told(operation, this.work));
  }

  /** The server did not take the last change: it is off the list, and the tool is ready once more. */
  refused(message) {
    this.notes.say(say("impossible", { why: message }), "error");
    this.announce(message);
    if (this.form && (this.form.line || this.form.ring)) {
      this.closeForm();
      this.begin();
      this.show();
    }
  }

  // --- Undo, redo, save -------------------------------------------------------------------------
  undo() {
    this.handles.settle();
    if (this.form?.line || this.form?.ring) return this.take(this.tool);
    if (this.pencil.kind) return this.pencil.back();
    const operation = this.work.operations.at(-1);
    if (!operation) return null;
    const what = told(operation, this.work);
    this.work.undo();
    return this.announce(say("undone", { what }));
  }

  redo() {
    if (this.pencil.kind || !this.work.undone.length) return;
    const operation = this.work.redo();
    this.announce(say("redone", { what: told(operation, this.work) }));
  }

  async save() {
    this.handles.settle();
    if (!this.work.isReady || this.isSaving) {
      this.announce(this.find("check").textContent);
      return;
    }
    const button = this.find("save");
    const note = this.find("note");
    this.isSaving = true;
    button.setAttribute("aria-busy", "true");
    this.notes.say(say("saving"));
    try {
      await save({ base: this.work.base, operations: this.work.operations, note: note.value.trim() });
      this.work.clear();
      note.value = "";
      await this.onSaved(await readBorders());
      this.take("look");
      this.notes.say(say("saved", { time: clock(new Date()) }), "success");
    } catch (trouble) {
      await this.notSaved(trouble);
    } finally {
      this.isSaving = false;
      button.removeAttribute("aria-busy");
    }
  }

  async notSaved(trouble) {
    if (trouble.kind === "conflict" && trouble.answer?.data) {
      this.notes.say(trouble.message, "warning");
      await this.onConflict(trouble.answer.data);
      return;
    }
    this.notes.say(trouble.kind === "offline" ? say("offline_save") : trouble.message, "error");
    if (trouble.kind === "refused") this.work.check();
  }

  // --- Showing ------------------------------------------------------------------------------------
  /** The grids on the map: of a past day, or those of my work. */
  get shown() {
    return this.pastGrids ?? this.work.grids;
  }

  gridsChanged() {
    if (!this.isOpen || this.handles.moving || this.pastGrids) return;
    this.chart.show(this.work.grids);
    if (this.picked && !this.work.grid(this.picked)) this.picked = null;
    this.show();
  }

  /** While a point is dragged: sizes follow. */
  follow(grids) {
    const grid = grids.find(({ code }) => code === this.picked);
    if (grid) this.panel.size(grid);
  }

  listChanged() {
    if (!this.isOpen) return;
    this.changes.show();
    const wrong = this.work.problems;
    this.chart.looks("is-wrong", wrong.flatMap(({ grids }) => grids ?? []));
    if (!this.form) this.signs();
    this.buttons();
  }

  signs() {
    const wrong = this.pastGrids ? [] : this.work.problems.filter(({ place }) => place);
    this.chart.sign(wrong.map(({ place, message }) => ({ point: place, kind: "wrong", words: message })));
  }

  show() {
    if (!this.isOpen) return;
    const { tool, picked } = this;
    const marked = tool === "merge" ? this.chosen : [];
    this.chart.looks("is-picked", picked ? [picked] : []);
    this.chart.looks("is-chosen", marked);
    this.handles.show(tool === "reshape" && !this.pastGrids ? picked : null);
    if (this.pastGrids) this.find("grid").hidden = true;
    else this.panel.show(picked, { points: tool === "reshape" });
    this.list.show(this.shown, tool === "merge" ? marked : [picked]);
    if (!this.form) this.signs();
    this.find("drawing").hidden = !this.pencil.kind;
    this.find("cross").hidden = !this.pencil.kind;
    this.find("outer-box").hidden = tool !== "reshape";
    this.find("save-box").hidden = Boolean(this.form || this.pastGrids);
    if (this.pencil.kind) this.pencilled(0);
    this.find("hint").textContent = this.hint();
    this.buttons();
  }

  hint() {
    const { tool, form } = this;
    const name = this.picked && this.work.grid(this.picked)?.name;
    if (this.isReadOnly) return say("hint_phone");
    if (this.pastGrids) return say("hint_past");
    if (tool === "merge") return this.chosen.length > 1 ? say("hint_merge_picked", { n: this.chosen.length }) : say("hint_merge");
    if (tool === "draw") return say(form ? "hint_draw_form" : "hint_draw");
    if (tool === "split") return say(form ? "hint_split_form" : name ? "hint_split_line" : "hint_split");
    if (tool === "reshape") return say(name ? "hint_reshape_picked" : "hint_reshape");
    if (tool === "rename") return say(name ? "hint_rename_form" : "hint_rename");
    return name ? say("hint_look_picked", { name }) : say("hint_look");
  }

  buttons() {
    const still = this.isReadOnly || Boolean(this.pastGrids);
    for (const button of this.element.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.tool));
      button.disabled = still;
    }
    this.find("undo").disabled = still || (!this.work.operations.length && !this.pencil.kind && !this.form);
    this.find("redo").disabled = still || !this.work.undone.length;
  }

  /** Others' changes, until they are seen. */
  theirs(codes) {
    this.chart.looks("is-theirs", codes);
    this.find("theirs-key").hidden = !codes.length;
    if (!this.pastGrids) this.chart.show(this.work.grids);
    this.show();
  }

  /** Show a past day's grids, or null for the present. */
  past(grids) {
    const wasPast = this.pastGrids;
    if (grids && !wasPast) this.take("look");
    this.pastGrids = grids;
    this.element.classList.toggle("is-past", Boolean(grids));
    this.chart.show(this.shown);
    this.show();
  }

  announce(words) {
    this.find("announce").textContent = words;
  }

  // --- Keys ---------------------------------------------------------------------------------------
  pressed(event) {
    if (!this.isOpen || this.isReadOnly || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const writing = event.target.closest?.("input:not([type=range], [type=radio], [type=checkbox]), textarea, select");
    const key = event.key.toLowerCase();
    if (event.key === "Escape") {
      this.take("look");
    } else if ((event.ctrlKey || event.metaKey) && !writing && !this.pastGrids && (key === "z" || key === "y")) {
      if (key === "y" || event.shiftKey) this.redo();
      else this.undo();
      event.preventDefault();
    }
  }
}
