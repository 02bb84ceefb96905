// What a new block, outcome, field … begins as: the page says so, this gives ids and codes that nothing else has.

import { config } from "./dom.js";
import { fieldsOf, fresh, ids } from "./model.js";

const STEM = { approval: "step", end: "ended", ends: "ended" };
const CODED = { outcome: "outcome", form_field: "field", choice: "choice" };
const begin = (name) => structuredClone(config.fresh[name]);

export const newBlock = (type, definition) => ({ id: fresh(ids(definition), STEM[type] ?? type), ...begin(type) });
export const newBranch = ({ cases, branches }) => (cases ? cases.push(begin("case")) : branches.push(begin("nothing")));

/** What is added to a list, or becomes of a choice. */
export function newPart(name, list, definition) {
  if (name === "ends") return newBlock(name, definition);
  if (!CODED[name]) return begin(name);
  const taken = new Set((name === "form_field" ? fieldsOf(definition).map(({ field }) => field) : list).map(({ code }) => code));
  const n = list.length + 1;
  if (name === "outcome" && n === 2) return { code: fresh(taken, "refuse"), ...begin("refusal") };
  const part = begin(name);
  return { code: fresh(taken, `${CODED[name]}_${n}`), ...part, name: `${part.name}${n}`, name_en: `${part.name_en} ${n}` };
}

/** What else changes with a choice, in the same step. */
export const AFTER = {
  mode(step) {
    if (step.mode === "vote") step.vote ??= begin("vote");
    else delete step.vote;
    // Several people agree or do not: somebody has to say which outcome is which.
    const [first] = step.outcomes;
    if (step.mode && first && !step.outcomes.some(({ agrees }) => agrees)) first.agrees = true;
  },
  action(deadline) {
    for (const name of ["to", "outcome", "every"]) delete deadline[name];
    if (deadline.action === "escalate") deadline.to = [begin("who")];
  },
  type(field) {
    for (const name of ["choices", "unit", "role", "sets"]) delete field[name];
    if (field.type === "choice") field.choices = [newPart("choice", []), newPart("choice", [{}])];
  },
};
