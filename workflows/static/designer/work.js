// The drawing under work: what it is, what it was before, what it would be again. Undo has no end.

export class Work {
  past = [];
  future = [];
  typing = "";

  /** onChange({ what, typing, focus, how }): what was done, after it was done. */
  constructor(definition, onChange) {
    Object.assign(this, { definition, onChange });
  }

  /** Change it: `edit` gets a copy to work on. `typing` names a field: letter after letter
   * is one change. `focus` is where somebody is afterwards, `from` where undoing leads back to. */
  change(what, edit, { typing = "", focus, from } = {}) {
    const next = structuredClone(this.definition);
    edit(next);
    const before = JSON.stringify(this.definition);
    if (JSON.stringify(next) === before) return;
    if (!typing || typing !== this.typing) this.past.push({ what, text: before, focus: from });
    this.typing = typing;
    this.future = [];
    this.definition = next;
    this.onChange({ what, typing, focus });
  }

  /** Another drawing altogether: that of somebody else, or one that was kept. */
  replace(what, definition) {
    this.change(what, (next) => {
      Object.keys(next).forEach((name) => delete next[name]);
      Object.assign(next, definition);
    });
  }

  rest() {
    this.typing = "";
  }

  undo = () => this.step(this.past, this.future, "undone");
  redo = () => this.step(this.future, this.past, "redone");

  step(from, to, how) {
    const one = from.pop();
    if (!one) return;
    to.push({ ...one, text: JSON.stringify(this.definition) });
    this.definition = JSON.parse(one.text);
    this.rest();
    this.onChange({ ...one, how });
  }
}
