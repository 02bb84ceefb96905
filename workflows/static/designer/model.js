// The definition as a tree of blocks, and what may be done to it. Pure: no document, no words.
//
// A *list* is what one may put blocks into: the body ("" is its address), or a branch of a fork ("step_3/0",
// "step_3/else"). A branch that is a single block is a list of one; it becomes a sequence once there are more.

export const chooses = ({ type }) => type === "condition" || type === "inclusive";
export const isFork = (block) => chooses(block) || block.type === "parallel";
/** What a fork's branches hang on. */
export const armsOf = ({ cases, branches }) => cases ?? branches;

/** Branches of a fork: [{ key, list, take }]; `take` puts another list in its place. */
export function branches(block) {
  if (block.type === "parallel") return block.branches.map((_one, n) => branch(block.branches, n, String(n)));
  if (!chooses(block)) return [];
  return [...block.cases.map((one, n) => branch(one, "body", String(n))), branch(block, "otherwise", "else")];
}

function branch(holder, name, key) {
  const body = holder[name];
  const list = !body ? [] : body.type === "sequence" ? body.blocks : [body];
  return { key, list, take: (blocks) => (holder[name] = { type: "sequence", blocks }) };
}

const bodyOf = (definition) => branch(definition, "body", "");

/** Every place of the tree in the order it is drawn: { block, address, index, above }. */
export function* places(definition, from = bodyOf(definition), address = "", above = []) {
  for (const [index, block] of from.list.entries()) {
    yield { block, address, index, above };
    for (const one of branches(block)) yield* places(definition, one, `${block.id}/${one.key}`, [...above, block.id]);
  }
}

/** Where the block of a key is: its own key or that of one of its branches. */
export function place(definition, key) {
  const [id] = key.split("/");
  return [...places(definition)].find(({ block }) => block.id === id);
}

export const blockAt = (definition, key) => place(definition, key)?.block;

export function listAt(definition, address) {
  const [id, key] = address.split("/");
  return address ? branches(blockAt(definition, id)).find((one) => one.key === key) : bodyOf(definition);
}

export function insert(definition, address, index, blocks) {
  const { list, take } = listAt(definition, address);
  take(list.toSpliced(index, 0, ...blocks));
}

export function remove(definition, id) {
  const { address, index } = place(definition, id);
  const { list, take } = listAt(definition, address);
  take(list.toSpliced(index, 1));
}

/** Whether a block may go to a list: not into itself. */
export function mayGo(definition, id, address) {
  const into = address.split("/")[0];
  return !into || (into !== id && !place(definition, into).above.includes(id));
}

/** Move a block; `index` counts while it is still where it was. */
export function move(definition, id, address, index) {
  const from = place(definition, id);
  remove(definition, id);
  insert(definition, address, from.address === address && from.index < index ? index - 1 : index, [from.block]);
}

// --- Names
/** Calls `visit(value, key, parent)` for everything in it; what it gives takes the value's place. */
function mapped(value, visit, key = "", parent = "") {
  if (Array.isArray(value)) return value.map((one) => mapped(one, visit, key, parent));
  if (!value || typeof value !== "object") return visit(value, key, parent);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [key === "access" ? visit(name, "field") : name, mapped(one, visit, name, key)]));
}

/** Every id in it, those of ends behind outcomes included. */
export function ids(value) {
  const found = new Set();
  mapped(value, (one, key) => key === "id" && found.add(one));
  return found;
}

/** Every field there is: [{ field, step }]; `step` is null for those of the filing form. */
export function fieldsOf(definition) {
  const steps = [...places(definition)].map(({ block }) => block);
  return [null, ...steps].flatMap((step) => ((step ?? definition).fields ?? []).map((field) => ({ field, step })));
}

/** A name like the one wanted that is not taken; it is taken from now on. */
export function fresh(taken, wanted) {
  const stem = wanted.replace(/_\d+$/, "");
  let name = wanted;
  for (let n = 2; taken.has(name); n += 1) name = `${stem}_${n}`;
  taken.add(name);
  return name;
}

/** The steps a case may have come through before it is at this block: not those of a branch beside it. */
export function stepsBefore(definition, key) {
  const here = place(definition, key);
  if (!here) return [];
  const path = [...here.above.map((id) => place(definition, id)), here];
  const before = path.flatMap(({ address, index }) => listAt(definition, address).list.slice(0, index).map(({ id }) => id));
  const isBefore = ({ block, above }) => block.type === "approval" && [block.id, ...above].some((id) => before.includes(id));
  return [...places(definition)].filter(isBefore).map(({ block }) => block);
}

/** What was filled in when a case comes to a block: the filing form's fields and those of the steps before. */
export function fieldsBefore(definition, key) {
  const steps = stepsBefore(definition, key);
  return fieldsOf(definition).filter(({ step }) => !step || steps.includes(step));
}

// --- Copies
const NAMES = /"(?:[^"\\]|\\.)*"|[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)?/gu;
const POINTERS = ["returns_to", "return_to", "doer_of"];

/** A condition with other names in it: `step.outcome` and `fields.code`. Texts in quotes stay. */
function renamed(text, blocks, fields) {
  return text.replace(NAMES, (word) => {
    const [first, rest] = word.split(".");
    if (first === "fields" && fields.has(rest)) return `fields.${fields.get(rest)}`;
    return rest === "outcome" && blocks.has(first) ? `${blocks.get(first)}.outcome` : word;
  });
}

/** Copies of blocks that can stand beside everything there is: new ids and field codes where they are taken;
 * what points to one of the copies points to the copy, what points elsewhere still does. */
export function copies(definition, blocks) {
  const codesOf = (whole) => fieldsOf(whole).map(({ field }) => field.code);
  const anew = (names, taken) => new Map([...new Set(names)].map((name) => [name, fresh(taken, name)]));
  const newIds = anew(ids(blocks), ids(definition));
  const newCodes = anew(codesOf({ body: { type: "sequence", blocks } }), new Set(codesOf(definition)));
  return mapped(blocks, (value, key, parent) => {
    if (key === "id" || POINTERS.includes(key)) return newIds.get(value) ?? value;
    if (key === "field" || (key === "code" && parent === "fields")) return newCodes.get(value) ?? value;
    return key === "when" ? renamed(value, newIds, newCodes) : value;
  });
}
