// One shape for each light, so that colour is never the only sign: octagon, triangle, circle, square.
// The same outlines are drawn on the map's canvas and as SVG in lists.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  red: "M7.3 2.5h9.4l5.8 5.8v7.4l-5.8 5.8H7.3l-5.8-5.8V8.3z",
  yellow: "M12 2.2 23 21.3H1z",
  green: "M12 2.2a9.8 9.8 0 1 1 0 19.6 9.8 9.8 0 0 1 0-19.6z",
  none: "M4.5 4.5h15v15h-15z",
};
/** Where the middle of the shape is, in its 24 × 24 box: a triangle's is lower. */
const MIDDLES = { red: 12, yellow: 15, green: 12, none: 12 };
/** What stands inside the shape says who is at work on it. */
const INSIDE = {
  reported: "wait", verifying: "wait", registered: "wait", dispatching: "wait",
  handling: "work", checking: "check", rework: "again", reopened: "again", suspended: "pause",
};

/** An SVG element for lists and legends. */
export function sign(light, { ended = false, state = "" } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `sign sign-${light}${ended ? " sign-ended" : ""}`);
  const outline = document.createElementNS(SVG, "path");
  outline.setAttribute("d", PATHS[light]);
  svg.append(outline);
  svg.dataset.state = state;
  return svg;
}

const sprites = new Map();

export function forgetSprites() {
  sprites.clear();
}

/** A canvas with the marker of a case, drawn once per look and screen density; `size` in CSS pixels. */
export function sprite({ light, state, ended, urgent, size = 22 }, colours) {
  const sharp = window.devicePixelRatio || 1;
  const inside = ended ? "" : INSIDE[state] ?? "";
  const key = [light, inside, ended, urgent, size, sharp].join();
  if (!sprites.has(key)) sprites.set(key, paint(light, inside, ended, urgent, size, sharp, colours));
  return sprites.get(key);
}

function paint(light, inside, ended, urgent, size, sharp, colours) {
  const margin = urgent ? 6 : 3;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil((size + 2 * margin) * sharp);
  const context = canvas.getContext("2d");
  context.scale(sharp, sharp);
  context.translate(margin, margin);
  context.scale(size / 24, size / 24);
  const outline = new Path2D(PATHS[light]);
  context.lineJoin = "round";
  if (urgent && !ended) {
    context.lineWidth = 9;
    context.strokeStyle = colours[light];
    context.stroke(outline);
  }
  context.lineWidth = 5;
  context.strokeStyle = colours["marker-rim"];
  context.stroke(outline);
  context.fillStyle = ended ? colours["marker-hole"] : colours[light];
  context.fill(outline);
  if (ended) {
    context.lineWidth = 2.6;
    context.strokeStyle = colours[light];
    context.stroke(outline);
  }
  drawInside(context, inside, MIDDLES[light], colours["marker-rim"]);
  return { canvas, width: size + 2 * margin };
}

function drawInside(context, inside, middle, colour) {
  context.translate(12, middle);
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = 2.4;
  context.lineCap = "round";
  context.beginPath();
  if (inside === "wait") {
    context.arc(0, 0, 3.2, 0, 2 * Math.PI);
    context.fill();
  } else if (inside === "again") {
    context.arc(0, 0, 3.8, 0.3 * Math.PI, 1.9 * Math.PI);
    context.stroke();
  } else if (inside === "check") {
    context.moveTo(-4, 0);
    context.lineTo(-1, 3);
    context.lineTo(4, -3);
    context.stroke();
  } else if (inside === "pause") {
    context.fillRect(-4, -4, 2.8, 8);
    context.fillRect(1.2, -4, 2.8, 8);
  }
}
