// Words: sentences with their gaps filled, spans of time, clocks. What is said comes from the page (`config.words`).

export const config = JSON.parse(document.getElementById("map-config")?.textContent ?? "{}");
const language = document.documentElement.lang || "zh-hans";
// The office's time, as on every page the server writes, wherever the browser is.
export const timeZone = document.documentElement.dataset.timeZone || undefined;
const TIME = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone });
const DAY = new Intl.DateTimeFormat(language, { month: "numeric", day: "numeric", timeZone });
const DATE = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone });
const NUMBER = new Intl.NumberFormat(language);
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAYS = 24 * HOUR;

/** `say("left", { span: "3 h" })`: a sentence of `config.words`. */
export function say(key, gaps = {}) {
  return fill(config.words[key] ?? key, gaps);
}

export function fill(sentence, gaps) {
  return sentence.replace(/%\((\w+)\)s/g, (_, name) => gaps[name] ?? "");
}

/** "12,812" */
export function grouped(n) {
  return NUMBER.format(n);
}

/** Milliseconds in the largest unit that fits, cut: "3 d", "5 h", "12 min". */
export function span(milliseconds) {
  const length = Math.abs(milliseconds);
  if (length >= DAYS) return say("days", { n: Math.floor(length / DAYS) });
  if (length >= HOUR) return say("hours", { n: Math.floor(length / HOUR) });
  if (length >= MINUTE) return say("minutes", { n: Math.floor(length / MINUTE) });
  return say("moment");
}

/** "14:05" today, "3/12 14:05" on other days. */
export function clock(moment, now = new Date()) {
  const time = TIME.format(moment);
  return DATE.format(moment) === DATE.format(now) ? time : `${DAY.format(moment)} ${time}`;
}

/** How long a case has left or is over; nothing for ended ones and those without a deadline. */
export function countdown(one, now) {
  if (one.closed_at || !one.due_at) return "";
  const left = Date.parse(one.due_at) - now;
  return say(left >= 0 ? "left" : "over", { span: span(left) });
}
