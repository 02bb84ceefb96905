/**
 * Whether a finger or a mouse's button is down: what somebody presses must not move away before the click.
 *
 *   await pressed(); // goes on at once when nothing is pressed, else after the click
 *
 * A mouse's click comes right after its button has gone up. A finger's comes a little later, as a task of its own,
 * and after a swipe there is none.
 */

const CLICK_MS = 300;

let press = null; // a promise, as long as something is pressed
let release;
let timer;

function letGo(milliseconds = 0) {
  clearTimeout(timer);
  if (!press) return;
  timer = setTimeout(() => {
    press = null;
    release();
  }, milliseconds);
}

function begin() {
  clearTimeout(timer);
  press ??= new Promise((go) => (release = go));
}

addEventListener("pointerdown", begin, true);
addEventListener("pointerup", ({ pointerType }) => letGo(pointerType === "mouse" ? 0 : CLICK_MS), true);
addEventListener("pointercancel", () => letGo(), true);
addEventListener("click", () => letGo(), true);
addEventListener("blur", () => letGo());

export const pressed = () => press;
