// Sizes, names and what an operation did, in words.

import { say } from "../say.js";
import { distance, edgesOf, keyOf, nearestOn, onLattice, pointsOf, ringsOf } from "./shapes.js";

const language = document.documentElement.lang || "zh-hans";
const WHOLE = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const HECTARE = 10_000;

/** "8,400 m²", and from a hectare on "1.25 ha". */
export function sizeOf(squareMetres) {
  return squareMetres < HECTARE
    ? say("area_m2", { n: WHOLE.format(squareMetres) })
    : say("area_ha", { n: FINE.format(squareMetres / HECTARE) });
}

export function numberOf(number) {
  return WHOLE.format(number);
}

export function list(names) {
  return names.join(say("list_comma"));
}

/** Names of the grids that have a point, or whose border it lies on. */
export function gridsAt(grids, point) {
  const exact = grids.filter(({ shape }) => [...pointsOf(shape)].some((one) => keyOf(one) === keyOf(point)));
  if (exact.length) return exact;
  return grids.filter(({ shape }) =>
    [...ringsOf(shape)].some((ring) => [...edgesOf(ring)].some((edge) => distance(nearestOn(edge, point), point) < 0.05)),
  );
}

/** The same while the operation is about to be done: it names the grids that have the point now. */
export function story(operation, { grids, saved }) {
  const before = operation.from ?? operation.at;
  const middle = operation.edge && onLattice([(operation.edge[0][0] + operation.edge[1][0]) / 2, (operation.edge[0][1] + operation.edge[1][1]) / 2]);
  return tell(before ? { ...operation, to: before, at: middle ?? before } : operation, grids, saved);
}

/** One line for the list of changes of some work. */
export function told(operation, { grids, saved, stories }) {
  return stories.get(operation) ?? tell(operation, grids, saved);
}

function tell(operation, grids, saved) {
  const nameOf = (code) => (saved.find((one) => one.code === code) ?? grids.find((one) => one.code === code))?.name ?? code;
  const near = (point) => list(gridsAt(grids, point).map(({ name }) => name)) || say("several");
  switch (operation.do) {
    case "move":
      return say("did_move", { names: near(operation.to) });
    case "insert":
      return say("did_insert", { names: near(operation.at) });
    case "remove":
      return say("did_remove", { names: near(operation.at) });
    case "split":
      return say("did_split", { grid: nameOf(operation.grid), name: operation.name });
    case "merge":
      return say("did_merge", { names: list(operation.grids.map(nameOf)), into: nameOf(operation.into) });
    case "draw":
      return say("did_draw", { name: operation.name });
    default:
      return operation.name && operation.name !== nameOf(operation.grid)
        ? say("did_rename_to", { grid: nameOf(operation.grid), name: operation.name })
        : say("did_rename", { grid: nameOf(operation.grid) });
  }
}

/** Where an operation happened: a point to go to. */
export function placeOf(operation) {
  if (operation.do === "move") return operation.to;
  if (operation.at) return operation.at;
  const points = operation.line ?? operation.ring;
  return points ? points[Math.floor(points.length / 2)] : null;
}

// --- Names and codes for new grids ----------------------------------------------------------------

/** The next free code: the highest number at the end of the codes here, and one more, as long as they are. */
export function nextCode(codes) {
  let best = null;
  for (const code of codes) {
    const digits = /\d+$/.exec(code)?.[0];
    if (!digits) continue;
    // Only the last places count on: the rest names the district.
    const tail = digits.slice(-Math.min(3, digits.length));
    const head = code.slice(0, code.length - tail.length);
    if (!best || head > best.head || (head === best.head && Number(tail) > best.number)) {
      best = { head, number: Number(tail), length: tail.length };
    }
  }
  if (!best) return "";
  const taken = new Set(codes);
  for (let number = best.number + 1; ; number += 1) {
    const code = best.head + String(number).padStart(best.length, "0");
    if (!taken.has(code)) return code;
  }
}

const DIGITS = "零一二三四五六七八九";

/** 23 → 二十三; up to 99, which is more than a community has. */
function inChinese(number) {
  const [tens, ones] = [Math.floor(number / 10), number % 10];
  if (number < 10) return DIGITS[number];
  return `${tens > 1 ? DIGITS[tens] : ""}十${ones ? DIGITS[ones] : ""}`;
}

function fromChinese(text) {
  const [before, after] = text.includes("十") ? text.split("十") : [null, text];
  const tens = before === null ? 0 : before ? DIGITS.indexOf(before) : 1;
  return tens * 10 + (after ? Math.max(0, DIGITS.indexOf(after)) : 0);
}

/** "第八网格" after 第一网格 … 第七网格; otherwise the name of the grid it was part of, marked as new. */
export function nextName(names, like = "") {
  let best = null;
  for (const name of names) {
    const found = /^(.*?)(\d+|[零一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])(\D*)$/.exec(name);
    if (!found) continue;
    const [, head, middle, tail] = found;
    const chinese = !/\d/.test(middle);
    const number = chinese ? fromChinese(middle) : Number(middle);
    if (!best || number > best.number) best = { head, number, tail, chinese };
  }
  if (!best) return like ? say("next_name", { name: like }) : "";
  const number = best.number + 1;
  return `${best.head}${best.chinese && number < 100 ? inChinese(number) : number}${best.tail}`;
}
