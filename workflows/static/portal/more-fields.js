// What the workflow of the chosen kind asks besides: the server draws it anew when the kind or the place changes.
// Sent as a POST: what residents write does not belong into an address.

import { pressed } from "../ui/press.js";

const ASKED_BY = ["kind", "category", "area", "lon", "lat", "datum"];

export function followKind(form) {
  let latest = 0;

  async function show(values) {
    const turn = ++latest;
    const before = new FormData(form);
    const body = new FormData();
    for (const [name, value] of values) {
      if (typeof value === "string" && (ASKED_BY.includes(name) || name.startsWith("field_"))) body.append(name, value);
    }
    const token = document.querySelector('meta[name="csrf-token"]').content;
    let answer;
    try {
      answer = await fetch(form.dataset.fieldsUrl, { method: "POST", body, headers: { "X-CSRFToken": token } });
    } catch {
      return; // Without a connection the server asks when the form is sent.
    }
    if (!answer.ok) return;
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("more-fields");
    await pressed();
    if (drawn && turn === latest) draw(document.getElementById("more-fields"), drawn, before, new FormData(form));
  }

  const again = () => show(new FormData(form));
  form.addEventListener("change", ({ target }) => {
    if (target.name === "category" || target.name === "kind") again();
  });

  return { show, again };
}

/**
 * Somebody may be typing in it: what is the same stays, and so does what was filled in while the answer was on its
 * way. `before` and `now`: the form when the server was asked, and as it is.
 */
function draw(shown, drawn, before, now) {
  window.Idiomorph.morph(shown, drawn, { ignoreActiveValue: true });
  for (const field of shown.querySelectorAll("[name]")) {
    const values = now.getAll(field.name);
    if (JSON.stringify(values) !== JSON.stringify(before.getAll(field.name))) fill(field, values);
  }
}

function fill(field, values) {
  if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
  else field.value = values[0] ?? "";
  // A list that no longer offers what was chosen.
  if (field.selectedIndex === -1) field.selectedIndex = 0;
}
