// The side panel: the form of whatever is chosen, filled from the page's templates. A control names its place in the
// block by `data-bind`; a row of a list is a template of its own. docs/reference/designer.md lists the attributes.

import { config, el, formOf, say, select, tick, title, tool } from "./dom.js";
import { AFTER, newPart } from "./kinds.js";
import { blockAt, fieldsBefore, stepsBefore } from "./model.js";
import { accessRows, peoplePicker } from "./pickers.js";
import { conditionEditor } from "./rows.js";
import { blockName, branchName, kindName } from "./said.js";

/** What the form of a key changes: the definition itself, a block, a case of a fork. */
function targetOf(definition, key) {
  const [, branch] = key.split("/");
  const block = blockAt(definition, key);
  return key === "start" ? definition : branch ? block?.cases?.[branch] : block;
}

const read = (target, path) => (path ? path.split(".").reduce((value, name) => value?.[name], target) : target);

/** Put a value in its place; undefined or an empty list takes it away, unless a list is always there. */
function put(target, path, value) {
  const [, above, name] = path.match(/^(?:(.*)\.)?(\w+)$/);
  const holder = read(target, above);
  if (value === undefined || (value?.length === 0 && ["fields", "choices", "deadlines", "moves", "return_to", "escalate_to", "to"].includes(name))) delete holder[name];
  else holder[name] = value;
  return holder;
}

export class Panel {
  key = "";
  open = new Map();

  constructor(element, work) {
    Object.assign(this, { element, work, scroller: element.parentElement });
    element.addEventListener("focusout", () => work.rest());
    element.addEventListener("toggle", ({ target }) => this.open.set(target.dataset.section, target.open), true);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  show(key) {
    const target = targetOf(this.work.definition, key);
    const block = blockAt(this.work.definition, key);
    const [, branch] = key.split("/");
    this.element.hidden = !target && !block;
    if (this.element.hidden) return (this.key = "");
    const path = this.element.contains(document.activeElement) ? (document.activeElement.dataset.path ?? "") : null;
    const scrolled = key === this.key ? this.scroller.scrollTop : 0;
    this.key = key;
    const name = !branch ? (block?.type ?? "start") : branch === "else" ? "otherwise" : block.cases ? "case" : "branch";
    const form = el("div", { class: "panel-form" }, formOf(name));
    this.bind(form, "");
    this.find("[data-panel-title]").textContent = branch ? say("of", { part: branchName(block, branch), whole: blockName(block) }) : kindName(name);
    this.find("[data-panel-tools]").hidden = name === "start" || name === "otherwise";
    this.find("[data-panel-form]").replaceChildren(form);
    for (const section of form.querySelectorAll("details")) section.open = this.open.get(section.dataset.section) ?? section.open;
    this.scroller.scrollTop = scrolled;
    if (this.wanted ?? path !== null) this.refocus(this.wanted ?? path);
    this.wanted = null;
  }

  close() {
    this.key = "";
    this.element.hidden = true;
  }

  refresh() {
    if (this.key) this.show(this.key);
  }

  /** The focus goes to a control, or to the nearest thing that is there. */
  refocus(path) {
    const all = [...this.element.querySelectorAll("[data-path]")];
    const to = [(one) => one === path, (one) => one.startsWith(`${path}.`), (one) => one === `${path.split(/[.#]/)[0]}#add`];
    const found = to.map((fits) => all.find((one) => fits(one.dataset.path))).find(Boolean);
    (found ?? this.find("[data-panel-title]")).focus({ preventScroll: Boolean(found) });
  }

  enter() {
    (this.find("[data-panel-form] :is(input, select, textarea, button)") ?? this.find("[data-panel-title]")).focus();
  }

  value(path) {
    return read(targetOf(this.work.definition, this.key), path);
  }

  /** Change the chosen thing: `edit(target, definition)`; afterwards the focus is on `wanted`. */
  change(edit, { typing = "", wanted } = {}) {
    const { key, work } = this;
    const block = blockAt(work.definition, key);
    this.wanted = wanted;
    const what = say("did_change", { name: block ? blockName(block) : say("start") });
    work.change(what, (next) => edit(targetOf(next, key), next), { typing: typing && `${key}:${typing}`, focus: key, from: key });
    this.wanted = null;
  }

  write(path, value, { typing, wanted } = {}) {
    const edit = (target) => {
      const holder = put(target, path, value);
      AFTER[path.split(".").at(-1)]?.(holder);
    };
    this.change(edit, { typing: typing && path, wanted });
  }

  // --- Filling in
  bind(root, path) {
    const at = (name) => (path && name ? `${path}.${name}` : path || name);
    const each = (name, act) => root.querySelectorAll(`[data-${name}]`).forEach((one) => act(one, at(one.dataset[name])));
    each("options", (box) => box.tagName === "SELECT" && this.fill(box, at(box.dataset.bind)));
    each("show", (box) => (box.hidden = !this.shows(box.dataset.show, at)));
    each("bind", (control, path) => this.control(control, path));
    each("oneof", (box) => this.oneOf(box, at(box.dataset.in ?? "")));
    each("people", (box) => peoplePicker(this, box, at("people")));
    each("access", (box) => accessRows(this, box));
    each("condition", (box) => conditionEditor(this, box));
    each("step-only", (box) => (box.hidden = this.key === "start"));
    for (const name of ["member", "members", "toggle", "add", "list"]) each(name, (box, path) => this[name](box, path));
  }

  /** `name`: it is there; `name=a|b`: it is one of these; `!`: not so. */
  shows(rule, at) {
    const [, not, name, values] = rule.match(/^(!?)([\w.]+)(?:=(.*))?$/);
    const value = this.value(at(name));
    return (values ? values.split("|").includes(value) : value !== undefined) !== Boolean(not);
  }

  control(control, path) {
    const { dataset, type } = control;
    const usual = dataset.default ?? "";
    const isTyped = control.matches("textarea, input:not([type=checkbox])");
    dataset.path = path;
    control.checked = this.value(path);
    if (type !== "checkbox") control.value = this.value(path) ?? usual;
    const given = () => (type === "checkbox" ? control.checked || undefined : control.value === usual && !("keep" in dataset) ? undefined : type === "number" ? control.valueAsNumber : control.value);
    control.addEventListener(isTyped ? "input" : "change", () => this.write(path, given(), { typing: isTyped }));
    if (isTyped) control.addEventListener("change", () => this.work.rest());
  }

  member(box, path) {
    box.dataset.path = `${path}#${box.value}`;
    box.checked = this.value(path)?.includes(box.value);
    box.onchange = () => {
      const others = (this.value(path) ?? []).filter((one) => one !== box.value);
      this.write(path, box.checked ? [...others, box.value] : others);
    };
  }

  members(box, path) {
    const known = this.options(box.dataset.options);
    const gone = (this.value(path) ?? []).filter((one) => !known.some(([code]) => code === one)).map((one) => [one, say("gone")]);
    for (const [value, name] of [...known, ...gone]) {
      const label = tick(name, false, { value }, () => {});
      this.member(label.firstChild, path);
      box.append(label);
    }
    if (!known.length) box.append(say("none_before"));
  }

  toggle(box, path) {
    box.dataset.path = `${path}#is`;
    box.checked = this.value(path);
    box.onchange = () => this.write(path, box.checked ? newPart(box.dataset.new) : undefined);
  }

  /** A choice between several keys, of which the block has one. */
  oneOf(box, path) {
    const names = box.dataset.oneof.split(" ");
    box.dataset.path = `${path}#way`;
    box.value = names.find((name) => this.value(path)?.[name] !== undefined) ?? "";
    box.onchange = () => this.change((target, definition) => {
      const here = read(target, path);
      for (const name of [...names, "at"]) delete here[name];
      if (box.value) here[box.value] = newPart(box.value, [], definition);
    });
  }

  add(box, path) {
    box.dataset.path = `${path}#add`;
    box.addEventListener("click", () => {
      const list = this.value(path) ?? [];
      this.write(path, [...list, newPart(box.dataset.new, list, this.work.definition)], { wanted: `${path}.${list.length}` });
    });
  }

  list(box, path) {
    const list = this.value(path) ?? [];
    list.forEach((one, n) => {
      const row = el("li", { class: "row" }, formOf(`row-${box.dataset.row}`));
      const others = list.toSpliced(n, 1);
      const act = (name, shape, to, next) => tool(shape, say(name), { "data-path": `${path}.${n}#${name}`, onclick: () => this.write(path, next, { wanted: `${path}.${to}#${name}` }) });
      this.bind(row, `${path}.${n}`);
      row.append(el("div", { class: "row-tools" },
        n > 0 && act("up", "up", n - 1, others.toSpliced(n - 1, 0, one)),
        n < others.length && act("down", "down", n + 1, others.toSpliced(n + 1, 0, one)),
        act("remove", "trash", Math.max(0, n - 1), others)));
      box.append(row);
    });
  }

  fill(box, path) {
    const { options, none, default: usual } = box.dataset;
    const known = none === undefined ? this.options(options) : [["", none], ...this.options(options)];
    const value = this.value(path) ?? usual ?? "";
    box.append(...select(known, value).options);
  }

  /** What a select offers: [[code, name], …]. */
  options(source) {
    const { definition } = this.work;
    const persons = () => this.earlierFields().filter(({ field }) => ["person", "people"].includes(field.type));
    const own = {
      steps: () => stepsBefore(definition, this.key).map((step) => [step.id, blockName(step)]),
      personFields: () => persons().map(({ field }) => [field.code, title(field)]),
      outcomes: () => (blockAt(definition, this.key)?.outcomes ?? []).map((one) => [one.code, title(one)]),
    }[source];
    return own?.() ?? config.options[source];
  }

  earlierFields() {
    return fieldsBefore(this.work.definition, this.key);
  }
}
