// The page on which administrators redraw the borders of one community: reads it, offers work that was kept, listens to
// what others save, and hands everything to the editor.

import { config, say, clock } from "../say.js";
import { subscribe } from "../../realtime/live.js";
import { Chart } from "./chart.js";
import { Days, inWords } from "./days.js";
import { el } from "./dom.js";
import { Editor, PHONE } from "./editor.js";
import { Keeper } from "./keeper.js";
import { Notes } from "./panels.js";
import { readBorders } from "./server.js";
import { gridOf, Work } from "./work.js";

/** Whatever happened to areas, here or by an import: the server says whether it concerns this community. */
const OF_AREAS = /^area\./;
/** A draft of mine on another device is written every so often; others' notes need not be fresher. */
const OTHERS_MS = 60_000;

class Page {
  constructor(element) {
    this.element = element;
    this.find = (name) => element.querySelector(`[data-${name}]`);
    this.work = new Work();
    this.notes = new Notes(this.find("notes"));
    this.chart = new Chart(element.querySelector(".map-frame"), { onPick: (code) => this.editor.pick(code) });
    this.editor = new Editor(element, this.work, this.chart, this.notes);
    this.keeper = new Keeper(this.work, {
      onKept: ({ at, everywhere }) => (this.find("kept").textContent = say(everywhere ? "kept_server" : "kept", { time: clock(at) })),
      onTwin: () => this.notes.say(say("other_window"), "warning"),
    });
    this.editor.onSaved = (data) => this.saved(data);
    this.editor.onConflict = (data) => this.work.absorb(data);
    this.days = new Days(this.find("past"), { onDay: (day) => this.look(day) });
    this.find("back").addEventListener("click", () => this.days.back());
    this.work.addEventListener("theirs", ({ detail }) => this.theirs(detail));
  }

  async open() {
    let data;
    try {
      data = await readBorders();
    } catch (trouble) {
      this.notes.say(trouble.kind === "denied" ? trouble.message : say("unreadable"), "error");
      return;
    }
    this.work.take(data);
    this.chart.showGround(this.work.community, this.work.around);
    this.chart.show(this.work.grids);
    this.days.show(this.work.edits);
    this.notes.showOthers(this.work.others);
    await this.offerDrafts();
    this.keeper.open();
    this.editor.open();
    this.listen();
    this.element.dataset.ready = "";
  }

  // --- Work that was kept -----------------------------------------------------------------------
  async offerDrafts() {
    const drafts = await this.keeper.found();
    if (!drafts.length) return;
    if (this.editor.isReadOnly) {
      // Turned sideways it may be wide enough to work: then the draft must be offered before anything replaces it.
      PHONE.addEventListener("change", () => location.reload(), { once: true });
      return;
    }
    const chosen = await this.ask(drafts);
    if (!chosen) {
      await this.keeper.forget();
      return;
    }
    await this.work.resume(chosen);
    this.keeper.keep();
    if (chosen.base !== this.work.base) this.since(chosen.base, chosen.at);
  }

  /** The draft to go on with; null: away with them. Must be answered: either way something would be lost otherwise. */
  ask(drafts) {
    const dialog = this.element.querySelector("[data-drafts]");
    const choices = dialog.querySelector("[data-choices]");
    return new Promise((resolve) => {
      const answer = (draft) => {
        dialog.close();
        resolve(draft);
      };
      choices.replaceChildren(
        ...drafts.map((draft, n) => {
          const words = say(draft.here ? "draft_here" : "draft_there", { time: clock(draft.at), n: draft.operations.length });
          const button = el("button", { type: "button", class: n ? "btn" : "btn btn-primary", onclick: () => answer(draft) }, say("go_on"));
          return el("li", {}, el("span", {}, words), button);
        }),
      );
      dialog.addEventListener("cancel", (event) => event.preventDefault());
      dialog.querySelector("[data-discard]").onclick = () => answer(null);
      dialog.showModal();
    });
  }

  /** Somebody saved between this draft and now: what is known of it is when each grid got its present form. */
  since(base, at) {
    const edits = this.work.edits.filter(({ id }) => base === null || id > base);
    if (!edits.length) return;
    const changed = this.work.saved.filter(({ since }) => since && new Date(since) > at);
    this.theirs({ edits, added: [], changed, retired: [] });
  }

  // --- Others -----------------------------------------------------------------------------------
  listen() {
    subscribe(config.socket, {
      onEvents: (events) => events.some(({ kind }) => OF_AREAS.test(kind)) && this.refresh(),
      onResync: () => this.refresh(),
    });
    addEventListener("online", () => this.refresh());
    setInterval(() => !document.hidden && this.refresh(), OTHERS_MS);
  }

  async refresh() {
    if (this.refreshing) {
      this.again = true;
      return;
    }
    this.refreshing = true;
    try {
      const data = await readBorders();
      if (data.edit !== this.work.base && !this.editor.isSaving) await this.work.absorb(data);
      this.notes.showOthers(data.others ?? []);
    } catch {
      // Without a connection there is no news; the next event, or coming back online, asks again.
    }
    this.refreshing = false;
    if (this.again) {
      this.again = false;
      this.refresh();
    }
  }

  theirs(detail) {
    const { operations, failed, edits, community, around } = this.work;
    this.chart.showGround(community, around);
    this.chart.show(this.work.grids);
    this.days.show(edits);
    const unfit = failed.length;
    this.notes.showTheirs(detail, { unfit, fit: operations.length - unfit, onSeen: () => this.seen() });
    this.editor.theirs([...detail.added, ...detail.changed].map(({ code }) => code));
  }

  seen() {
    this.notes.forgetTheirs();
    this.editor.theirs([]);
  }

  async saved(data) {
    await this.keeper.forget();
    await this.work.take(data);
    this.chart.showGround(this.work.community, this.work.around);
    this.chart.show(this.work.grids);
    this.days.show(this.work.edits);
    this.find("kept").textContent = "";
  }

  // --- The past -----------------------------------------------------------------------------------
  /** The borders at the end of a day, read-only; null: today's, with my work. */
  async look(day) {
    const wanted = (this.wanted = day);
    this.find("banner").hidden = !day;
    if (!day) {
      this.editor.past(null);
      return;
    }
    this.find("banner-words").textContent = say("past", { day: inWords(day) });
    try {
      const data = await readBorders(day);
      if (wanted === this.wanted) this.editor.past(data.grids.map((row) => gridOf(row)));
    } catch (trouble) {
      this.notes.say(trouble.message, "error");
    }
  }
}

const element = document.querySelector("[data-borders]");
element.page = new Page(element);
element.page.open();
