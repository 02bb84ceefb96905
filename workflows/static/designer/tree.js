// The drawing: nested lists of cards with a "+" between them. One of its buttons is in the tab order, the arrow keys
// reach the others. A key names each: "start", a block's id, "<id>/<branch>", "+<address>:<index>", "<id>/+".

import { button, el, icon, redraw, say, span } from "./dom.js";
import { branches, isFork } from "./model.js";
import { blockName, branchName, inWords, kindName, lines } from "./said.js";

const NEAREST = { block: "nearest", inline: "nearest" };

export const plusKey = (address, index) => `+${address}:${index}`;
export function readPlus(key) {
  const [address, index] = key.slice(1).split(":");
  return { address, index: Number(index) };
}

export class Tree {
  current = "start";
  chosen = "";
  findings = [];

  constructor(element) {
    this.element = element;
    element.addEventListener("focusin", ({ target }) => target.dataset.key && this.point(target.dataset.key));
    element.addEventListener("keydown", (event) => this.walk(event));
  }

  show(definition) {
    const hadFocus = this.element.contains(document.activeElement);
    const before = this.buttons().map(({ dataset }) => dataset.key);
    this.definition = definition;
    const { fields = [], body } = definition;
    const asked = fields.map(({ name }) => name).join(say("comma")) || say("no_fields");
    redraw(this.element, [
      el("ol", { class: "flow" }, el("li", { class: "flow-step" }, this.card("start", "start", say("start"), [["forms", asked]]))),
      this.sequence("", body.blocks),
      el("p", { class: "flow-over" }, icon("flag"), say("over")),
    ]);
    // What was here may be gone: then the nearest card above it that is still there.
    const above = before.slice(0, before.indexOf(this.current) + 1);
    if (!this.button(this.current)) this.current = above.findLast((key) => key[0] !== "+" && this.button(key)) ?? "start";
    this.point(this.current);
    if (hadFocus) this.focus(this.current);
  }

  buttons() {
    return [...this.element.querySelectorAll("[data-key]")];
  }

  button(key) {
    return document.getElementById(`at-${key}`);
  }

  /** The one button that Tab reaches. */
  point(key) {
    this.current = key;
    for (const one of this.buttons()) one.tabIndex = one.dataset.key === key ? 0 : -1;
  }

  choose(key) {
    this.chosen = key;
    for (const one of this.buttons()) one.ariaCurrent = one.dataset.key === key ? "true" : null;
    this.button(key)?.scrollIntoView(NEAREST);
  }

  focus(key) {
    const to = this.button(key) ?? this.button("start");
    to.focus({ preventScroll: true });
    to.scrollIntoView(NEAREST);
  }

  // --- Drawing
  key(name, key, attributes, ...children) {
    return button(name, { id: `at-${key}`, "data-key": key, tabindex: -1, "aria-current": key === this.chosen && "true", ...attributes }, ...children);
  }

  sequence(address, list) {
    const steps = list.map((block, index) => this.step(block, address, index, list));
    return el("div", { class: "sequence" }, this.plus(address, 0, list), list.length && el("ol", { class: "flow" }, steps));
  }

  step(block, address, index, list) {
    const isLast = block.type === "end" && index === list.length - 1;
    const card = this.card(block.id, block.type, blockName(block), lines(block, this.definition));
    return el("li", { class: "flow-step" }, card, isFork(block) && this.fork(block), !isLast && this.plus(address, index + 1, list));
  }

  card(key, type, name, about) {
    const found = this.findings.filter(({ block }) => (block || "start") === key);
    const line = (css, shape, text) => span(css, icon(shape), span("", text));
    return this.key(
      `block tone-${type} ${found.some(({ error }) => error) ? "has-error" : ""}`,
      key,
      {},
      line("block-kind", type, kindName(type)),
      span("block-name", name),
      about.map(([shape, text]) => line("block-line", shape, text)),
      found.map(({ message, error }) => line("block-finding", error ? "error" : "warning", message)),
    );
  }

  fork(block) {
    const more = this.key("more-branches", `${block.id}/+`, {}, icon("plus"), say(block.type === "parallel" ? "add_branch" : "add_case"));
    return el("div", { class: "fork" }, more, el("ol", { class: "branches" }, branches(block).map((one) => this.branch(block, one))));
  }

  branch(block, { key: name, list }) {
    const key = `${block.id}/${name}`;
    const when = block.cases?.[name]?.when;
    const words = when !== undefined && span("branch-when", inWords(when, this.definition, key));
    return el("li", { class: "branch" }, this.key("branch-head", key, {}, span("branch-name", branchName(block, name)), words), this.sequence(key, list));
  }

  plus(address, index, list) {
    const label = index ? say("add_after", { name: blockName(list[index - 1]) }) : say(list.length ? "add_first" : "add_here");
    return this.key("plus", plusKey(address, index), { "aria-label": label, title: say("add") }, icon("plus"));
  }

  // --- Walking
  walk(event) {
    const all = this.buttons();
    const at = all.indexOf(event.target);
    const ways = { ArrowDown: () => all[at + 1], ArrowUp: () => all[at - 1], ArrowRight: () => this.beside(event.target, 1), ArrowLeft: () => this.beside(event.target, -1), Home: () => all[0], End: () => all.at(-1) };
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !ways[event.key]) return;
    event.preventDefault();
    const to = ways[event.key]();
    if (to) this.focus(to.dataset.key);
  }

  /** The branch beside; into the first one of a fork, and out of it again. */
  beside(from, step) {
    const branch = from.closest(".branch");
    if (step < 0) return (branch?.previousElementSibling ?? branch?.closest(".flow-step"))?.querySelector("[data-key]");
    return from.parentElement.querySelector(":scope > .fork .branch-head") ?? branch?.nextElementSibling?.querySelector("[data-key]");
  }
}
