/**
 * Keeps parts of a page up to date. An element that htmx fetches on the event "live" names the socket that tells
 * of changes; the light in the head of the page (light.js) says how fresh it is:
 *
 *   <div id="…" hx-get="…" hx-trigger="live" hx-target="this" hx-swap="morph" data-live="/ws/tasks/">…</div>
 *
 * Elements with the same address share one socket.
 * The socket only says that something happened; what it was, the fragment's own view tells. hx-swap="morph" keeps
 * what somebody is writing in it (ui/morph.js), so news need not wait for that. It waits while a finger or a mouse's
 * button is down: what one presses must not move away before it is let go.
 *
 * The page itself is older than its connection, so everything is fetched once when that stands. From then on <html>
 * has data-news="shown", unless a fetch is under way.
 */

import { pressed } from "../ui/press.js";
import { subscribe } from "./live.js";

const AT_MOST_EVERY = 1000; // ms between two fetches of one element, however many events there are
const LONGEST_WAIT = 30_000; // ms for an answer
const sockets = new Map(); // address → { isHeard, listening }

function refreshAll(path) {
  for (const element of document.querySelectorAll("[data-live]")) {
    if (element.dataset.live === path) refresh(element);
  }
}

// element → when it may be fetched next, whether that is arranged, whether it is being fetched, and again after that
const turns = new WeakMap();

function turnOf(element) {
  if (!turns.has(element)) turns.set(element, { next: 0, arranged: false, asked: false, again: false });
  return turns.get(element);
}

function refresh(element) {
  const turn = turnOf(element);
  if (turn.arranged) return;
  turn.arranged = true;
  fetching.add(element);
  tellNews();
  setTimeout(() => {
    turn.arranged = false;
    turn.next = Date.now() + AT_MOST_EVERY;
    if (!element.isConnected) {
      tellNews();
      return;
    }
    // One after the other: of two answers the older one could come last. htmx's own queue does not outlast a morph.
    turn.again = turn.asked;
    if (turn.again) return;
    // On a page that loads slowly the socket may be there before htmx has looked at the page.
    window.htmx.process(element);
    window.htmx.trigger(element, "live");
  }, turn.next - Date.now());
}

// --- Not under the finger ------------------------------------------------------------------------
const held = new Set(); // elements whose answer came while something was pressed: they are fetched once more

document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt } = event.detail.requestConfig;
  if (!pressed() || !("live" in elt.dataset)) return;
  event.detail.shouldSwap = false;
  if (held.size === 0) pressed().then(refreshHeld);
  held.add(elt);
});

function refreshHeld() {
  for (const element of held) refresh(element);
  held.clear();
}

// --- Whether all news is shown -------------------------------------------------------------------
const fetching = new Set();

function tellNews() {
  for (const element of fetching) if (!element.isConnected) fetching.delete(element);
  const unheard = [...sockets.values()].some(({ isHeard }) => !isHeard);
  document.documentElement.dataset.news = unheard || fetching.size > 0 ? "coming" : "shown";
}

function fetched(element) {
  const turn = turns.get(element);
  if (!turn) return;
  turn.asked = false;
  if (turn.again) refresh(element);
  turn.again = false;
  if (turn.arranged || held.has(element)) return; // once more
  fetching.delete(element);
  tellNews();
}

// htmx's own class does not tell whether an element is being fetched: an answer that is morphed in takes it away.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if ("live" in detail.elt.dataset) detail.timeout = LONGEST_WAIT; // one that hangs must not hold up the next
});
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if ("live" in detail.elt.dataset) turnOf(detail.elt).asked = true;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => fetched(detail.requestConfig.elt));

function listen(path) {
  if (!path || sockets.has(path)) return;
  const state = { isHeard: false };
  sockets.set(path, state);
  state.listening = subscribe(path, {
    onEvents: () => refreshAll(path),
    onResync() {
      state.isHeard = true;
      refreshAll(path);
      tellNews();
    },
    onStatus(status) {
      state.isHeard ||= status === "stale";
      tellNews();
    },
  });
}

/** Listen for what the page shows now; called again after htmx has put new content in. */
function scan() {
  const wanted = new Set();
  for (const element of document.querySelectorAll("[data-live]")) wanted.add(element.dataset.live);
  for (const light of document.querySelectorAll("[data-live-light]")) wanted.add(light.dataset.liveLight);
  for (const [path, { listening }] of sockets) {
    if (wanted.has(path)) continue;
    listening.close();
    sockets.delete(path);
  }
  wanted.forEach(listen);
  tellNews();
}

scan();
document.addEventListener("htmx:afterSettle", scan);
