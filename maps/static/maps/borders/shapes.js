// Arithmetic on outlines, without map or page. A point is [lon, lat] in WGS-84 degrees. A shape is a list of polygons,
// a polygon a list of rings (the outer one first), a ring a list of points without the closing one.

/** Coordinates live on a lattice of 1e-7 degrees (about a centimetre), so that shared points are equal, not just near. */
const LATTICE = 1e7;
const RADIUS = 6_378_137;
const FLATTENING = 1 / 298.257223563;
const E2 = FLATTENING * (2 - FLATTENING);

export function onLattice([lon, lat]) {
  return [Math.round(lon * LATTICE) / LATTICE, Math.round(lat * LATTICE) / LATTICE];
}

/** A name for a place: equal for points that are one and the same. */
export function keyOf([lon, lat]) {
  return `${Math.round(lon * LATTICE)},${Math.round(lat * LATTICE)}`;
}

/** GeoJSON Polygon or MultiPolygon → shape. */
export function shapeOf(geometry) {
  if (!geometry) return [];
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  return polygons.map((rings) => rings.map((ring) => ring.slice(0, -1).map(onLattice)));
}

export function* ringsOf(shape) {
  for (const polygon of shape) yield* polygon;
}

export function* pointsOf(shape) {
  for (const ring of ringsOf(shape)) yield* ring;
}

/** Each side of a ring, as [from, to]. */
export function* edgesOf(ring) {
  for (let n = 0; n < ring.length; n += 1) yield [ring[n], ring[(n + 1) % ring.length]];
}

/** A name for a side, the same from both of its grids. */
export function edgeKey(a, b) {
  const [one, other] = [keyOf(a), keyOf(b)];
  return one < other ? `${one};${other}` : `${other};${one}`;
}

/** Metres per degree of longitude and of latitude, there. */
function scaleAt(lat) {
  const phi = (lat * Math.PI) / 180;
  const w = 1 - E2 * Math.sin(phi) ** 2;
  const degree = Math.PI / 180;
  return [(RADIUS / Math.sqrt(w)) * Math.cos(phi) * degree, ((RADIUS * (1 - E2)) / w ** 1.5) * degree];
}

/** Metres between two points that are near each other. */
export function distance(a, b) {
  const [x, y] = scaleAt((a[1] + b[1]) / 2);
  return Math.hypot((a[0] - b[0]) * x, (a[1] - b[1]) * y);
}

/** Square metres on the ellipsoid, right to about one in ten thousand for anything the size of a grid. */
export function areaOf(shape) {
  let total = 0;
  for (const polygon of shape) {
    polygon.forEach((ring, n) => (total += (n ? -1 : 1) * Math.abs(ringArea(ring))));
  }
  return total;
}

function ringArea(ring) {
  if (!ring.length) return 0;
  const [lon, lat] = ring[0];
  const [x, y] = scaleAt(ring.reduce((sum, point) => sum + point[1], 0) / ring.length);
  let twice = 0;
  for (const [a, b] of edgesOf(ring)) {
    twice += (a[0] - lon) * x * (b[1] - lat) * y - (b[0] - lon) * x * (a[1] - lat) * y;
  }
  return twice / 2;
}

/** [west, south, east, north]. */
export function boundsOf(shape) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of pointsOf(shape)) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

/** A place well inside, for a label: the middle of the widest stretch on a few lines across. */
export function insideOf(shape) {
  const [, south, , north] = boundsOf(shape);
  let best = null;
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]) {
    const lat = south + (north - south) * share;
    const cuts = crossings(shape, lat);
    for (let n = 0; n + 1 < cuts.length; n += 2) {
      // Lines near the middle are preferred: a label there looks at home.
      const width = (cuts[n + 1] - cuts[n]) * (1 - Math.abs(share - 0.5) * 0.6);
      if (!best || width > best.width) best = { width, point: [(cuts[n] + cuts[n + 1]) / 2, lat] };
    }
  }
  return best?.point ?? pointsOf(shape).next().value ?? [0, 0];
}

function crossings(shape, lat) {
  const found = [];
  for (const ring of ringsOf(shape)) {
    for (const [a, b] of edgesOf(ring)) {
      if (a[1] > lat !== b[1] > lat) found.push(a[0] + ((lat - a[1]) / (b[1] - a[1])) * (b[0] - a[0]));
    }
  }
  return found.sort((one, other) => one - other);
}

export function contains(shape, [lon, lat]) {
  return crossings(shape, lat).filter((cut) => cut > lon).length % 2 === 1;
}

/** The place on the side a–b nearest to a point. */
export function nearestOn([a, b], point) {
  const [x, y] = scaleAt(point[1]);
  const [dx, dy] = [(b[0] - a[0]) * x, (b[1] - a[1]) * y];
  const along = (point[0] - a[0]) * x * dx + (point[1] - a[1]) * y * dy;
  const share = Math.min(1, Math.max(0, along / (dx * dx + dy * dy || 1)));
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

/** Every point of these grids: key → { point, codes } with the codes of all grids that have it. */
export function sharedPoints(grids) {
  const found = new Map();
  for (const grid of grids) {
    for (const point of pointsOf(grid.shape)) {
      const key = keyOf(point);
      if (!found.has(key)) found.set(key, { point, codes: new Set() });
      found.get(key).codes.add(grid.code);
    }
  }
  return found;
}

/** Whether two shapes have a side, or a stretch of one, in common: a corner is not enough. */
export function touch(one, other) {
  const sides = [...ringsOf(other)].flatMap((ring) => [...edgesOf(ring)]);
  for (const ring of ringsOf(one)) {
    for (const [a, b] of edgesOf(ring)) {
      const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      if (sides.some((side) => distance(nearestOn(side, middle), middle) < 0.05)) return true;
    }
  }
  return sides.some(([a, b]) => {
    const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    return [...ringsOf(one)].some((ring) =>
      [...edgesOf(ring)].some((side) => distance(nearestOn(side, middle), middle) < 0.05),
    );
  });
}

/** The grids after a point was moved in every grid that has it. Grids that do not change stay the same objects. */
export function movePoint(grids, from, to) {
  const key = keyOf(from);
  return changeRings(grids, (ring) =>
    ring.some((point) => keyOf(point) === key) ? ring.map((point) => (keyOf(point) === key ? to : point)) : ring,
  );
}

/** The grids after a point was put into a side, in every grid that has the side. */
export function insertPoint(grids, [a, b], at) {
  const key = edgeKey(a, b);
  return changeRings(grids, (ring) => {
    const n = [...edgesOf(ring)].findIndex(([one, other]) => edgeKey(one, other) === key);
    return n < 0 ? ring : [...ring.slice(0, n + 1), at, ...ring.slice(n + 1)];
  });
}

/** The grids after a point was taken out of every grid that has it. */
export function removePoint(grids, at) {
  const key = keyOf(at);
  return changeRings(grids, (ring) => {
    const rest = ring.filter((point) => keyOf(point) !== key);
    return rest.length === ring.length || rest.length < 3 ? ring : rest;
  });
}

function changeRings(grids, change) {
  return grids.map((grid) => {
    let changed = false;
    const shape = grid.shape.map((polygon) =>
      polygon.map((ring) => {
        const next = change(ring);
        changed ||= next !== ring;
        return next;
      }),
    );
    return changed ? { ...grid, shape } : grid;
  });
}

/** Whether two shapes have the same points in the same order, wherever their rings begin. */
export function sameShape(one, other) {
  return outlineKey(one) === outlineKey(other);
}

function outlineKey(shape) {
  return [...ringsOf(shape)]
    .map((ring) => [...edgesOf(ring)].map(([a, b]) => edgeKey(a, b)).sort().join("|"))
    .sort()
    .join("/");
}
