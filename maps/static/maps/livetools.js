// What one does with the live map beside looking at its cases: layers, search, link, measure, picture, choosing.

import { Choosing } from "./choosing.js";
import { Layers } from "./layers.js";
import { goTo } from "./leafletmap.js";
import { PenBar } from "./penbar.js";
import { drawn, legendLines, onPrint, save } from "./picture.js";
import { config, say } from "./say.js";
import { Search } from "./search.js";
import { ViewLink } from "./viewlink.js";

const NEAR = 17;

/** A panel that a button opens; Escape and its own button close it. */
function panelOf(button) {
  const panel = document.getElementById(button.getAttribute("aria-controls"));
  const set = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const close = () => {
    set(false);
    button.focus({ preventScroll: true });
  };
  button.addEventListener("click", () => {
    set(panel.hidden);
    if (!panel.hidden) panel.querySelector("input, select, button, a")?.focus({ preventScroll: true });
  });
  panel.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  panel.querySelector("[data-panel-close]")?.addEventListener("click", close);
  return { close, shut: () => set(false) };
}

export class LiveTools {
  /** parts: { page, live, filters, chooser, drawer, list, openCase(one), sheet }. */
  constructor(parts) {
    Object.assign(this, parts);
    const { map } = this.live;
    this.note = this.part("tools-said");
    this.layers = new Layers(this.part("layers"), this.part("legends"), this.live, {
      query: () => this.filters.query(),
      onChange: () => this.link.write(),
    });
    this.link = new ViewLink({ map, filters: this.filters, chooser: this.chooser, layers: this.layers });
    this.pen = new PenBar(this.part("pen"), map, { onOpen: () => this.shutPanels() });
    this.choosing = new Choosing(this.drawer, { query: () => this.filters.query() });
    this.search = new Search(this.part("search"), {
      opener: this.part("search-open"),
      onChoose: (found) => this.goToFound(found),
    });
    // On a phone the map is small: what the layers mean is there when it is asked for.
    this.part("legends-box").open = !matchMedia("(max-width: 61.99rem)").matches;
    this.panels = [...this.page.querySelectorAll("[data-panel-open]")].map(panelOf);
    const acts = {
      choose: () => this.pen.choose((points) => this.choosing.byShape(points)),
      "choose-listed": () => this.choosing.byNumber(this.list.shown.map(({ number }) => number)),
      mine: () => config.mine && goTo(map, config.mine),
      measure: () => this.pen.measure(),
      copy: () => this.copy(),
      picture: () => this.savePicture(),
      print: () => window.print(),
    };
    for (const [name, act] of Object.entries(acts)) {
      for (const button of this.page.querySelectorAll(`[data-tool=${name}]`)) button.addEventListener("click", act);
    }
    onPrint(this.part("print"), () => this.picture());
  }

  part(name) {
    return this.page.querySelector(`[data-${name}]`);
  }

  shutPanels() {
    for (const panel of this.panels) panel.shut();
  }

  /** Whether a click on the map is for something else than opening a case. */
  get isBusy() {
    return this.pen.isOpen;
  }

  say(words) {
    this.note.textContent = words;
    this.note.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.note.hidden = true), 8_000);
  }

  goToFound(found) {
    const { map } = this.live;
    if (found.bbox) goTo(map, found.bbox);
    if (!found.number) return;
    if (found.lon !== null) map.setView([found.lat, found.lon], Math.max(map.getZoom(), NEAR), { animate: false });
    this.openCase(found);
  }

  async copy() {
    this.link.write();
    try {
      await navigator.clipboard.writeText(this.link.href);
      this.say(say("copied"));
    } catch {
      // Without https browsers keep the clipboard shut: the link is shown, chosen, to be copied by hand.
      const field = this.part("link");
      field.hidden = false;
      field.value = this.link.href;
      field.focus();
      field.select();
      this.say(say("copy_by_hand"));
    }
  }

  picture() {
    const title = document.getElementById("live-title").textContent;
    const total = this.part("total").textContent;
    return drawn(this.live.map, { title: `${title} · ${total}`, legend: legendLines(this.part("legends")) });
  }

  async savePicture() {
    await save(this.picture());
    this.say(say("picture_saved"));
  }
}
