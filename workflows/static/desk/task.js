// One task's page: quick phrases, what an outcome asks for, the phone's own map.

import "./photo-input.js";

const form = document.getElementById("decide");
const opinion = document.getElementById("opinion");

for (const button of document.querySelectorAll("[data-phrase]")) {
  button.addEventListener("click", () => {
    const text = opinion.value.trim();
    opinion.value = text ? `${text} ${button.dataset.phrase}` : button.dataset.phrase;
    opinion.dispatchEvent(new Event("input", { bubbles: true }));
    opinion.focus();
  });
}

// Asked before sending, so that nobody waits for an answer to learn it; the action checks it again.
function missing(button) {
  if ("needsOpinion" in button.dataset && !opinion.value.trim()) return opinion;
  const photos = form.querySelector("[data-photo-input]");
  const chosen = [...photos.querySelectorAll("input[type='file']")].some((input) => input.files.length > 0);
  if ("needsPhoto" in button.dataset && !chosen) return photos.querySelector("input");
  return null;
}

function ask(box, asked) {
  box.classList.toggle("is-asked", asked);
  box.querySelector("[data-ask]").hidden = !asked;
}

for (const button of document.querySelectorAll(".task-actions button[name='outcome']")) {
  button.addEventListener("click", (event) => {
    document.querySelectorAll(".is-asked").forEach((box) => ask(box, false));
    const field = missing(button);
    if (!field) return;
    event.preventDefault();
    const box = field.closest(".field");
    ask(box, true);
    box.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
}

form?.addEventListener("input", (event) => {
  const box = event.target.closest(".is-asked");
  if (box) ask(box, false);
});

// Enter in a search field looks for something; it must not decide the case.
form?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
});

// A reason for saying no is read, not only shown.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "refused") event.detail.target.scrollIntoView({ block: "center" });
});

// Apple's phones know no geo: links.
if (/iPhone|iPad|Macintosh/.test(navigator.userAgent)) {
  for (const link of document.querySelectorAll("a.open-map")) {
    const { lat, lon } = link.dataset;
    link.href = `maps://?ll=${lat},${lon}&q=${lat},${lon}`;
  }
}
