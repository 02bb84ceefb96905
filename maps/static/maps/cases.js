// What a case is at this moment: its light, whether it has ended, what it is called. Server time, not the device's.

import { config, say } from "./say.js";

const ENDED = new Set(config.ended ?? []);
let ahead = 0;

/** The server said what time it is: the device's clock may be wrong. */
export function setClock(iso) {
  ahead = Date.parse(iso) - Date.now();
}

export function now() {
  return Date.now() + ahead;
}

export function hasEnded(one) {
  return ENDED.has(one.state);
}

/** The traffic light, by the rules of workflows/clocks.py. */
export function lightOf(one, at = now()) {
  if (!one.due_at) return "none";
  const due = Date.parse(one.due_at);
  if (one.closed_at) return Date.parse(one.closed_at) <= due ? "green" : "red";
  if (at > due) return "red";
  return one.yellow_at && at >= Date.parse(one.yellow_at) ? "yellow" : "green";
}

export function titleOf(one) {
  return config.categories[one.category]?.name ?? say("no_category");
}

export function stateOf(one) {
  return config.states[one.state] ?? one.state;
}

// --- Names of grids, asked for when an event brings one that is not known yet --------------------
const names = new Map();
const wanted = new Set();
let timer = 0;
let known = () => {};

export function learn(code, name) {
  if (code && name) names.set(code, name);
}

/** Call `listener` when names have arrived. */
export function onNames(listener) {
  known = listener;
}

export function gridOf(one) {
  if (!one.grid) return say("no_grid");
  const name = one.grid_name || names.get(one.grid);
  if (name) return name;
  wanted.add(one.grid);
  timer ||= setTimeout(askForNames, 50);
  return "…";
}

async function askForNames() {
  timer = 0;
  const query = new URLSearchParams([...wanted].map((code) => ["code", code]));
  wanted.clear();
  try {
    const answer = await fetch(`${config.urls.names}?${query}`);
    if (!answer.ok) return;
    const found = (await answer.json()).names;
    for (const [code, name] of Object.entries(found)) learn(code, name);
    known();
  } catch {
    // Without a connection there is no name to show; the next event asks again.
  }
}
