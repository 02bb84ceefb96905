// What others have filed of the same kind near by: asked again when the kind or the place changes. The server knows.

const PAUSE_MS = 300;

export function followSimilar(form) {
  const box = document.getElementById("similar");
  let timer = 0;
  let asked = "";

  function ask() {
    const values = ["category", "lon", "lat", "datum"].map((name) => [name, form.elements[name].value]);
    const query = new URLSearchParams(values).toString();
    if (query === asked) return;
    asked = query;
    if (values.slice(0, 3).every(([, value]) => value !== "")) {
      htmx.ajax("GET", `${box.dataset.url}?${query}`, { source: box, target: box, swap: "innerHTML" });
    } else {
      box.replaceChildren();
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  }

  form.addEventListener("change", soon);
  form.addEventListener("linli:placed", soon);
  document.addEventListener("htmx:afterSettle", (event) => event.target.id === "place" && soon());
  soon();
}
