// What the cards say: one short line for each thing that matters, in the words of the page.

import { config, say, title } from "./dom.js";
import { rowsOf } from "./conditions.js";
import { blockAt, fieldsBefore, fieldsOf, stepsBefore } from "./model.js";

const { options } = config;
const nameOf = (source, code) => options[source].find(([one]) => one === code)?.[1] ?? code;
const limit = (one) => say(one?.clock ?? "work_days", { n: one?.limit ?? "?" });
const listed = (parts) => parts.join(say("comma"));

export const kindName = (type) => document.querySelector(`template[data-kind="${type}"]`)?.dataset.name ?? "";
/** A block's name, or what kind of block it is. */
export const blockName = (block) => (block ? title(block) || (block.mark ? nameOf("marks", block.mark) : kindName(block.type)) : say("gone"));
const stepName = (definition, id) => blockName(blockAt(definition, id));

export function branchName(block, key) {
  if (key === "else") return say("otherwise");
  if (block.type === "parallel") return say("branch", { n: Number(key) + 1 });
  return say(block.type === "inclusive" ? "whenever" : key === "0" ? "if" : "or_if");
}

function who(one, definition) {
  if (one.role) return nameOf("roles", one.role) + ((one.at ?? "grid") === "grid" ? "" : say("at_level", { level: nameOf("levels", one.at) }));
  if (one.branch) return nameOf("branches", one.branch);
  if (one.people?.length) return listed(one.people.map((name) => options.people[name] ?? name));
  if (one.person) return nameOf("persons", one.person);
  if (one.doer_of) return say("doer_of", { step: stepName(definition, one.doer_of) });
  const chosen = fieldsOf(definition).find(({ field }) => field.code === one.field)?.field;
  return one.field ? say("from_field", { field: title(chosen ?? { name: one.field }) }) : "?";
}

function whom(list = [], definition, between = "comma") {
  return list.map((one) => who(one, definition)).join(say(between)) || say("nobody_yet");
}

function mode({ mode, vote = {} }) {
  if (mode !== "vote") return say(`mode_${mode}`);
  return "percent" in vote ? say("share", { n: vote.percent }) : say("votes", { n: vote.count ?? "?" });
}

function deadline(one, definition, block) {
  const chosen = block.outcomes.find(({ code }) => code === one.outcome);
  const values = { after: limit(one.after), every: limit(one.every), who: whom(one.to, definition, "or_else"), outcome: title(chosen ?? { name: "?" }) };
  return say(one.every ? "reminded_again" : one.action, values);
}

function outcome(one, definition) {
  const values = { name: title(one) || "?", step: one.returns_to && stepName(definition, one.returns_to) };
  return one.returns_to ? say("outcome_back", values) : one.ends ? say("outcome_ends", values) : values.name;
}

/** The lines of a block's card: [[icon, text], …]. */
export function lines(block, definition) {
  const isOne = block.type === "approval" && (block.mode ?? "one") === "one";
  const people = ["users", whom(block.who ?? block.departments, definition, isOne ? "or_else" : "comma")];
  const state = block.state ? [["flag", say("state_is", { state: nameOf("states", block.state) })]] : [];
  const about = {
    approval: () => [
      people,
      ...(isOne ? [] : [["users-group", mode(block)]]),
      ["checks", block.outcomes.filter(({ by }) => by !== "timer").map((one) => outcome(one, definition)).join(" / ") || say("no_outcome")],
      ...(block.fields?.length ? [["forms", listed(block.fields.map(title))]] : []),
      ...(block.deadlines ?? []).map((one) => ["clock", deadline(one, definition, block)]),
    ],
    cc: () => [people],
    notify: () => [people, ["message", block.text || say("no_text")]],
    whistle: () => [people, ["clock", say("respond", { after: limit(block.respond) })]],
    timer: () => [["clock", say("waits", { after: limit(block.after) })]],
    subprocess: () => [["sitemap", nameOf("definitions", block.definition) || say("none_chosen")]],
    webhook: () => [["world", block.hook || say("none_chosen")]],
    end: () => state,
    milestone: () => state,
  }[block.type];
  return about?.() ?? [];
}

// --- Conditions
const KINDS = { number: "number", bool: "bool", date: "date", person: "row", people: "row", area: "row", category: "row" };
const named = (list) => list.map((one) => [one.code, title(one)]);

/** What conditions may ask at a block: [{ name, label, kind, choices, group }]. */
export function askable(definition, key) {
  const fields = fieldsBefore(definition, key).map(({ field, step }) => ({
    name: `fields.${field.code}`,
    label: title(field) || field.code,
    kind: KINDS[field.type] ?? "text",
    choices: field.type === "choice" ? named(field.choices ?? []) : null,
    group: step ? blockName(step) : say("filing_form"),
  }));
  const decisions = stepsBefore(definition, key).map((step) => ({
    name: `${step.id}.outcome`,
    label: say("decision_on", { step: blockName(step) }),
    kind: "text",
    choices: named(step.outcomes),
    group: say("decisions"),
  }));
  return [...fields, ...decisions, ...options.facts.map((fact) => ({ ...fact, group: say("the_case") }))];
}

export const asked = (known, name) => known.find((one) => [one.name, one.label, one.called].includes(name));

/** A condition in words; a text that rows cannot say is given as it is. */
export function inWords(text, definition, key) {
  const rows = rowsOf(text);
  if (!rows) return text;
  const known = askable(definition, key);
  const [inner, outer] = rows.join === "or" ? ["and", "or_group"] : ["or", "and_group"];
  return rows.groups.map((group) => group.map((row) => rowInWords(row, known)).join(say(inner))).join(say(outer)) || say("no_condition");
}

function rowInWords({ field, op, value }, known) {
  const about = asked(known, field);
  const one = (code) => (typeof code === "boolean" ? say(code ? "yes" : "no") : (about?.choices?.find(([choice]) => choice === code)?.[1].trim() ?? String(code ?? "?")));
  const values = [value].flat().map(one);
  return say(`op_${op}_said`, { field: about?.label ?? field, value: listed(values), low: values[0], high: values[1] });
}
