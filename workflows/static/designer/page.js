// The page on which a workflow is drawn: brings the drawing, the panel, the keyboard and the keeper together.

import { pressed } from "../ui/press.js";
import { announce, button, clock, config, el, icon, redraw, say, span, stored } from "./dom.js";
import { Drag } from "./drag.js";
import { ask, Keeper } from "./keeper.js";
import { newBlock, newBranch } from "./kinds.js";
import { armsOf, blockAt, copies, insert, listAt, mayGo, move, place, remove } from "./model.js";
import { Panel } from "./panel.js";
import { blockName } from "./said.js";
import { plusKey, readPlus, Tree } from "./tree.js";
import { Work } from "./work.js";

const CLIP = "linli-workflow-clip";
const NOTE_MS = 12_000;
const AGAIN_MS = 5_000;

class Page {
  constructor(root) {
    this.root = root;
    this.work = new Work(config.body, (change) => {
      this.keeper.keep();
      this.changed(change);
    });
    this.keeper = new Keeper(this.work, (state) => this.told(state), (answer) => this.theirs(answer));
    this.panel = new Panel(this.find("panel"), this.work);
    this.tree = new Tree(this.find("tree"));
    new Drag(root, this.find("stage"), {
      onDrop: (what, key, isCopy) => this.drop(what, key, isCopy),
      allowed: ({ id }, key) => !id || mayGo(this.work.definition, id, readPlus(key).address),
    });
    document.addEventListener("keydown", (event) => this.press(event));
    root.addEventListener("click", ({ target }) => this.click(target));
    this.draw();
    this.keeper.say("saved", { at: config.at });
    this.resume();
    root.dataset.ready = "";
  }

  find(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  // --- Showing
  draw() {
    const { definition, past, future } = this.work;
    this.tree.show(definition);
    this.find("name").textContent = definition.name || say("no_name");
    this.find("do=undo").disabled = !past.length;
    this.find("do=redo").disabled = !future.length;
  }

  changed({ what, typing, focus, how }) {
    this.draw();
    if (typing) return;
    this.panel.refresh();
    if (!this.panel.key) this.close();
    if (focus && !this.inPanel) this.tree.focus(focus);
    announce(how ? say(how, { what }) : what);
  }

  get inPanel() {
    return this.panel.element.contains(document.activeElement);
  }

  open(key) {
    if (key[0] === "+") return this.offer(key);
    if (key.endsWith("/+")) return this.addBranch(key.split("/")[0]);
    this.panel.show(key);
    this.root.classList.add("is-open");
    this.tree.choose(key);
  }

  /** Back from the panel to the card. */
  close() {
    if (!this.root.classList.contains("is-open")) return;
    this.tree.choose("");
    this.panel.close();
    this.root.classList.remove("is-open");
    this.tree.focus(this.tree.current);
  }

  get drawing() {
    return this.work.definition;
  }

  /** Change the drawing; afterwards the focus is on a card or still in the panel, and undoing leads back to where
   * it was. */
  edit(how, block, change, focus, from = focus) {
    this.work.change(say(how, { name: blockName(block) }), change, { focus, from });
  }

  // --- Adding
  /** What may be put at a "+". */
  offer(key) {
    const menu = this.find("menu");
    const paste = menu.querySelector("[data-do=paste]");
    const [block] = this.clip();
    paste.hidden = !block;
    paste.lastElementChild.textContent = block && say("paste", { name: blockName(block) });
    menu.dataset.at = key;
    menu.showModal();
    const box = this.tree.button(key).getBoundingClientRect();
    const within = (at, room) => `${Math.max(8, Math.min(at, room - 8))}px`;
    menu.style.setProperty("--x", within(box.right + 8, innerWidth - menu.offsetWidth));
    menu.style.setProperty("--y", within(box.top - 24, innerHeight - menu.offsetHeight));
  }

  /** Put blocks at a "+", and go to the first of them. */
  put(key, blocks, how) {
    const { address, index } = readPlus(key);
    this.edit(how, blocks[0], (next) => insert(next, address, index, blocks), blocks[0].id, this.tree.current);
  }

  add(type, key) {
    const block = newBlock(type, this.drawing);
    this.put(key, [block], "did_add");
    this.open(block.id);
  }

  addBranch(id) {
    const block = blockAt(this.drawing, id);
    const key = `${id}/${armsOf(block).length}`;
    this.edit("did_branch", block, (next) => newBranch(blockAt(next, id)), key, `${id}/+`);
    this.open(key);
  }

  behind(key) {
    if (key[0] === "+") return key;
    if (key.includes("/") && !key.endsWith("/+")) return plusKey(key, 0);
    if (key === "start") return plusKey("", 0);
    const { block, address, index } = place(this.drawing, key);
    return plusKey(address, index + (block.type === "end" ? 0 : 1));
  }

  drop({ id, kind }, key, isCopy) {
    if (kind) return this.add(kind, key);
    const block = blockAt(this.drawing, id);
    if (isCopy) return this.put(key, copies(this.drawing, [block]), "did_paste");
    const { address, index } = readPlus(key);
    this.edit("did_move", block, (next) => move(next, id, address, index), id);
  }

  // --- Cutting, copying, moving: what is chosen in the panel, or where the focus is
  get subject() {
    const key = this.inPanel ? this.panel.key : this.tree.current;
    const [id, branch] = key.split("/");
    const block = key[0] !== "+" && blockAt(this.drawing, id);
    return block && branch !== "else" && branch !== "+" ? { key, id, block, branch } : {};
  }

  clip() {
    return stored(CLIP) ?? [];
  }

  cut() {
    if (this.copy()) this.delete();
  }

  copy() {
    const { block, branch } = this.subject;
    if (!block || branch) return announce(say("choose_block"));
    localStorage.setItem(CLIP, JSON.stringify([block]));
    this.note(say("did_copy", { name: blockName(block) }));
    return true;
  }

  paste(key = this.behind(this.tree.current)) {
    const blocks = this.clip();
    if (blocks.length) this.put(key, copies(this.drawing, blocks), "did_paste");
  }

  delete() {
    const { key, id, block, branch } = this.subject;
    if (!block) return announce(say("choose_block"));
    if (branch && armsOf(block).length === 1) return this.note(say("last_branch"));
    const { address, index } = place(this.drawing, id);
    const focus = branch ? id : (listAt(this.drawing, address).list[index - 1]?.id ?? (address || "start"));
    const how = branch ? "did_delete_branch" : "did_delete";
    this.close();
    this.edit(how, block, (next) => (branch ? armsOf(blockAt(next, id)).splice(branch, 1) : remove(next, id)), focus, key);
    this.note(say(how, { name: blockName(block) }), "undo");
  }

  /** Up or down among its neighbours: a block in its list, a branch in its fork. */
  shift(step) {
    const { key, id, block, branch } = this.subject;
    if (!block) return;
    const { address, index } = place(this.drawing, id);
    const list = branch ? armsOf(block) : listAt(this.drawing, address).list;
    const from = Number(branch ?? index);
    if (!list[from + step]) return announce(say("no_further"));
    const focus = branch ? `${id}/${from + step}` : id;
    if (this.inPanel) this.panel.key = focus;
    this.tree.chosen &&= focus;
    const change = (next) => {
      const arms = armsOf(blockAt(next, id));
      if (branch) arms.splice(from + step, 0, ...arms.splice(from, 1));
      else move(next, id, address, from + (step > 0 ? 2 : -1));
    };
    this.edit("did_move", block, change, focus, key);
  }

  // --- Mouse and keyboard
  click(target) {
    const { dataset, disabled } = target.closest("[data-key], [data-do], [data-kind-button], [data-goto], [data-mend]") ?? {};
    if (!dataset || disabled) return;
    const menu = this.find("menu");
    const at = menu.open ? menu.dataset.at : this.behind(this.tree.current);
    menu.close();
    if (dataset.key) this.open(dataset.key);
    else if (dataset.kindButton) this.add(dataset.kindButton, at);
    else if (dataset.goto) this.goTo(dataset.goto);
    else if (dataset.mend) this.mend(dataset.mend);
    else if (dataset.do === "paste") this.paste(at);
    else this[dataset.do]();
  }

  undo = () => this.work.undo();
  redo = () => this.work.redo();
  up = () => this.shift(-1);
  down = () => this.shift(1);
  smaller = () => this.zoom(-0.2);
  larger = () => this.zoom(0.2);

  zoom(by) {
    const { style } = this.find("tree");
    style.zoom = Math.min(1.4, Math.max(0.4, Number(style.zoom || 1) + by));
  }

  press(event) {
    const { key, target, shiftKey, altKey } = event;
    if (document.querySelector("dialog[open]")) return this.inMenu(event);
    const isHeld = event.ctrlKey || event.metaKey;
    const held = { z: shiftKey ? "redo" : "undo", y: "redo", c: "copy", x: "cut", v: "paste" };
    const name = isHeld ? held[key.toLowerCase()] : altKey ? { ArrowUp: "up", ArrowDown: "down" }[key] : { Escape: "close", Delete: "delete", Backspace: "delete" }[key];
    const onTree = Boolean(target.dataset.key);
    // While a word is being typed the browser's own undo is meant; elsewhere off the drawing, its copy and delete.
    const isMine = name === "undo" || name === "redo" ? !this.work.typing : name === "close" || onTree;
    if (name && isMine && !(name === "copy" && String(getSelection()))) {
      event.preventDefault();
      return this[name]();
    }
    if (!onTree || isHeld || altKey || !["Enter", "+", "Insert"].includes(key)) return;
    event.preventDefault();
    const here = target.dataset.key;
    if (key !== "Enter") this.tree.focus(this.behind(here));
    this.open(key === "Enter" ? here : this.tree.current);
    if (key === "Enter" && !here.includes("+")) this.panel.enter();
  }

  inMenu(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const all = [...this.root.querySelectorAll("[data-menu][open] button:not([hidden])")];
    if (!step || !all.length) return;
    event.preventDefault();
    all.at((all.indexOf(document.activeElement) + step) % all.length).focus();
  }

  // --- Findings
  async lint() {
    const { status, answer } = await ask(config.urls.findings).catch(() => ({}));
    // A click must end on the card it began on.
    await pressed();
    if (this.keeper.state !== "saved") return;
    if (status !== 200) return this.checkLater();
    const { findings, revision } = answer;
    if (revision !== this.keeper.revision) return this.keeper.look();
    const errors = findings.filter(({ error }) => error).length;
    const state = errors ? "error" : findings.length ? "warning" : "sound";
    this.tree.findings = findings;
    this.tree.show(this.drawing);
    this.find("findings-state").dataset.state = state;
    this.find("count").textContent = say(state, { n: errors || findings.length });
    const item = ({ block, message, error, fix }, n) =>
      el("li", { id: `${block}: ${message}` }, icon(error ? "error" : "warning"),
        button("btn btn-quiet", { "data-goto": block || "start" }, el("strong", {}, block ? blockName(blockAt(this.drawing, block)) : say("whole")), span("", message)),
        fix && button("btn", { "data-mend": n }, fix));
    redraw(this.find("finding-list"), findings.length ? findings.map(item) : [el("li", {}, icon("sound"), say("sound_long"))]);
    this.root.dataset.checked = revision;
  }

  checkLater() {
    clearTimeout(this.checkTimer);
    this.checkTimer = setTimeout(() => this.lint(), AGAIN_MS);
  }

  /** The server says what becomes of the drawing it checked; not while something newer is on its way there. */
  async mend(n) {
    const { block } = this.tree.findings[n];
    const url = `${config.urls.findings}?${new URLSearchParams({ n, revision: this.root.dataset.checked })}`;
    const { status, answer } = await ask(url, { method: "POST" }).catch(() => ({}));
    this.goTo(block);
    if (status !== 200 || this.keeper.isLate) {
      this.note(say("not_mended"));
      return this.lint();
    }
    this.adopt(say("did_change", { name: blockName(blockAt(this.drawing, block) ?? this.drawing) }), answer.body);
  }

  goTo(id) {
    this.root.querySelector("dialog[open]")?.close();
    const key = blockAt(this.drawing, id) ? id : "start";
    this.open(key);
    this.tree.focus(key);
  }

  // --- Keeping
  told({ state, at, message, status, ...theirs }) {
    this.find("light").dataset.state = state;
    this.find("light-words").textContent = say(`light_${state}`, { time: at && clock(at), message: status === 401 ? say("signed_out") : message });
    this.root.dataset.revision = this.keeper.revision;
    if (state === "saved") this.lint();
    if (state === "overtaken") this.decide({ at, ...theirs });
  }

  resume() {
    const kept = this.keeper.found();
    if (!kept) return;
    this.keeper.revision = kept.revision;
    this.adopt(say("did_resume", { time: clock(kept.at) }), kept.body);
  }

  /** Nothing of mine is on its way: show what they saved. */
  theirs({ body, revision, by, at }) {
    this.adopt(say("they_saved", { name: by, time: clock(at) }), body);
    this.keeper.seen(revision, this.drawing, at);
  }

  adopt(what, body) {
    this.work.replace(what, body);
    this.note(what, "undo");
  }

  /** Both have changed it: one goes on, the other stays reachable by undo. */
  decide({ body, revision, by, at, differences }) {
    const dialog = this.find("overtaken");
    const mine = this.drawing;
    const values = { name: by || say("somebody"), time: clock(at) };
    this.find("overtaken-who").textContent = say("overtaken", values);
    this.find("differences").replaceChildren(...differences.map((text) => el("li", {}, text)));
    dialog.onkeydown = (event) => event.key === "Escape" && event.preventDefault();
    dialog.onclose = () => {
      this.work.replace(say("they_saved", values), body);
      const seen = this.drawing;
      if (dialog.returnValue === "mine") this.work.replace(say("mine_again"), mine);
      this.keeper.seen(revision, seen);
    };
    // Closed by the device's back button it has no answer: theirs goes on.
    dialog.returnValue = "";
    dialog.showModal();
  }

  note(text, act) {
    const box = this.find("note");
    clearTimeout(this.noteTimer);
    box.replaceChildren(el("span", {}, text), ...(act ? [button("btn", { "data-do": act }, say(act))] : []));
    box.hidden = false;
    this.noteTimer = setTimeout(() => (box.hidden = true), NOTE_MS);
  }
}

const root = document.querySelector("[data-designer]");
root.page = new Page(root);
