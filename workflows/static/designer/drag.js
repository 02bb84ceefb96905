// Dragging a card, or a new one from the palette, onto a "+": by mouse at once, by finger after a moment's hold, so
// that a swipe still scrolls. Escape takes it back.

const HOLD_MS = 350;
const SLACK = 6;
const REACH = 90;
const EDGE = 60;

export class Drag {
  /** onDrop(what, key, isCopy): `what` is { id } or { kind }; `key` is a "+". allowed(what, key): whether it may go there. */
  constructor(root, stage, options) {
    Object.assign(this, { root, stage, ...options });
    root.addEventListener("pointerdown", (event) => this.press(event));
    addEventListener("pointermove", (event) => this.move(event));
    addEventListener("pointerup", (event) => this.release(event));
    addEventListener("pointercancel", () => this.stop());
    addEventListener("keydown", (event) => event.key === "Escape" && this.ghost && (this.stop(), event.stopPropagation()), true);
    // The click that follows a drag is none.
    root.addEventListener("click", (event) => this.ended && (event.stopPropagation(), event.preventDefault()), true);
    addEventListener("touchmove", (event) => this.ghost && event.preventDefault(), { passive: false });
    root.addEventListener("contextmenu", (event) => this.from && this.isTouch && event.preventDefault());
  }

  press({ target, button, clientX, clientY, pointerType }) {
    this.ended = false;
    const from = target.closest(".block, [data-kind-button]");
    if (!from || button || from.dataset.key === "start") return;
    const { kindButton: kind, key: id } = from.dataset;
    Object.assign(this, { from, what: kind ? { kind } : { id }, point: [clientX, clientY], isTouch: pointerType === "touch" });
    if (this.isTouch) this.hold = setTimeout(() => this.lift(), HOLD_MS);
  }

  move({ clientX: x, clientY: y }) {
    if (!this.from) return;
    if (!this.ghost) {
      if (Math.hypot(x - this.point[0], y - this.point[1]) <= SLACK) return;
      if (this.isTouch) return this.stop();
      this.lift();
    }
    this.point = [x, y];
    this.ghost.style.translate = `${x + 12}px ${y + 12}px`;
  }

  lift() {
    this.ghost = this.from.cloneNode(true);
    this.ghost.classList.add("drag-ghost");
    for (const name of ["id", "data-key", "data-kind-button"]) this.ghost.removeAttribute(name);
    this.ghost.ariaHidden = "true";
    document.body.append(this.ghost);
    this.root.classList.add("is-dragging");
    this.from.closest(".flow-step")?.classList.add("is-dragged");
    this.roll();
  }

  /** As long as it lasts: near an edge the drawing moves on by itself; the nearest "+" is marked, if near enough.
   * Looked for anew each time, because the drawing may be drawn again meanwhile. */
  roll() {
    if (!this.ghost) return;
    const [x, y] = this.point;
    const box = this.stage.getBoundingClientRect();
    const push = (at, from, to) => (at < from + EDGE ? -12 : at > to - EDGE ? 12 : 0);
    const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
    const by = { left: push(x, box.left, box.right), top: push(y, top, bottom), behavior: "instant" };
    this.stage.scrollBy(by);
    if (box.top < 0 || box.bottom > innerHeight) scrollBy({ ...by, left: 0 });
    this.aim(this.nearest(x, y));
    requestAnimationFrame(() => this.roll());
  }

  nearest(x, y) {
    let reach = REACH;
    let target = null;
    for (const plus of this.stage.querySelectorAll(".plus")) {
      const { left, top, width, height } = plus.getBoundingClientRect();
      const away = Math.hypot(x - left - width / 2, y - top - height / 2);
      if (away < reach && this.allowed(this.what, plus.dataset.key)) [reach, target] = [away, plus];
    }
    return target;
  }

  aim(target) {
    this.target?.classList.remove("drop-here");
    this.target = target;
    target?.classList.add("drop-here");
  }

  /** Where it is let go counts: what was marked last may be a frame behind. */
  release({ clientX, clientY, ctrlKey, altKey }) {
    const { what, ghost } = this;
    const target = ghost && this.nearest(clientX, clientY);
    this.stop();
    if (!ghost) return;
    this.ended = true;
    setTimeout(() => (this.ended = false));
    if (target) this.onDrop(what, target.dataset.key, ctrlKey || altKey);
  }

  stop() {
    clearTimeout(this.hold);
    this.ghost?.remove();
    this.root.classList.remove("is-dragging");
    this.from?.closest(".flow-step")?.classList.remove("is-dragged");
    this.aim(null);
    this.from = this.ghost = null;
  }
}
