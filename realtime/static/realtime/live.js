/**
 * Listen to a socket of the server, for as long as the page lives.
 *
 *   const listening = subscribe("/ws/map/", { onEvents, onResync, onStatus });
 *   listening.close();
 *
 * onEvents(events)   what happened, in order. Nothing is told twice, nothing is left out: after a lost connection
 *                    the server sends what was missed, or onResync() is called instead.
 * onResync()         read everything again: the page is a moment older than the connection (once, at its start),
 *                    too much was missed, or the rights have changed.
 * onStatus(status, { since, code })
 *                    "live", "reconnecting" (since a moment ago) or "stale" (since then the page may be wrong);
 *                    since: Date of the last sign of life, or null; code: the close code if the server refused for good.
 */

const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 30_000;
const STALE_AFTER = 15_000;
// The server sends a sign of life every 25 s. A connection that died silently (a laptop that slept) shows by its absence.
const SILENCE = 65_000;
const REFUSED = [4400, 4401, 4403];

export function subscribe(path, { onEvents = () => {}, onResync = () => {}, onStatus = () => {} } = {}) {
  let socket = null;
  let token = "";
  let attempts = 0;
  let lastSign = null;
  let status = "";
  let closed = false;
  let retryTimer = 0;
  let staleTimer = 0;
  let silenceTimer = 0;

  function tell(next, code = 0) {
    if (next === status && !code) return;
    status = next;
    onStatus(next, { since: lastSign, code });
  }

  function address() {
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (token) url.searchParams.set("since", token);
    return url;
  }

  function open() {
    clearTimeout(retryTimer);
    retryTimer = 0;
    if (closed || socket) return;
    const mine = new WebSocket(address());
    socket = mine;
    mine.addEventListener("message", (message) => mine === socket && hear(JSON.parse(message.data)));
    mine.addEventListener("close", (event) => mine === socket && lost(event.code));
    listenForSilence();
  }

  function hear(frame) {
    attempts = 0;
    lastSign = new Date();
    clearTimeout(staleTimer);
    staleTimer = 0;
    listenForSilence();
    // Between the page and its first greeting things may have happened that nobody told.
    const isFirst = !token;
    token = frame.token;
    tell("live");
    if (frame.type === "events") onEvents(frame.events);
    else if (frame.type === "resync" || isFirst) onResync();
  }

  function listenForSilence() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(drop, SILENCE);
  }

  /** Give the present connection up without waiting for its closing handshake. */
  function drop() {
    const dead = socket;
    if (!dead) return;
    lost(0);
    dead.close();
  }

  function lost(code) {
    socket = null;
    clearTimeout(silenceTimer);
    if (closed) return;
    if (REFUSED.includes(code)) {
      closed = true;
      unhook();
      clearTimeout(staleTimer);
      tell("stale", code);
      return;
    }
    if (status !== "stale") tell("reconnecting");
    staleTimer ||= setTimeout(() => tell("stale"), STALE_AFTER);
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempts);
    attempts += 1;
    // Jitter: after a restart of the server, thousands of pages must not return in the same instant.
    retryTimer = setTimeout(retry, wait * (0.5 + Math.random()));
  }

  /** A hidden page waits until it is looked at; a visible one tries now. */
  function retry() {
    retryTimer = 0;
    if (!document.hidden) open();
  }

  function lookedAt() {
    if (closed || document.hidden) return;
    const silent = lastSign && Date.now() - lastSign.getTime() > SILENCE;
    if (socket && silent) drop(); // timers of a sleeping machine do not run
    if (!socket) {
      attempts = 0;
      open();
    }
  }

  const hooks = [
    [document, "visibilitychange"],
    [window, "online"],
    [window, "pageshow"],
  ];
  function unhook() {
    for (const [target, name] of hooks) target.removeEventListener(name, lookedAt);
  }
  for (const [target, name] of hooks) target.addEventListener(name, lookedAt);

  open();

  return {
    close() {
      closed = true;
      unhook();
      for (const timer of [retryTimer, staleTimer, silenceTimer]) clearTimeout(timer);
      if (socket) socket.close(1000);
      socket = null;
    },
  };
}
