// The work on one community: what is saved, what I changed since, and what that makes of the borders. The server is
// the authority: every change is shown at once where that is simple arithmetic, then tried there, and its answer is drawn.
//
// Fires: "grids" (the borders shown changed), "list" (operations, problems, state of the check changed),
// "refused" (the change just made was not possible; detail.message), "theirs" (somebody else saved).

import { Corners } from "./corners.js";
import { tryOut } from "./server.js";
import { insertPoint, keyOf, movePoint, removePoint, sameShape, shapeOf } from "./shapes.js";

const RETRY_MS = 8_000;

/** A grid as this page keeps it, from the server's. */
export function gridOf(row, known) {
  return {
    code: row.code,
    name: row.name,
    households: row.households ?? null,
    members: row.members ?? known?.members ?? [],
    since: row.since ?? known?.since ?? null,
    by: row.by ?? known?.by ?? "",
    shape: shapeOf(row.geometry),
  };
}

export class Work extends EventTarget {
  constructor() {
    super();
    this.base = null;
    this.community = null;
    this.around = [];
    this.edits = [];
    this.others = [];
    this.saved = [];
    this.grids = [];
    this.operations = [];
    this.undone = [];
    /** What each operation did, in words of the moment when it was done. */
    this.stories = new WeakMap();
    /** An operation being filled in: shown as if it were done, but in no list yet. */
    this.pending = null;
    this.problems = [];
    this.failed = [];
    /** idle, checking, unchecked (no connection), broken (the server failed). */
    this.state = "idle";
    this.turn = 0;
  }

  tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The saved borders as the server gave them; my operations stay and are tried on them. */
  take(data) {
    this.base = data.edit;
    this.community = { ...data.community, shape: shapeOf(data.community.geometry) };
    this.corners = new Corners(this.community);
    this.around = (data.around ?? []).map((row) => gridOf(row));
    this.edits = data.edits ?? [];
    this.others = data.others ?? [];
    this.saved = data.grids.map((row) => gridOf(row));
    if (!this.operations.length && !this.pending) this.show(this.saved);
    return this.check();
  }

  grid(code) {
    return this.grids.find((one) => one.code === code);
  }

  show(grids) {
    this.grids = grids;
    this.tell("grids");
  }

  // --- Changes -------------------------------------------------------------------------------------
  /** Do an operation. `nudge`: the arrow keys go on moving the same point, which is one change. */
  commit(operation, { nudge = false, story } = {}) {
    const last = this.operations.at(-1);
    const goesOn =
      nudge && last?.do === "move" && operation.do === "move" && keyOf(last.to) === keyOf(operation.from);
    if (goesOn) this.operations[this.operations.length - 1] = { ...last, to: operation.to };
    else this.operations.push(operation);
    this.undone = [];
    this.pending = null;
    this.show(this.guess(this.grids, operation));
    this.fresh = this.operations.at(-1);
    if (story) this.stories.set(this.fresh, story);
    this.changed();
  }

  /** What an operation makes of the grids, as far as that is simple; the server's answer follows. */
  guess(grids, operation) {
    if (operation.do === "move") return movePoint(grids, operation.from, operation.to);
    if (operation.do === "insert") return insertPoint(grids, operation.edge, operation.at);
    if (operation.do === "remove") return removePoint(grids, operation.at);
    if (operation.do !== "rename") return grids;
    const { grid: code, name, households } = operation;
    return grids.map((one) => (one.code === code ? { ...one, name: name ?? one.name, households: households ?? one.households } : one));
  }

  /** Show what an operation would make of the borders while its form is filled in; null: no longer. */
  preview(operation) {
    this.pending = operation;
    return this.check();
  }

  undo() {
    const operation = this.operations.pop();
    if (operation) this.undone.push(operation);
    this.fresh = null;
    this.changed();
    return operation;
  }

  redo() {
    const operation = this.undone.pop();
    if (operation) this.operations.push(operation);
    this.fresh = null;
    this.changed();
    return operation;
  }

  /** Take one operation out of the middle. */
  takeOut(index) {
    this.operations.splice(index, 1);
    this.fresh = null;
    this.changed();
  }

  /** Go on with work that was kept. */
  resume({ operations, undone = [], stories = [] }) {
    this.operations = [...operations];
    this.undone = [...undone];
    operations.forEach((operation, n) => stories[n] && this.stories.set(operation, stories[n]));
    return this.check();
  }

  /** Everything is saved, or thrown away. */
  clear() {
    this.operations = [];
    this.undone = [];
    this.pending = null;
    this.fresh = null;
    this.tell("change");
  }

  changed() {
    this.tell("change");
    this.check();
  }

  // --- The server's word -----------------------------------------------------------------------
  async check() {
    const turn = (this.turn += 1);
    clearTimeout(this.retry);
    this.asked?.abort();
    this.asked = new AbortController();
    this.setState("checking");
    const operations = this.pending ? [...this.operations, this.pending] : [...this.operations];
    try {
      const answer = await tryOut({ base: this.base, operations }, this.asked.signal);
      if (turn === this.turn) this.answered(answer, operations);
    } catch (trouble) {
      if (trouble.name === "AbortError" || turn !== this.turn) return;
      this.trouble = trouble;
      this.setState(trouble.kind === "offline" ? "unchecked" : "broken");
      if (trouble.kind !== "denied") this.retry = setTimeout(() => this.check(), RETRY_MS);
    }
  }

  answered(answer, tried) {
    const failed = answer.failed ?? [];
    const last = failed.find(({ index }) => index === tried.length - 1);
    const isMine = last && (this.pending || this.fresh === tried.at(-1));
    if (isMine) {
      // It was never in effect: better to say so and let it be made again than to keep it as a change.
      if (this.pending) this.pending = null;
      else this.operations.pop();
      this.fresh = null;
      this.tell("refused", { message: last.message });
      this.changed();
      return;
    }
    // From here on it is work like any other: should it stop fitting, it stays in the list.
    this.fresh = null;
    const known = new Map(this.saved.map((one) => [one.code, one]));
    this.failed = failed;
    this.problems = answer.problems ?? [];
    this.state = "idle";
    this.show(answer.grids.map((row) => gridOf(row, known.get(row.code))));
    this.tell("list");
  }

  setState(state) {
    this.state = state;
    this.tell("list");
  }

  /** Whether all of it may be saved now. Problems may have been there before: whether they matter, the server says. */
  get isReady() {
    return this.operations.length > 0 && !this.pending && this.state === "idle" && !this.failed.length;
  }

  // --- Somebody else saved -----------------------------------------------------------------------
  /** Their new borders; my operations are tried on them. What they changed, for `theirs`. */
  async absorb(data) {
    const before = this.saved;
    const since = this.base;
    this.fresh = null;
    await this.take(data);
    const theirs = difference(before, this.saved);
    const edits = this.edits.filter((edit) => since === null || edit.id > since);
    this.tell("theirs", { ...theirs, edits });
  }
}

/** Which grids are new, gone or different. */
export function difference(before, after) {
  const [old, now] = [before, after].map((grids) => new Map(grids.map((one) => [one.code, one])));
  return {
    added: after.filter((one) => !old.has(one.code)),
    retired: before.filter((one) => !now.has(one.code)),
    changed: after.filter((one) => {
      const was = old.get(one.code);
      return was && (was.name !== one.name || was.households !== one.households || !sameShape(was.shape, one.shape));
    }),
  };
}
