// Nothing that was drawn is lost: every change is on this device at once, and on the server a moment later. Without
// a connection it stays here and is sent when there is one; what somebody else saved in between is asked about.

import { config, stored } from "./dom.js";

const REST_MS = 700;
const RETRY_MS = 8_000;
const LOOK_MS = 20_000;
const NAME = `linli-workflow-${config.user}-${config.key}`;

/** { status, answer }; a page instead of JSON is the sign-in, since the session has ended, unless a server in between is not itself. */
export async function ask(url, { method = "GET", body, keepalive } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), keepalive });
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return { status: isJson || response.status >= 500 ? response.status : 401, answer: isJson ? await response.json() : {} };
}

export class Keeper {
  /** onState({ state, … }): how it fares. onTheirs(answer): what somebody else saved while nothing was under way. */
  constructor(work, onState, onTheirs) {
    Object.assign(this, { work, onState, onTheirs, revision: config.revision, at: config.at });
    this.sent = JSON.stringify(work.definition);
    addEventListener("online", () => this.send());
    addEventListener("pagehide", () => this.send({ keepalive: true }));
    addEventListener("focus", () => this.look());
    setInterval(() => document.hidden || this.look(), LOOK_MS);
  }

  /** States: saved, saving, offline (kept here), lost (not even here), overtaken, refused. */
  say(state, more = {}) {
    this.state = state;
    this.onState({ state, ...more });
  }

  get isLate() {
    return JSON.stringify(this.work.definition) !== this.sent;
  }

  /** Work of an earlier visit that never reached the server, or null. */
  found() {
    const kept = stored(NAME);
    return kept?.body?.body && JSON.stringify(kept.body) !== this.sent ? kept : null;
  }

  keep() {
    if (this.state === "overtaken") return;
    try {
      const kept = { revision: this.revision, at: new Date(), body: this.work.definition };
      localStorage.setItem(NAME, JSON.stringify(kept));
      this.isKept = true;
    } catch {
      // A full or forbidden store: the server still keeps it.
      this.isKept = false;
    }
    if (this.state !== "offline") this.say("saving");
    this.later(REST_MS);
  }

  later(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), milliseconds);
  }

  /** A browser sends no more than 64 KB after its page is gone; a larger drawing waits on this device. */
  async send({ keepalive = false } = {}) {
    if (this.isSending || this.state === "overtaken") return;
    if (!this.isLate) return this.settle();
    this.isSending = true;
    const body = this.work.definition;
    const sending = { method: "PUT", body: { revision: this.revision, body }, keepalive };
    const { status = 0, answer = {} } = await ask(config.urls.draft, sending).catch(() => ({}));
    this.isSending = false;
    if (!status || status >= 500) {
      this.say(this.isKept ? "offline" : "lost");
      this.later(RETRY_MS);
    } else if (status === 200) this.seen(answer.revision, body, answer.at);
    else this.say(status === 409 ? "overtaken" : "refused", { status, ...answer });
  }

  /** The server holds this body, in this revision. */
  seen(revision, body, at = new Date()) {
    Object.assign(this, { revision, at, sent: JSON.stringify(body), state: "saving" });
    if (this.isLate) this.keep();
    else this.settle();
  }

  /** Nothing has to go to the server: it was sent, or taken back before it went. */
  settle() {
    if (this.state === "saved") return;
    localStorage.removeItem(NAME);
    this.say("saved", { at: this.at });
  }

  /** Whether somebody else has saved: theirs is shown at once when nothing of mine is on its way. */
  async look() {
    if (this.isSending || this.state === "overtaken") return;
    const { status, answer } = await ask(config.urls.draft).catch(() => ({}));
    if (status !== 200 || answer.revision <= this.revision || this.isSending) return;
    if (this.isLate) this.send();
    else this.onTheirs(answer);
  }
}
