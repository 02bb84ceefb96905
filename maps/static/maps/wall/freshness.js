// Whether what the wall shows is of now. Two things say so: the socket's state, and when the numbers were read last.
// What is old is said loudly: whoever looks at a wall believes it.

import { clock, say } from "../say.js";

/** Numbers are read once a minute at least: after so long two readings have failed. */
const OLD_MS = 150_000;

export class Freshness {
  constructor(page) {
    this.page = page;
    this.band = page.querySelector("[data-stale]");
    this.words = page.querySelector("[data-stale-since]");
    this.begun = Date.now();
    this.readAt = null;
    this.failedSince = null;
    this.lostSince = null;
  }

  /** Numbers were read. */
  read() {
    this.readAt = Date.now();
    this.check();
  }

  /** The map's cases were read, or could not be. */
  mapRead(worked) {
    this.failedSince = worked ? null : this.failedSince ?? Date.now();
  }

  /** The socket's state, see realtime/live.js. */
  heard(status, since) {
    this.lostSince = status === "stale" ? (since ?? new Date(this.begun)).getTime() : null;
    this.check();
  }

  /** Milliseconds since 1970 at which the data stopped; 0 while all is well. */
  stoppedAt() {
    const at = Date.now();
    const read = this.readAt ?? this.begun;
    const stops = this.lostSince ? [this.lostSince] : [];
    // While the socket lives, and shortly before it was lost, what it told was current whenever it was read.
    const end = this.lostSince ?? at;
    if (end - read > OLD_MS) stops.push(read);
    if (this.failedSince && end - this.failedSince > OLD_MS) stops.push(this.failedSince);
    return stops.length ? Math.min(...stops) : 0;
  }

  check() {
    const stopped = this.stoppedAt();
    this.page.classList.toggle("is-stale", stopped > 0);
    this.band.hidden = !stopped;
    if (!stopped) return;
    const words = this.readAt ? say("stopped", { time: clock(new Date(stopped)) }) : say("never");
    if (this.words.textContent !== words) this.words.textContent = words;
  }
}
