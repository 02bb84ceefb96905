// What may be done with a point of a border: inner ones are free, those on the community's border slide along it, and
// its corners stay, because the community itself is not redrawn here.

import { distance, edgeKey, edgesOf, keyOf, nearestOn, pointsOf, ringsOf, sharedPoints } from "./shapes.js";

/** Metres within which a point lies on a line: a few steps of the lattice. */
const ON_LINE = 0.05;

export class Corners {
  constructor(community) {
    this.edges = [...ringsOf(community.shape)].flatMap((ring) => {
      const corners = ring.filter((point, n) => isCorner(ring, n));
      return [...edgesOf(corners)];
    });
    this.fixed = new Set(this.edges.map(([a]) => keyOf(a)));
  }

  /** The side of the community's border that a point lies on, or nothing. */
  edgeAt(point) {
    return this.edges.find((edge) => distance(nearestOn(edge, point), point) < ON_LINE);
  }

  /** free, slide or fixed. */
  kindOf(point) {
    if (this.fixed.has(keyOf(point))) return "fixed";
    return this.edgeAt(point) ? "slide" : "free";
  }

  /** Whether a side of a grid is part of the community's border. */
  isOuter([a, b]) {
    const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const edge = this.edgeAt(middle);
    return Boolean(edge) && this.edgeAt(a) !== undefined && this.edgeAt(b) !== undefined;
  }
}

function isCorner(ring, n) {
  const [before, point, after] = [ring.at(n - 1), ring[n], ring[(n + 1) % ring.length]];
  return distance(nearestOn([before, after], point), point) >= ON_LINE;
}

/**
 * Where a dragged point comes to rest: on a point or a side that is near on the screen, otherwise where it is.
 * `pixels(point)` gives screen coordinates; `reach` is in pixels.
 */
export function snapped(point, { grids, own, edge, reach, pixels }) {
  const near = (other) => pixels(other).distanceTo(pixels(point));
  if (edge) return bestOf([...pointsOn(grids, own, edge)], near, reach) ?? nearestOn(edge, point);
  // Its own grids follow the point: to snap to their other points would fold them up.
  const strangers = grids.filter(({ code }) => !own.has(code));
  const points = strangers.flatMap(({ shape }) => [...pointsOf(shape)]);
  const onPoint = bestOf(points, near, reach);
  if (onPoint) return onPoint;
  const sides = strangers.flatMap(({ shape }) => [...ringsOf(shape)].flatMap((ring) => [...edgesOf(ring)]));
  return bestOf(sides.map((side) => nearestOn(side, point)), near, reach) ?? point;
}

function* pointsOn(grids, own, edge) {
  for (const { point, codes } of sharedPoints(grids).values()) {
    const isOwn = [...codes].some((code) => own.has(code));
    if (!isOwn && distance(nearestOn(edge, point), point) < ON_LINE) yield point;
  }
}

function bestOf(points, near, reach) {
  let best = null;
  for (const point of points) {
    const far = near(point);
    if (far <= reach && (!best || far < best.far)) best = { far, point };
  }
  return best?.point ?? null;
}

/** The points of a grid in the order of its border, with the names of the other grids that share each. */
export function cornersOf(grid, grids, corners) {
  const shared = sharedPoints(grids);
  return [...pointsOf(grid.shape)].map((point) => {
    const codes = shared.get(keyOf(point))?.codes ?? new Set([grid.code]);
    const names = grids.filter(({ code }) => code !== grid.code && codes.has(code)).map(({ name }) => name);
    return { point, key: keyOf(point), codes, names, kind: corners.kindOf(point) };
  });
}

/** The middles of a grid's sides to which a point may be added; `corners`: leave out the community's border. */
export function middlesOf(grid, corners) {
  const found = [];
  for (const ring of ringsOf(grid.shape)) {
    for (const edge of edgesOf(ring)) {
      if (corners?.isOuter(edge)) continue;
      const [a, b] = edge;
      found.push({ edge, key: edgeKey(a, b), point: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] });
    }
  }
  return found;
}
