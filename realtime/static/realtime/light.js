/**
 * The light that says how fresh a page is: live, reconnecting, or not up to date since 14:03. One for all pages,
 * ui/_light.html; every `subscribe` of live.js reports here. A page that listens to several addresses shows the
 * worst of them; a light with data-live-light="/ws/tasks/" shows that address only.
 */

const RANK = { live: 0, reconnecting: 1, stale: 2 };
const known = new Map(); // subscription → { path, status, since, code, via }

/** How a subscription fares; without a status it is no more. */
export function report(subscription, path, status, detail) {
  if (status) known.set(subscription, { path, status, ...detail });
  else known.delete(subscription);
  showAll();
}

function worst(path) {
  const states = [...known.values()].filter((state) => !path || state.path === path);
  const rank = ({ status, code }) => RANK[status] + (code ? 1 : 0);
  return states.toSorted((a, b) => rank(b) - rank(a) || (a.since ?? 0) - (b.since ?? 0))[0];
}

/** "14:05" today, "3/12 14:05" on other days, in the office's time zone. */
function clock(moment) {
  const { lang, dataset } = document.documentElement;
  const timeZone = dataset.timeZone || undefined;
  const day = (date) => date.toLocaleDateString(lang, { month: "numeric", day: "numeric", timeZone });
  const time = moment.toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone });
  return day(moment) === day(new Date()) ? time : `${day(moment)} ${time}`;
}

/** The key of the words for a state: data-text-<key> is shown, data-means-<key> is said to screen readers. */
function wordsFor({ status, since, code }) {
  if (code) return code === 4401 ? "SignIn" : "Refused";
  if (status === "stale") return since ? "Stale" : "Never";
  return status === "live" ? "Live" : "Reconnecting";
}

function show(light) {
  const state = worst(light.dataset.liveLight);
  if (!state) return;
  const key = wordsFor(state);
  const fill = (text) => (text ?? "").replace("{time}", state.since ? clock(state.since) : "");
  const sign = light.querySelector("[data-status]") ?? light;
  sign.dataset.status = light.dataset.shows = state.status;
  light.dataset.via = state.via;
  // In the head of a page "live" is not worth interrupting anybody; that it is no longer, and is again, is.
  if (state.status !== "live") light.removeAttribute("aria-live");
  say(sign, fill(light.dataset[`text${key}`]));
  const meaning = light.querySelector("[data-meaning]");
  if (meaning) say(meaning, fill(light.dataset[`means${key}`]));
}

/** Screen readers speak whenever a text is set, even to what it was. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showAll() {
  document.querySelectorAll("[data-live-light]").forEach(show);
}

document.addEventListener("htmx:afterSettle", showAll);
