/**
 * hx-swap="morph": an answer changes what differs in the page and leaves the rest, instead of replacing all of it
 * (htmx with idiomorph). What the reader is doing stays as it is, whenever the answer comes:
 *
 * - a form in use keeps its elements, and with them words, choices, files, focus and caret;
 * - a field that is being typed in keeps its words, also where a part of its form is what changes;
 * - folding is the reader's: <details> that are shown stay unfolded or folded;
 * - a form in use that the answer no longer has stays in its place until it is no longer in use.
 *
 * Whether a form is in use is read from the form itself at that moment, so nothing can be late or missed.
 * Forms and <details> in such a fragment, and what stands beside them, need ids: by these they are known again.
 */

const FIELDS = "input:not([type=hidden]), select, textarea";

/** Forms' surroundings that the last answer had no more: shown on because of what is being written there. */
const left = new Set();

function changed(field) {
  if (field.type === "file") return field.files.length > 0;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.localName !== "select") return field.value !== field.defaultValue;
  const options = [...field.options];
  // Where no option is marked, a list shows its first one.
  if (!field.multiple && !options.some((option) => option.defaultSelected)) return field.selectedIndex > 0;
  return options.some((option) => option.selected !== option.defaultSelected);
}

/**
 * Whether somebody is busy with a form: it has been changed, refused or sent, has the focus, or was unfolded.
 * data-refused: what it says was typed before and refused. data-offered: the page unfolded it, not the reader.
 */
export function inUse(form) {
  if (form.matches("[data-refused], [data-sent]")) return true;
  const fields = [...form.elements].filter((field) => field.matches(FIELDS));
  if (fields.length === 0) return false; // a single button: there is nothing to lose
  if (fields.some(changed) || form.contains(document.activeElement)) return true;
  return form.closest("details[open]:not([data-offered])") !== null;
}

/**
 * Put an empty element into the answer for a form in use that it lacks, so that there is a place to keep it.
 * It stands for the form and what belongs to it alone: up to the nearest element that the answer still has.
 */
function makeRoom(form, find) {
  let unit = form;
  while (!find(unit.parentElement)) unit = unit.parentElement;
  unit.id ||= `left-${form.id}`;
  const room = document.createElement(unit.localName);
  room.id = unit.id;
  const parent = find(unit.parentElement);
  let before = unit.previousElementSibling;
  while (before && find(before)?.parentElement !== parent) before = before.previousElementSibling;
  if (before) find(before).after(room);
  else parent.prepend(room);
  left.add(unit);
  return room;
}

/** Make `target` look like its counterpart in the answer, a fragment of another document. */
function morph(target, answer) {
  const root = target.id ? answer.getElementById(target.id) : answer.firstElementChild;
  if (!root) return; // something else, such as the form for signing in
  const find = (element) => (element === target ? root : element.id && answer.getElementById(element.id));
  const held = new Set([...target.querySelectorAll("form")].filter(inUse));
  const folds = new Set(target.querySelectorAll("details"));
  const rooms = new Set();
  for (const unit of left) if (!unit.isConnected || target.contains(unit)) left.delete(unit);
  for (const form of held) if (!find(form)) rooms.add(makeRoom(form, find));
  window.Idiomorph.morph(target, root, {
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: (node, fresh) => !held.has(node) && !rooms.has(fresh),
      beforeNodeRemoved: (node) => ![...held].some((form) => node.contains(form)),
      beforeAttributeUpdated: (name, element) => name !== "open" || !folds.has(element),
    },
  });
}

// What was left standing goes when the reader folds it, or with the next answer after that.
document.addEventListener(
  "toggle",
  () => {
    for (const unit of left) {
      const forms = unit.localName === "form" ? [unit] : [...unit.querySelectorAll("form")];
      if (forms.some(inUse)) continue;
      unit.remove();
      left.delete(unit);
    }
  },
  true,
);

window.htmx?.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, answer) {
    if (style !== "morph") return false;
    morph(target, answer);
    return [target];
  },
});
