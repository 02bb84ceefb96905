// What the page asks the server. Every answer is JSON; what went wrong becomes a `Trouble` with a sentence for people.

import { config, say } from "../say.js";

const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** `kind`: offline, denied, conflict, refused, failed. `answer`: what the server sent along, if anything. */
export class Trouble extends Error {
  constructor(kind, message, answer = null) {
    super(message);
    this.kind = kind;
    this.answer = answer;
  }
}

async function ask(url, { method = "GET", body, signal, keepalive } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = token();
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal, keepalive });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("offline", say("unchecked"));
  }
  // A sign-in page instead of JSON: the session has ended.
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const answer = isJson ? await response.json() : null;
  if (response.ok && (isJson || response.status === 204)) return answer;
  throw troubleOf(response, answer);
}

function troubleOf({ status, ok, redirected }, answer) {
  const message = answer?.message ?? answer?.error;
  if (status === 409) return new Trouble("conflict", message ?? "", answer);
  if (status === 422 || status === 400) return new Trouble("refused", message ?? say("failed"), answer);
  if (status === 401 || status === 403 || redirected || ok) return new Trouble("denied", message ?? say("denied"));
  return new Trouble("failed", message ?? say("failed"));
}

/** The borders now, or at the end of a day (YYYY-MM-DD). */
export function readBorders(day = "") {
  return ask(day ? `${config.urls.data}?${new URLSearchParams({ on: day })}` : config.urls.data);
}

/** What these operations would make of the borders; writes nothing. */
export function tryOut(work, signal) {
  return ask(config.urls.try, { method: "POST", body: work, signal });
}

export function save(work) {
  return ask(config.urls.save, { method: "POST", body: work });
}

/** My unsaved work on the server, or null. */
export async function readDraft() {
  const draft = await ask(config.urls.draft);
  return draft?.operations?.length ? draft : null;
}

/** `keepalive`: the page is going away. */
export function writeDraft(work, { keepalive = false } = {}) {
  return ask(config.urls.draft, { method: "PUT", body: work, keepalive });
}

export function dropDraft() {
  return ask(config.urls.draft, { method: "DELETE" });
}
