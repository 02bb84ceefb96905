// The address of the page says what is looked at: place, zoom, layers, filters. To send to a colleague, who sees of
// it what they may see. In the hash: it is for the browser, no server and no log reads it.

const PLACES = 6;
/** Between a chosen area and the ones above it. */
const STEP = "~";

/** `#14.5/37.871200/112.559000?state=ended&layers=cases,heat` as { zoom, lat, lon, query }; null if it is none. */
export function read(hash) {
  const found = /^#(\d{1,2}(?:\.\d+)?)\/(-?\d{1,2}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)(?:\?(.*))?$/.exec(hash);
  if (!found) return null;
  const [zoom, lat, lon] = found.slice(1, 4).map(Number);
  return { zoom, lat, lon, query: new URLSearchParams(found[4] ?? "") };
}

export class ViewLink {
  /** parts: { map, filters, chooser, layers }. */
  constructor(parts) {
    Object.assign(this, parts);
    this.map.on("moveend", () => this.write());
    window.addEventListener("hashchange", () => this.follow());
  }

  get hash() {
    const { lat, lng } = this.map.getCenter();
    const query = this.filters.query();
    query.delete("area");
    const { chain } = this.chooser;
    if (this.filters.area && chain.length) query.set("area", chain.join(STEP));
    query.set("layers", this.layers.chosen.join(","));
    const place = [this.map.getZoom(), lat.toFixed(PLACES), lng.toFixed(PLACES)].join("/");
    return `#${place}?${query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%7E", STEP)}`;
  }

  get href() {
    return new URL(this.hash, location.href).href;
  }

  /** Say in the address what is looked at. Going back leaves the page, not every step on the map. */
  write() {
    if (this.isFollowing) return;
    history.replaceState(history.state, "", this.hash);
  }

  /** Look at what the address says; whether it said anything. */
  async follow() {
    const view = read(location.hash);
    if (!view) return false;
    this.isFollowing = true;
    const { zoom, lat, lon, query } = view;
    const chain = (query.get("area") ?? "").split(STEP).filter(Boolean);
    this.filters.restore(query);
    this.filters.area = chain.at(-1) ?? "";
    this.filters.count();
    if (query.has("layers")) this.layers.set(query.get("layers").split(","));
    this.map.setView([lat, lon], zoom, { animate: false });
    try {
      await this.chooser.follow(chain);
    } catch (error) {
      console.warn(error);
    }
    // What is not among this person's areas cannot be chosen, and is not asked for.
    this.filters.area = this.chooser.chain.at(-1) ?? "";
    this.isFollowing = false;
    this.filters.changed();
    return true;
  }
}
