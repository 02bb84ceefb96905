/**
 * Listen to the server for as long as the page lives.
 *
 *   const listening = subscribe("/ws/map/", { onEvents, onResync, onStatus });
 *   listening.close();
 *
 * onEvents(events)   what happened, in order. Nothing is told twice, nothing is left out: after a lost connection
 *                    the server sends what was missed, or onResync() is called instead.
 * onResync()         read everything again: the page is a moment older than the connection (once, at its start),
 *                    too much was missed, or the rights have changed.
 * onStatus(status, { since, code, via })
 *                    "live", "reconnecting" (since a moment ago) or "stale" (since then the page may be wrong);
 *                    since: Date of the last sign of life, or null; code: the close code if the server refused for
 *                    good; via: "socket" or "stream"; told again when that changes. The page's lights (light.js)
 *                    hear of it by themselves.
 *
 * A socket is tried first. Where it does not open though the server is there, a stream (Server-Sent Events) takes
 * its place; that is remembered for the tab, and after a while the socket is tried again.
 */

import { report } from "./light.js";
import { openSocket, openStream } from "./transports.js";

const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 30_000;
const STALE_AFTER = 15_000;
// The server greets at once. What opened and says nothing is a proxy that swallows frames.
const GREETING = 10_000;
// The server sends a sign of life every 25 s. A connection that died silently (a laptop that slept) shows by its absence.
const SILENCE = 65_000;
const REFUSED = [4400, 4401, 4403];
// A server that is away fails a socket, too: only after so many is it worth asking whether a stream gets through.
const FAILED_SOCKETS = 2;
// Was the server only away, a socket gets through as well by now: that is tried once, soon.
const ASK_AGAIN = 2_000;
const STREAM_FOR = 5 * 60_000; // until the socket is tried again, twice as long each time it fails
const STREAM_LONGEST = 60 * 60_000;
// Browsers allow six HTTP/1.1 connections to a host, streams included: hidden pages give theirs up.
const HIDDEN_STREAM = 20_000;

const jitter = () => 0.5 + Math.random();

export function subscribe(path, { onEvents = () => {}, onResync = () => {}, onStatus = () => {} } = {}) {
  let connection = null; // { via, isGreeted, close() }
  let token = "";
  let attempts = 0;
  let failedSockets = 0;
  let lastSign = null;
  let status = "";
  let via = "socket";
  let toldVia = via;
  let closed = false;
  let isProbing = false;
  const timers = { retry: 0, stale: 0, silence: 0, comeback: 0, hidden: 0 };
  const self = {};

  function after(name, milliseconds, action) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(() => {
      timers[name] = 0;
      action();
    }, milliseconds);
  }

  function cancel(name) {
    clearTimeout(timers[name]);
    timers[name] = 0;
  }

  function tell(next, code = 0) {
    if (next === status && via === toldVia && !code) return;
    [status, toldVia] = [next, via];
    const detail = { since: lastSign, code, via };
    report(self, path, status, detail);
    onStatus(next, detail);
  }

  // --- One connection ----------------------------------------------------------------------------
  function open() {
    cancel("retry");
    if (closed || connection) return;
    const isStream = remembered.isStream() || failedSockets >= FAILED_SOCKETS;
    const mine = { via: isStream ? "stream" : "socket", isGreeted: false };
    connection = mine;
    const { close } = (isStream ? openStream : openSocket)(path, token, {
      onFrame: (frame) => mine === connection && hear(frame),
      onLost: (code) => mine === connection && lost(code),
    });
    mine.close = close;
    after("silence", GREETING, drop);
  }

  function greeted() {
    connection.isGreeted = true;
    attempts = 0;
    failedSockets = 0;
    via = connection.via;
    if (via === "socket") {
      remembered.socket();
      cancel("comeback");
    } else {
      after("comeback", remembered.left() || ASK_AGAIN * jitter(), comeBack);
      if (document.hidden) after("hidden", HIDDEN_STREAM, rest);
    }
  }

  function hear(frame) {
    if (!connection.isGreeted) greeted();
    lastSign = new Date();
    cancel("stale");
    after("silence", SILENCE, drop);
    // Between the page and its first greeting things may have happened that nobody told.
    const isFirst = !token;
    token = frame.token;
    tell("live");
    if (frame.type === "events") onEvents(frame.events);
    else if (frame.type === "resync" || isFirst) onResync();
  }

  /** Give the present connection up without waiting for its closing handshake. */
  function drop() {
    const dead = connection;
    if (!dead) return;
    // A socket that hangs needs no second try: a server that is away would have failed it at once.
    if (!dead.isGreeted && dead.via === "socket") failedSockets = FAILED_SOCKETS - 1;
    lost(0);
    dead.close();
  }

  function lost(code) {
    const { isGreeted, via: lostVia } = connection;
    connection = null;
    cancel("silence");
    if (closed) return;
    if (REFUSED.includes(code)) {
      end();
      tell("stale", code);
      return;
    }
    if (!isGreeted) {
      failedSockets = lostVia === "socket" ? failedSockets + 1 : 0;
      if (lostVia === "stream") remembered.socket(); // it is the server that is away
    }
    if (status !== "stale") tell("reconnecting");
    if (!timers.stale) after("stale", STALE_AFTER, () => tell("stale"));
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempts);
    attempts += 1;
    // Jitter: after a restart of the server, thousands of pages must not return in the same instant.
    after("retry", wait * jitter(), retry);
  }

  // --- Back from the stream to the socket ----------------------------------------------------------
  /** See whether a socket gets through by now; the stream goes on meanwhile, so nothing is heard twice. */
  function comeBack() {
    if (closed || isProbing || connection?.via !== "stream") return;
    if (document.hidden) {
      after("comeback", STREAM_FOR * jitter(), comeBack);
      return;
    }
    isProbing = true;
    const giveUp = setTimeout(() => tried(false), GREETING);
    const probe = openSocket(path, "", { onFrame: () => tried(true), onLost: () => tried(false) });
    function tried(isThrough) {
      isProbing = false;
      clearTimeout(giveUp);
      probe.close();
      if (closed || connection?.via !== "stream") return;
      if (!isThrough) {
        after("comeback", remembered.stream(), comeBack);
        return;
      }
      remembered.socket();
      connection.close();
      connection = null;
      open();
    }
  }

  // --- Looked at or not ----------------------------------------------------------------------------
  /** A hidden page waits until it is looked at; a visible one tries now. */
  function retry() {
    if (!document.hidden) open();
  }

  function rest() {
    if (!document.hidden || connection?.via !== "stream") return;
    connection.close();
    connection = null;
    cancel("silence");
    if (status === "live") tell("reconnecting");
  }

  function lookedAt(event) {
    if (closed) return;
    if (document.hidden) {
      if (connection?.via === "stream") after("hidden", HIDDEN_STREAM, rest);
      return;
    }
    cancel("hidden");
    const silent = lastSign && Date.now() - lastSign.getTime() > SILENCE;
    if (connection && silent) drop(); // timers of a sleeping machine do not run
    if (!connection) {
      attempts = 0;
      open();
    }
    // Another network, perhaps one without the proxy.
    if (event?.type === "online") comeBack();
  }

  const hooks = [
    [document, "visibilitychange"],
    [window, "online"],
    [window, "pageshow"],
  ];
  for (const [target, name] of hooks) target.addEventListener(name, lookedAt);

  function end() {
    closed = true;
    for (const [target, name] of hooks) target.removeEventListener(name, lookedAt);
    Object.keys(timers).forEach(cancel);
  }

  open();

  self.close = () => {
    end();
    connection?.close();
    connection = null;
    report(self);
  };
  return self;
}

// --- Which way gets through, for this tab ------------------------------------------------------------
const KEY = "linli-stream";

/** Kept in the tab, so that the next page need not find out again. */
const remembered = {
  read() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
    } catch {
      return {}; // no storage allowed: each page finds out for itself
    }
  },
  write(kept) {
    try {
      if (kept) sessionStorage.setItem(KEY, JSON.stringify(kept));
      else sessionStorage.removeItem(KEY);
    } catch {
      // as above
    }
  },
  isStream() {
    return this.left() > 0;
  },
  /** Milliseconds until the socket shall be tried again. */
  left() {
    return Math.max(0, (this.read().until ?? 0) - Date.now());
  },
  socket() {
    this.write(null);
  },
  /** A stream gets through and a socket does not; milliseconds until the socket shall be tried again. */
  stream() {
    const kept = this.read();
    const span = Math.min(STREAM_LONGEST, kept.span ? kept.span * 2 : STREAM_FOR);
    const wait = span * jitter();
    this.write({ span, until: Date.now() + wait });
    return wait;
  },
};
