// Cases chosen on the map, shown in the drawer with what can be done about all of them.

import { config } from "./say.js";

const PLACES = 6;
/** A shape has no more corners than the server takes. */
const MOST_CORNERS = 100;

export class Choosing {
  /** drawer: a Drawer; options.query(): the map's filters. */
  constructor(drawer, options) {
    this.drawer = drawer;
    this.options = options;
    drawer.body.addEventListener("click", (event) => this.press(event));
    drawer.body.addEventListener("keydown", (event) => {
      // Enter in the search for a colleague looks for them; it does not hand anything over.
      if (event.key === "Enter" && event.target.type === "search") event.preventDefault();
    });
  }

  /** points: Leaflet LatLngs around the cases. */
  byShape(points) {
    const query = this.options.query();
    const corners = points.slice(0, MOST_CORNERS).map(({ lng, lat }) => `${lng.toFixed(PLACES)},${lat.toFixed(PLACES)}`);
    query.set("shape", corners.join(";"));
    this.show(query);
  }

  byNumber(numbers) {
    this.show(new URLSearchParams(numbers.map((number) => ["number", number])));
  }

  show(query) {
    this.drawer.openAt(`${config.urls.chosen}?${query}`);
  }

  /** Unfold one of the moves; the others fold, so that one button is the one to press. */
  press({ target }) {
    const button = target.closest("[data-act]");
    if (!button) return;
    const isOpen = button.getAttribute("aria-expanded") === "true";
    for (const other of this.drawer.body.querySelectorAll("[data-act]")) {
      const on = other === button && !isOpen;
      other.setAttribute("aria-expanded", String(on));
      const part = document.getElementById(other.getAttribute("aria-controls"));
      part.hidden = part.disabled = !on;
      if (on) part.querySelector("textarea, select, input")?.focus();
    }
  }
}
