// What the workflow of the chosen kind asks besides: the server draws it anew when the kind or the place changes.
// Sent as a POST: what residents write does not belong into an address.

const ASKED_BY = ["kind", "category", "area", "lon", "lat", "datum"];

export function followKind(form) {
  let latest = 0;

  async function show(values) {
    const turn = ++latest;
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
    if (!answer.ok || turn !== latest) return;
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("more-fields");
    const shown = document.getElementById("more-fields");
    // Somebody may be typing in it: what is the same stays.
    if (drawn && (drawn.childElementCount || shown.childElementCount)) shown.replaceWith(drawn);
  }

  const again = () => show(new FormData(form));
  form.addEventListener("change", ({ target }) => {
    if (target.name === "category" || target.name === "kind") again();
  });

  return { show, again };
}
