// What every page does: the CSRF header for htmx, no double submission, a line while something is slow,
// a sentence when something failed.

import { busy, done, rest, tell } from "./feedback.js";
import "./morph.js";

const words = document.getElementById("ui-words")?.dataset ?? {};

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});

// --- The progress line, sentences for what failed -----------------------------------------------
document.addEventListener("htmx:beforeRequest", busy);
document.addEventListener("htmx:afterRequest", done);
document.addEventListener("htmx:sendError", () => tell(navigator.onLine ? words.failed : words.offline, "error"));
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  tell(status === 403 || status === 401 ? words.denied : words.failed, "error");
});

// --- No double submission --------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  busy();
  event.submitter?.setAttribute("aria-busy", "true");
});

// A page that comes back from the history is ready to be sent again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  rest();
});

// htmx forms stay on the page: they may be sent again once their answer is there.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) delete form.dataset.sent;
});

// A choice in a form marked data-autosubmit is sent at once; without scripts its button does it.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-autosubmit")) form.requestSubmit();
});

// A <dialog> is opened by any button that names it; it closes by its own <form method="dialog"> or Escape.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
});

// --- Fragments that follow a socket ----------------------------------------------------------
// Elements marked data-live are kept up to date by realtime/refresh.js, loaded when there is one.
function follow() {
  if (!document.querySelector("[data-live], [data-live-light]")) return;
  import(document.querySelector('meta[name="live-module"]').content);
}

document.addEventListener("htmx:afterSettle", follow);
follow();
