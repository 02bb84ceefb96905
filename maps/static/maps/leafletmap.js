// Takes over the empty map that folium made: names, limits, translated controls. L is Leaflet, a classic script.

/** The Leaflet map in a `.map-frame`; folium leaves it in a global variable named like its element. */
export function mapIn(frame) {
  const element = frame.querySelector(".folium-map");
  const map = window[element.id];
  map.setMinZoom(3).setMaxZoom(19);
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", frame.dataset.label);
  if (frame.dataset.zoomIn) {
    const position = frame.dataset.zoomPosition || "bottomright";
    const { zoomIn: zoomInTitle, zoomOut: zoomOutTitle } = frame.dataset;
    L.control.zoom({ position, zoomInTitle, zoomOutTitle }).addTo(map);
  }
  map.attributionControl?.setPrefix(false);
  // A map that is not shown, on paper for one, has no size: it keeps the one it had.
  new ResizeObserver(() => element.clientWidth && element.clientHeight && map.invalidateSize({ animate: false })).observe(element);
  return map;
}

/** `west,south,east,north` of the map's viewport, in degrees. */
export function bboxOf(map) {
  const bounds = map.getBounds();
  return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]
    .map((edge) => edge.toFixed(6))
    .join(",");
}

export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Go to a bounding box [west, south, east, north]; at once, for people who want no motion. */
export function goTo(map, [west, south, east, north], options = {}) {
  const motion = calm.matches ? { animate: false } : {};
  map.fitBounds([[south, west], [north, east]], { padding: [24, 24], maxZoom: 17, ...motion, ...options });
}
