// On a phone the list is a sheet at the bottom: a glimpse, half, or nearly all of the screen. Its grip is a button,
// and can be dragged.

const HEIGHTS = ["glimpse", "half", "full"];

export class Sheet {
  constructor(element, grip) {
    this.element = element;
    this.set(1);
    grip.addEventListener("click", () => this.step());
    grip.addEventListener("pointerdown", (event) => this.grab(event, grip));
  }

  set(level) {
    this.level = level;
    this.element.dataset.height = HEIGHTS[level];
  }

  step() {
    if (this.dragged) this.dragged = false;
    else this.set((this.level + 1) % HEIGHTS.length);
  }

  /** Make room for what is in the sheet. */
  raise() {
    this.set(2);
  }

  /** Make room for the map. */
  lower() {
    if (this.level === 2) this.set(1);
  }

  grab(event, grip) {
    const from = event.clientY;
    grip.setPointerCapture(event.pointerId);
    const drop = (end) => {
      grip.removeEventListener("pointerup", drop);
      const moved = from - end.clientY;
      if (Math.abs(moved) < 24) return;
      this.dragged = true;
      this.set(Math.min(Math.max(this.level + Math.sign(moved) * (Math.abs(moved) > 280 ? 2 : 1), 0), 2));
    };
    grip.addEventListener("pointerup", drop);
  }
}
