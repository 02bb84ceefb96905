// L.CRS.GCJ02: draws WGS-84 data onto tiles that are drawn in GCJ-02 (AMap, Tencent). A classic script, because
// folium's own script, which is one too, names the CRS when it makes the map.
(() => {
  const AXIS = 6378245.0;
  const ECCENTRICITY = 0.00669342162296594323;

  const inChina = (lon, lat) => lon > 72.004 && lon < 137.8347 && lat > 0.8293 && lat < 55.8271;

  /** Offset in degrees [lon, lat] that GCJ-02 adds at a WGS-84 place: the published formula. */
  function offset(lon, lat) {
    const x = lon - 105, y = lat - 35, root = Math.sqrt(Math.abs(x)), { sin, PI } = Math;
    const shared = 20 * sin(6 * PI * x) + 20 * sin(2 * PI * x);
    const dy = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
      + (shared + 20 * sin(PI * y) + 40 * sin(PI / 3 * y) + 160 * sin(PI / 12 * y) + 320 * sin(PI / 30 * y)) * 2 / 3;
    const dx = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
      + (shared + 20 * sin(PI * x) + 40 * sin(PI / 3 * x) + 150 * sin(PI / 12 * x) + 300 * sin(PI / 30 * x)) * 2 / 3;
    const radians = lat / 180 * PI;
    const curve = 1 - ECCENTRICITY * sin(radians) ** 2, bend = Math.sqrt(curve);
    return [
      dx * 180 / (AXIS / bend * Math.cos(radians) * PI),
      dy * 180 / (AXIS * (1 - ECCENTRICITY) / (curve * bend) * PI),
    ];
  }

  function shifted({ lng, lat }) {
    if (!inChina(lng, lat)) return L.latLng(lat, lng);
    const [x, y] = offset(lng, lat);
    return L.latLng(lat + y, lng + x);
  }

  /** The inverse, by fixed-point iteration: four rounds leave less than a millimetre. */
  function restored({ lng, lat }) {
    let found = L.latLng(lat, lng);
    for (let round = 0; round < 4; round += 1) {
      const there = shifted(found);
      found = L.latLng(found.lat + lat - there.lat, found.lng + lng - there.lng);
    }
    return found;
  }

  const flat = L.Projection.SphericalMercator;
  L.CRS.GCJ02 = L.extend({}, L.CRS.EPSG3857, {
    code: "GCJ02",
    projection: L.extend({}, flat, {
      project: (place) => flat.project(shifted(place)),
      unproject: (point) => restored(flat.unproject(point)),
    }),
  });
})();
