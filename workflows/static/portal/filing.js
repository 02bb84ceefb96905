// The filing form: keeps what is typed, suggests a kind, shows photos, sends, and waits for a connection if there
// is none. Without it the form still works: lists, a file field, one page after another.

import { busy, done, tell } from "../ui/feedback.js";
import * as drafts from "./draft.js";
import { followKind } from "./more-fields.js";
import { Photos } from "./photos.js";
import { followPlace } from "./place.js";
import { send } from "./send.js";
import { followSimilar } from "./similar.js";
import { followWords } from "./suggest.js";

const form = document.getElementById("filing");
const owner = form.dataset.owner;
const note = document.getElementById("draft-note");
const outbox = document.getElementById("outbox");
const errors = document.getElementById("form-errors");
const words = document.getElementById("ui-words").dataset;
const PAUSE_MS = 500;
const FEW_LEFT = 500;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

let saveTimer = 0;
let retryTimer = 0;
let wait = FIRST_WAIT_MS;
let sending = false;
let over = false; // It has been filed: nothing of it may be kept any more, or it would be sent again.

const photos = new Photos(form, { onChange: keepSoon, onRefused: (text) => showErrors({ __all__: [{ message: text }] }) });
const more = followKind(form);
const place = followPlace(form, { onChange: placed });
const suggest = followWords(form);
followSimilar(form);

// What is asked besides may depend on who serves at the place.
function placed() {
  more.again();
  keepSoon();
}

// --- Keeping -----------------------------------------------------------------------------------
function fields() {
  const all = [...new FormData(form)];
  return all.filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
}

function current(waiting = false) {
  return { fields: fields(), photos: photos.files, waiting, owner };
}

function worthKeeping() {
  return form.elements.text.value.trim() !== "" || photos.files.length > 0;
}

function keepSoon() {
  clearTimeout(saveTimer);
  if (sending || over) return;
  saveTimer = setTimeout(() => (worthKeeping() ? drafts.save(current()) : drafts.drop()), PAUSE_MS);
}

async function restore() {
  const draft = await drafts.load(owner);
  if (!draft) return;
  const kept = new Map(draft.fields);
  const sameForm = kept.get("client_key") === form.elements.client_key.value;
  // A link (a QR code in a stairwell) has placed the form since: the words are kept, the place is the link's.
  const link = form.elements.grid.value;
  const elsewhere = link !== "" && kept.get("grid") !== link && !sameForm && !draft.waiting;
  // A form the server has filled in is newer than what lies here; its photos cannot come from the server.
  if (form.elements.text.value.trim() === "" || sameForm) {
    fill(draft.fields);
    await more.show(draft.fields);
  }
  if (elsewhere) form.elements.grid.value = link;
  photos.set(draft.photos);
  const point = kept.get("lon") && kept.get("lat") ? [kept.get("lon"), kept.get("lat")] : null;
  if (!elsewhere) await place.restore({ point, codes: draft.fields.filter(([name]) => name === "area").map(([, code]) => code) });
  suggest();
  if (draft.waiting && owner) submit();
  else note.hidden = false;
}

function fill(values) {
  for (const box of form.querySelectorAll("input[type='checkbox']")) box.checked = false;
  for (const [name, value] of values) {
    if (name === "area" || name === "lon" || name === "lat") continue;
    const control = form.elements[name];
    if (!control) continue;
    if (control instanceof RadioNodeList) control.value = value;
    else if (control.type === "checkbox") control.checked = true;
    else control.value = value;
  }
}

document.getElementById("draft-drop").addEventListener("click", async () => {
  clearTimeout(saveTimer);
  await drafts.drop();
  location.assign(location.pathname);
});

// --- Counting ----------------------------------------------------------------------------------
const counter = document.getElementById("text-left");
function count() {
  const left = form.elements.text.maxLength - form.elements.text.value.length;
  counter.hidden = left > FEW_LEFT;
  if (!counter.hidden) counter.textContent = `${left} ${form.dataset.left}`;
}

// --- Sending -----------------------------------------------------------------------------------
function showErrors(found) {
  for (const old of form.querySelectorAll(".field-error.live")) old.remove();
  for (const invalid of form.querySelectorAll("[aria-invalid]")) {
    invalid.removeAttribute("aria-invalid");
    invalid.classList.remove("is-invalid");
  }
  errors.replaceChildren();
  let first = null;
  for (const [name, list] of Object.entries(found)) {
    const text = list.map(({ message }) => message).join(" ");
    const control = form.elements[name];
    if (control instanceof HTMLElement && control.type !== "hidden") {
      const sentence = document.createElement("p");
      sentence.className = "field-error live";
      sentence.id = `${control.id}_live_error`;
      sentence.textContent = text;
      control.classList.add("is-invalid");
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", sentence.id);
      control.after(sentence);
      first ??= control;
    } else {
      const box = document.createElement("div");
      box.className = "note note-error";
      box.setAttribute("role", "alert");
      const sentence = document.createElement("p");
      sentence.textContent = text;
      box.append(sentence);
      errors.append(box);
    }
  }
  (first ?? errors).scrollIntoView({ block: "center" });
  first?.focus({ preventScroll: true });
}

function sayWaiting(text) {
  outbox.hidden = !text;
  if (text) outbox.querySelector("p").textContent = text;
}

async function submit() {
  if (sending || over) return;
  sending = true;
  clearTimeout(saveTimer);
  clearTimeout(retryTimer);
  const button = document.getElementById("send");
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  busy();
  const draft = current(true);
  await drafts.save(draft);
  const result = navigator.onLine ? await send(form.action, draft) : { failed: true };
  done();
  button.removeAttribute("aria-busy");
  button.disabled = false;
  await settle(result);
  sending = false;
}

async function settle(result) {
  sayWaiting("");
  if (result.sent) {
    over = true;
    await drafts.drop();
    location.assign(result.sent);
  } else if (result.login) {
    location.assign(result.login);
  } else if (result.failed) {
    sayWaiting(form.dataset.queued);
    outbox.scrollIntoView({ block: "center" });
    retryTimer = setTimeout(submit, wait);
    wait = Math.min(LONGEST_WAIT_MS, wait * 2);
  } else {
    await drafts.save(current());
    if (result.denied) tell(words.denied, "error");
    else showErrors(result.errors);
  }
}

count();
const restored = restore();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  // What lay on this device is sent as a whole, its place too, even if "send" is pressed while it still comes back.
  await restored;
  note.hidden = true;
  wait = FIRST_WAIT_MS;
  if (form.elements.text.value.trim() === "") {
    showErrors({ text: [{ message: form.dataset.empty }] });
    return;
  }
  submit();
});
form.addEventListener("input", () => {
  clearTimeout(retryTimer);
  sayWaiting("");
  count();
  keepSoon();
});
// Back from the history after filing: a fresh form, with a key of its own.
addEventListener("pageshow", (event) => {
  if (event.persisted && over) location.reload();
});
addEventListener("online", async () => {
  if ((await drafts.load(owner))?.waiting) submit();
});
