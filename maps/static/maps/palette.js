// The page's colours for what is drawn on canvas. They live in maps.css and change with the theme.

const NAMES = [
  "ground", "area", "chosen", "line", "line-parent", "label", "label-halo",
  "red", "yellow", "green", "none", "marker-rim", "marker-hole", "cluster", "cluster-ink", "font",
  "class-1", "class-2", "class-3", "class-4", "class-5", "hatch", "member", "member-ink", "pen",
];

function read() {
  const style = getComputedStyle(document.querySelector(".map-frame") ?? document.documentElement);
  const colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
  // Everything drawn grows with it: a wall is read from afar, an elder's screen by weak eyes.
  colours.scale = Number(style.getPropertyValue("--map-scale")) || 1;
  return colours;
}

let colours = null;
const listeners = new Set();

/** The present colours, by name without the `--map-` of the CSS variable. */
export function palette() {
  colours ??= read();
  return colours;
}

/** Call `listener` whenever the theme changed. */
export function onTheme(listener) {
  listeners.add(listener);
}

new MutationObserver(() => {
  colours = read();
  for (const listener of listeners) listener();
}).observe(document.documentElement, { attributeFilter: ["data-bs-theme", "data-elder"] });
