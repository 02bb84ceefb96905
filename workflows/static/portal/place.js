// A form with a place: the pin, the address lists and "this goes to …" follow each other.
// The server draws the lists and the answer; here only the pin and the lists are kept from contradicting.

export function followPlace(form, { onChange = () => {} } = {}) {
  const lon = form.elements.lon;
  const lat = form.elements.lat;

  // Requests of one element wait for, and replace, each other: nothing else is asked in the name of this one.
  const source = form.querySelector("[data-picker]") ?? form;

  function giveUp(...askers) {
    for (const asker of askers) htmx.trigger(asker, "htmx:abort");
  }

  // The latest decides: an earlier answer would name who serves elsewhere, and take away what this one is to replace.
  function show(parameters) {
    giveUp(source, ...document.querySelectorAll("#place select"));
    return htmx.ajax("GET", `${form.dataset.placeUrl}?${parameters}`, { source, target: "#place", swap: "outerHTML" });
  }

  // Without a connection the lists cannot be drawn: what was chosen is kept and sent all the same.
  function keep(codes) {
    for (const value of codes) {
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "area", value });
      document.getElementById("place").append(hidden);
    }
  }

  // The pin was set: it decides, the lists show where it lies. Without an answer the pin alone has changed.
  form.addEventListener("linli:placed", async ({ detail }) => {
    const before = document.getElementById("place");
    await show(new URLSearchParams({ lon: detail.lon, lat: detail.lat })).catch(() => {});
    if (before.isConnected) onChange();
  });

  // A list was used: it decides, and the pin no longer counts.
  form.addEventListener("change", (event) => {
    if (event.target.name !== "area") return;
    giveUp(source);
    lon.value = "";
    lat.value = "";
    lon.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "place") return;
    const { bbox, code } = document.getElementById("place").dataset;
    form.dispatchEvent(new CustomEvent("linli:look", { detail: { bbox, code } }));
    onChange();
  });

  return {
    /** Show a place kept earlier: the point if there is one, else the chosen areas. */
    async restore({ point, codes }) {
      if (point) {
        [lon.value, lat.value] = point;
        lon.dispatchEvent(new Event("change", { bubbles: true }));
        await show(new URLSearchParams({ lon: point[0], lat: point[1] })).catch(() => {});
      } else if (codes.length) {
        await show(new URLSearchParams(codes.map((code) => ["area", code]))).catch(() => keep(codes));
      }
    },
  };
}

const alone = document.querySelector("form[data-place-form]:not(#filing)");
if (alone) followPlace(alone);
