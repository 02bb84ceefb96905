// A request that waits for a connection goes out from any page of the portal, by itself.

import { drop, load, save } from "./draft.js";
import { send } from "./send.js";

const box = document.getElementById("outbox");
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 120_000;
let wait = FIRST_WAIT_MS;
let timer = 0;
let sending = false;

function say(text, link) {
  box.hidden = false;
  const sentence = box.querySelector("p");
  sentence.textContent = `${text} `;
  if (!link) return;
  const anchor = document.createElement("a");
  [anchor.href, anchor.textContent] = link;
  sentence.append(anchor);
}

async function flush() {
  clearTimeout(timer);
  if (sending) return;
  const draft = await load(box.dataset.owner);
  if (!draft?.waiting) return;
  if (!navigator.onLine) {
    say(box.dataset.waiting);
    return;
  }
  sending = true;
  say(box.dataset.sending);
  const result = await send(box.dataset.send, draft);
  sending = false;
  if (result.sent) {
    await drop();
    say(box.dataset.sent, [result.sent, box.dataset.look]);
  } else if (result.login) {
    say(box.dataset.signIn, [result.login, box.dataset.open]);
  } else if (result.failed) {
    say(box.dataset.waiting);
    timer = setTimeout(flush, wait);
    wait = Math.min(LONGEST_WAIT_MS, wait * 2);
  } else {
    await save({ ...draft, waiting: false });
    say(box.dataset.refused, [box.dataset.send, box.dataset.open]);
  }
}

addEventListener("online", flush);
addEventListener("offline", flush);
flush();
