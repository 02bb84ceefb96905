// The editor of a condition: rows of field, comparison and value in groups; or the text itself.

import { at, button, el, formOf, hint, icon, say, select, tick, tool } from "./dom.js";
import { rowsOf, textOf } from "./conditions.js";
import { asked, askable } from "./said.js";

const NO_VALUE = ["known", "unknown"];
const ORDERED = ["=", "!=", ">", ">=", "<", "<=", "between", ...NO_VALUE];
const OPS = { number: ORDERED, date: ORDERED, text: ["=", "!=", "in", ...NO_VALUE], bool: ["="], row: NO_VALUE };

export function conditionEditor(panel, box) {
  const rows = rowsOf(panel.value("when"));
  const isText = !rows || panel.asText === panel.key;
  const foot = el("div", {});
  const flip = () => ((panel.asText = isText ? "" : panel.key), panel.refresh());
  const turn = () => button("btn btn-quiet", { "data-path": "when#as", onclick: flip }, icon("code"), say(isText ? "as_rows" : "as_text"));
  const showFoot = () => foot.replaceChildren(rowsOf(panel.value("when")) ? turn() : hint(say("only_text")));
  showFoot();
  box.append(isText ? textEditor(panel, showFoot) : new RowEditor(panel, rows).element(), foot);
}

function textEditor(panel, onTyped) {
  const write = () => {
    panel.asText = panel.key;
    panel.write("when", area.value, { typing: true });
    onTyped();
  };
  const area = el("textarea", { class: "form-control condition-text", rows: 4, maxlength: 1000, spellcheck: "false", oninput: write, ...at("when", "condition_text") });
  area.value = panel.value("when");
  return el("div", {}, area, formOf("condition-help"));
}

class RowEditor {
  constructor(panel, rows) {
    Object.assign(this, { panel, rows, known: askable(panel.work.definition, panel.key) });
  }

  write(edit, wanted) {
    edit();
    this.panel.write("when", textOf(this.rows), { wanted });
  }

  /** Letter by letter, without drawing the form anew: the button that is clicked next must still be there. */
  type(row, value) {
    row.value = value;
    this.panel.write("when", textOf(this.rows), { typing: true });
  }

  element() {
    const { join, groups } = this.rows;
    const joins = select([["or", say("join_or")], ["and", say("join_and")]], join, at("when#join", "groups_join"), (value) => this.write(() => (this.rows.join = value)));
    const [outer, inner] = join === "or" ? ["or", "and"] : ["and", "or"];
    const between = (word, n) => n > 0 && el("p", { class: "condition-join" }, say(word));
    const more = (css, words, list, item, path) => button(css, { "data-path": path, onclick: () => this.write(() => list.push(item()), path.replace(/#.*/, `.${list.length}`)) }, icon("plus"), say(words));
    return el("div", { class: "condition" },
      groups.length > 1 && joins,
      groups.map((group, g) => [
        between(outer, g),
        el("fieldset", { class: "condition-group" },
          el("legend", { class: "visually-hidden" }, say("group", { n: g + 1 })),
          group.map((row, r) => [between(inner, r), this.line(row, group, `when.${g}.${r}`)]).flat(),
          more("btn", group.length ? `more_${inner}` : "first_row", group, () => this.fresh(), `when.${g}#add`)),
      ]).flat(),
      groups.at(-1).length > 0 && more("btn btn-quiet", `group_${outer}`, groups, () => [this.fresh()], "when#group"),
    );
  }

  fresh({ name, kind, choices } = this.known[0]) {
    const value = { bool: true, number: 0 }[kind] ?? choices?.[0]?.[0] ?? "";
    return { field: name, op: kind === "number" ? ">" : OPS[kind][0], value };
  }

  line(row, group, path) {
    const about = asked(this.known, row.field) ?? { kind: "text", name: row.field };
    const field = select(this.known.map(({ name, label, group }) => [name, label, group]), about.name, at(`${path}.field`, "field"), (name) => this.write(() => Object.assign(row, this.fresh(asked(this.known, name)))));
    const ops = [...new Set([...OPS[about.kind], row.op])];
    const op = select(ops.map((one) => [one, say(`op_${one}`)]), row.op, at(`${path}.op`, "comparison"), (op) => this.write(() => Object.assign(row, { op, value: this.valueFor(op, row.value, about) })));
    const out = tool("trash", say("remove"), { "data-path": `${path}#remove`, onclick: () => this.write(() => group.splice(group.indexOf(row), 1), path.replace(/\.\d+$/, "#add")) });
    return el("div", { class: "condition-row" }, field, op, this.values(row, about, `${path}.value`), out);
  }

  valueFor(op, was, about) {
    const one = [was ?? this.fresh(about).value].flat()[0];
    return op === "in" ? [one] : op === "between" ? [one, one] : one;
  }

  values(row, { kind, choices }, path) {
    const { op, value } = row;
    const set = (next) => this.write(() => (row.value = next));
    const about = at(path, "value");
    const input = (type, shown, given, more) => {
      const box = el("input", { type, step: "any", class: "form-control", oninput: () => this.type(row, given(type === "number" && box.value ? box.valueAsNumber : box.value)), ...about, ...more });
      box.value = shown ?? "";
      return box;
    };
    const read = (given) => (kind === "number" && given === "" ? null : given);
    if (NO_VALUE.includes(op)) return [];
    if (kind === "bool") return select([["true", say("yes")], ["false", say("no")]], String(value), about, (one) => set(one === "true"));
    if (op === "between") return [0, 1].map((n) => input(kind, value[n], (one) => row.value.with(n, read(one)), { "data-path": `${path}.${n}` }));
    if (op !== "in") return choices ? select(choices, value, about, set) : input(kind, value, read);
    if (!choices) return input("text", value.join(say("comma")), (text) => text.split(/[,，、]/).map((one) => one.trim()).filter(Boolean).map((one) => (kind === "number" ? Number(one) : one)));
    const change = (code, on) => set(on ? [...value, code] : value.filter((one) => one !== code));
    return el("div", { class: "several", role: "group", "aria-label": say("value") }, choices.map(([code, name]) => tick(name, value.includes(code), { "data-path": `${path}.${code}` }, (on) => change(code, on))));
  }
}
