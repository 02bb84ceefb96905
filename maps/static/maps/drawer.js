// One case beside the map: a fragment of the server, read again whenever something happens to the case.

import { config, say } from "./say.js";

export class Drawer {
  /** options.onClose(). */
  constructor(element, options = {}) {
    this.element = element;
    this.body = element.querySelector("[data-drawer-body]");
    this.options = options;
    this.number = null;
    element.querySelector("[data-close]").addEventListener("click", () => this.close());
    element.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  open(one) {
    this.opener = document.activeElement;
    this.number = one.number;
    this.id = one.id;
    this.body.textContent = say("loading");
    this.element.hidden = false;
    this.read().then(() => this.element.querySelector("h2")?.focus({ preventScroll: true }));
  }

  /** Show another fragment of the server: the cases chosen on the map. */
  openAt(url) {
    if (this.element.hidden) this.opener = document.activeElement;
    this.number = this.id = null;
    this.body.textContent = say("loading");
    this.element.hidden = false;
    const shown = window.htmx.ajax("GET", url, { target: this.body, swap: "innerHTML" });
    return shown.then(() => this.element.querySelector("h2")?.focus({ preventScroll: true }));
  }

  /** Something happened to a case: read it again if it is the open one. */
  touch(id) {
    if (this.number && id === this.id) this.read();
  }

  read() {
    const url = config.urls.case.replace("NUMBER", encodeURIComponent(this.number));
    // Read again, what somebody is writing in it stays.
    const shown = document.getElementById(`drawer-case-${this.id}`);
    const how = shown ? { target: shown, swap: "morph" } : { target: this.body, swap: "innerHTML" };
    return window.htmx.ajax("GET", url, how);
  }

  close() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.number = null;
    this.body.replaceChildren();
    this.opener?.focus?.({ preventScroll: true });
    this.options.onClose?.();
  }
}
