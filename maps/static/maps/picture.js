// The view as a picture, to save or to print: drawn from the canvases that the map shows, with its title, the time
// and what the colours mean. Nothing is fetched; tiles of a base map belong to others and stay out.

import { palette } from "./palette.js";
import { lengthWords } from "./penbar.js";
import { clock, say } from "./say.js";

const MARGIN = 16;
const LINE = 22;

/** A canvas in device pixels. legend: [{ colour, words }]; title: one line. */
export function drawn(map, { title, legend }) {
  const sharp = window.devicePixelRatio || 1;
  const { x: width, y: height } = map.getSize();
  const head = MARGIN * 2 + LINE * 2;
  const foot = MARGIN * 2 + LINE * Math.max(legend.length, 1);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round((height + head + foot) * sharp);
  const context = canvas.getContext("2d");
  context.scale(sharp, sharp);
  const colours = palette();
  context.fillStyle = colours.cluster;
  context.fillRect(0, 0, width, height + head + foot);
  context.save();
  context.translate(0, head);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  drawMap(context, map, colours, width, height);
  context.restore();
  drawHead(context, title, map, colours);
  drawFoot(context, legend, map, colours, { width, top: head + height + MARGIN });
  return canvas;
}

function drawMap(context, map, colours, width, height) {
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, width, height);
  const frame = map.getContainer().getBoundingClientRect();
  for (const pane of panes(map)) {
    for (const canvas of pane.querySelectorAll("canvas")) {
      const box = canvas.getBoundingClientRect();
      if (box.width) context.drawImage(canvas, box.x - frame.x, box.y - frame.y, box.width, box.height);
    }
  }
}

/** Those that are shown, from below. */
function panes(map) {
  const height = (pane) => Number(getComputedStyle(pane).zIndex) || 0;
  const shown = Object.values(map.getPanes()).filter((pane) => !pane.hidden && pane.parentElement?.classList.contains("leaflet-map-pane"));
  return shown.sort((one, other) => height(one) - height(other));
}

function drawHead(context, title, map, colours) {
  context.fillStyle = colours["cluster-ink"];
  context.textBaseline = "top";
  context.font = `650 20px ${colours.font}`;
  context.fillText(title, MARGIN, MARGIN);
  context.font = `400 13px ${colours.font}`;
  const facts = [say("as_of", { when: clock(new Date()) })];
  if (map.getPanes().tilePane.querySelector("img")) facts.push(say("without_base"));
  context.fillText(facts.join(" · "), MARGIN, MARGIN + LINE + 6);
}

function drawFoot(context, legend, map, colours, { width, top }) {
  context.font = `400 14px ${colours.font}`;
  context.textBaseline = "middle";
  context.strokeStyle = colours["line-parent"];
  legend.forEach(({ colour, ringed, words }, row) => {
    const y = top + LINE * (row + 0.5);
    if (colour) {
      context.fillStyle = colour;
      if (ringed) context.fillRect(MARGIN + 5, y - 4, 10, 8);
      else context.fillRect(MARGIN, y - 7, 20, 14);
      context.strokeRect(MARGIN, y - 7, 20, 14);
    }
    context.fillStyle = colours["cluster-ink"];
    context.fillText(words, MARGIN + (colour ? 28 : 0), y);
  });
  drawScale(context, map, colours, width - MARGIN, top + LINE / 2);
}

/** A bar of a round length in the lower right corner. */
function drawScale(context, map, colours, right, y) {
  const { y: height } = map.getSize();
  const at = (x) => map.containerPointToLatLng([x, height / 2]);
  const metres = map.distance(at(0), at(100));
  const round = 10 ** Math.floor(Math.log10(metres));
  const length = Math.floor(metres / round) * round;
  const pixels = (100 * length) / metres;
  context.strokeStyle = context.fillStyle = colours["cluster-ink"];
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(right - pixels, y - 5);
  context.lineTo(right - pixels, y);
  context.lineTo(right, y);
  context.lineTo(right, y - 5);
  context.stroke();
  context.textAlign = "right";
  context.fillText(lengthWords(length), right, y + 14);
  context.textAlign = "left";
}

/** What the legend beside the map says, as lines of the picture. */
export function legendLines(box) {
  const lines = [];
  for (const part of box.querySelectorAll(".legend-part")) {
    const heading = part.querySelector("h3")?.textContent ?? "";
    const facts = [...part.querySelectorAll(".legend-note")].map((note) => note.textContent).join(" · ");
    lines.push({ words: [heading, facts].filter(Boolean).join(": ") });
    for (const row of part.querySelectorAll(".legend-classes > li")) {
      const mark = row.querySelector("span");
      const { backgroundColor, borderTopColor } = getComputedStyle(mark);
      const colour = backgroundColor === "rgba(0, 0, 0, 0)" ? borderTopColor : backgroundColor;
      lines.push({ colour, ringed: mark.classList.contains("legend-online"), words: row.textContent });
    }
  }
  return lines;
}

/** Let the browser save the canvas as a PNG named after the page and the minute. */
export async function save(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  const minute = new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-");
  link.href = URL.createObjectURL(blob);
  link.download = `${say("picture_name")}-${minute}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Whatever way somebody prints: the page's print styles show this figure and the list of cases. */
export function onPrint(figure, draw) {
  window.addEventListener("beforeprint", () => figure.replaceChildren(draw()));
  window.addEventListener("afterprint", () => figure.replaceChildren());
}
