// The little sign that says whether the page is live.

import { clock, say } from "./say.js";

/** An `onStatus` for live.js that writes into `sign`. */
export function showStatus(sign) {
  sign.dataset.status = "";
  return (status, { since, code } = {}) => {
    sign.dataset.status = status;
    sign.textContent = wordsOf(status, since, code);
  };
}

function wordsOf(status, since, code) {
  if (code) return say("refused");
  if (status !== "stale") return say(status);
  return since ? say("stale", { time: clock(since) }) : say("stale_ever");
}
