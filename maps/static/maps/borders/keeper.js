// Unsaved work survives a reload, a crash and a lost connection: it is written to this device at every change, and to
// the server a moment later, where the same person finds it on another device.

import { config } from "../say.js";
import { dropDraft, readDraft, writeDraft } from "./server.js";

const REST_MS = 1_200;
const RETRY_MS = 10_000;

export class Keeper {
  /** options.onKept({ at, everywhere }): it is on this device, or also on the server. options.onTwin(): two windows. */
  constructor(work, options) {
    this.work = work;
    this.options = options;
    this.name = `linli-borders-${config.user}-${config.community.code}`;
    this.isOpen = false;
    this.writing = Promise.resolve();
    work.addEventListener("change", () => this.isOpen && this.keep());
    addEventListener("storage", ({ key }) => key === this.name && this.isOpen && options.onTwin());
    addEventListener("online", () => this.isOpen && this.isLate && this.send());
    addEventListener("pagehide", () => this.isOpen && this.isLate && this.write({ keepalive: true }));
  }

  /** What was kept, the newest first: [{ at, here, base, operations, undone }]. Work in both places is named once. */
  async found() {
    const here = this.local();
    const there = await readDraft().catch(() => null);
    const drafts = [];
    if (here?.operations.length) drafts.push({ ...here, at: new Date(here.saved_at), here: true });
    const isSame = here && there && (here.server === there.saved_at || sameWork(here, there));
    if (there && !isSame) drafts.push({ ...there, undone: [], at: new Date(there.saved_at), here: false });
    return drafts.sort((one, other) => other.at - one.at);
  }

  local() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.name));
      return Array.isArray(kept?.operations) ? kept : null;
    } catch {
      return null;
    }
  }

  /** From now on every change is kept. */
  open() {
    this.isOpen = true;
  }

  keep() {
    const { base, operations, undone } = this.work;
    const saved_at = new Date().toISOString();
    this.isLate = true;
    clearTimeout(this.timer);
    if (!operations.length && !undone.length) {
      localStorage.removeItem(this.name);
    } else {
      const stories = operations.map((operation) => this.work.stories.get(operation) ?? "");
      this.store({ base, operations, undone, stories, saved_at, server: this.local()?.server ?? "" });
      this.options.onKept({ at: new Date(), everywhere: false });
    }
    this.timer = setTimeout(() => this.send(), REST_MS);
  }

  store(kept) {
    try {
      localStorage.setItem(this.name, JSON.stringify(kept));
    } catch {
      // A full or forbidden store: the server still keeps it.
    }
  }

  /** One write after the other: what was sent first may reach the server's database last. */
  inTurn(write) {
    this.writing = this.writing.then(write);
    return this.writing;
  }

  send() {
    clearTimeout(this.timer);
    // Meanwhile an earlier one may have written the same, or nothing is to be kept any more.
    return this.inTurn(() => this.isLate && this.write());
  }

  async write({ keepalive = false } = {}) {
    const { base, operations } = this.work;
    const sent = JSON.stringify(operations);
    try {
      const answer = operations.length ? await writeDraft({ base, operations }, { keepalive }) : await dropDraft();
      if (sent !== JSON.stringify(this.work.operations)) return;
      this.isLate = false;
      const kept = this.local();
      if (!operations.length || !kept) return;
      this.store({ ...kept, server: answer?.saved_at ?? "" });
      this.options.onKept({ at: new Date(answer?.saved_at ?? Date.now()), everywhere: true });
    } catch {
      this.timer = setTimeout(() => this.send(), RETRY_MS);
    }
  }

  /** Nothing is to be kept any more: it was saved for everyone, or thrown away. */
  async forget() {
    clearTimeout(this.timer);
    this.isLate = false;
    localStorage.removeItem(this.name);
    await this.inTurn(() => dropDraft().catch(() => {}));
  }
}

function sameWork(one, other) {
  return JSON.stringify(one.operations) === JSON.stringify(other.operations);
}
