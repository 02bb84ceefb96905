// Who is on duty where, and where nobody is: two layers that read the same answer. Members have no place of their
// own on the map; their sign stands in the grid they serve.

import { CanvasLayer } from "./canvaslayer.js";
import { Layer, element } from "./layer.js";
import { onTheme, palette } from "./palette.js";
import { config, say } from "./say.js";

/** Where areas are narrower than this, on the average, each gets a dot only; narrower than that nothing. */
const ROOM = 72, LEAST = 10;
/** A sign stands so far above the middle of its area: clear of a name of two lines. */
const RISE = 32;

const Signs = CanvasLayer.extend({
  initialize(owner) {
    CanvasLayer.prototype.initialize.call(this, { pane: "linli-labels" });
    this.owner = owner;
  },

  draw(context, project) {
    const { scale } = palette();
    const areas = this.owner.areas();
    const widthOf = ({ properties: { label }, span }) => project(span[1], label[1]).x - project(span[0], label[1]).x;
    const width = areas.reduce((sum, area) => sum + widthOf(area), 0) / (areas.length || 1) / scale;
    if (width < LEAST) return;
    for (const { properties } of areas) {
      const one = this.owner.found[properties.code];
      if (!one) continue;
      const { x, y } = project(...properties.label);
      if (width < ROOM && one.grids === 1) this.dot(context, x, y, one, scale);
      else if (this.owner.parts.gaps.isOn && one.staffed < one.grids) this.gap(context, x, y - RISE * scale, one, scale);
      else if (this.owner.parts.members.isOn && one.staffed) this.member(context, x, y - RISE * scale, one, scale);
    }
  },

  /** Where there is no room: a dot for a member, ringed where the desk is open; a small empty square for nobody. */
  dot(context, x, y, { staffed, online }, scale) {
    const colours = palette();
    const { gaps, members } = this.owner.parts;
    if (!staffed && gaps.isOn) {
      context.lineWidth = 2.5;
      context.strokeStyle = colours.red;
      context.strokeRect(x - 5 * scale, y - 5 * scale, 10 * scale, 10 * scale);
    }
    if (!staffed || !members.isOn) return;
    context.beginPath();
    context.arc(x, y, 3.5 * scale, 0, 2 * Math.PI);
    context.fillStyle = colours.member;
    context.fill();
    if (!online) return;
    context.beginPath();
    context.arc(x, y, 7 * scale, 0, 2 * Math.PI);
    context.lineWidth = 2;
    context.strokeStyle = colours.member;
    context.stroke();
  },

  /** Head and shoulders; a ring around them where somebody has the desk open. */
  member(context, x, y, { online }, scale) {
    const colours = palette();
    context.beginPath();
    context.arc(x, y, 10 * scale, 0, 2 * Math.PI);
    context.fillStyle = colours.member;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = colours["marker-rim"];
    context.stroke();
    context.fillStyle = colours["member-ink"];
    context.beginPath();
    context.arc(x, y - 3 * scale, 3 * scale, 0, 2 * Math.PI);
    context.fill();
    context.beginPath();
    context.arc(x, y + 7 * scale, 5.5 * scale, Math.PI * 1.1, Math.PI * 1.9);
    context.fill();
    if (!online) return;
    context.beginPath();
    context.arc(x, y, 14 * scale, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.strokeStyle = colours.member;
    context.stroke();
  },

  /** A hollow square with a stroke through it, and how many grids it stands for. */
  gap(context, x, y, { grids, staffed }, scale) {
    const colours = palette();
    const half = 9 * scale;
    context.fillStyle = colours.cluster;
    context.fillRect(x - half, y - half, 2 * half, 2 * half);
    context.lineWidth = 2.5;
    context.strokeStyle = colours.red;
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
    context.beginPath();
    if (grids > 1) {
      context.fillStyle = colours["cluster-ink"];
      context.font = `650 ${12 * scale}px ${colours.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(String(grids - staffed), x, y + 1);
    } else {
      context.moveTo(x - half, y + half);
      context.lineTo(x + half, y - half);
      context.stroke();
    }
  },
});

export class Staffing extends Layer {
  name = "staffing";

  constructor(shared) {
    super(shared);
    this.found = {};
    this.signs = new Signs(this);
    this.parts = { members: new Part("members", this), gaps: new Part("gaps", this) };
    onTheme(() => this.isOn && this.signs.redraw());
  }

  part(name) {
    return this.parts[name];
  }

  url() {
    return config.urls.staffing;
  }

  areas() {
    return this.live.outlines.collection.features.filter(({ properties }) => properties.role === "area");
  }

  /** One of the two was switched. */
  switched() {
    this.show(this.parts.members.isOn || this.parts.gaps.isOn);
    if (this.isOn) this.redraw();
  }

  take({ areas }) {
    this.found = areas;
    this.isRead = true;
    this.signs.addTo(this.map);
    this.redraw();
  }

  redraw() {
    this.signs.redraw();
    for (const part of Object.values(this.parts)) part.tell();
  }

  clear() {
    this.found = {};
    this.isRead = false;
    this.signs.remove();
  }
}

/** One of the two layers, as the panel knows it. */
class Part extends Layer {
  constructor(name, owner) {
    super(owner);
    this.name = name;
    this.owner = owner;
  }

  load() {
    this.owner.switched();
  }

  stop() {
    super.stop();
    this.owner.switched();
  }

  refresh(how) {
    if (this.isOn) this.owner.refresh(how);
  }

  clear() {}

  /** Say in the legend what is in view. */
  tell() {
    if (!this.isOn || !this.owner.isRead) return;
    const found = Object.values(this.owner.found);
    const sum = (name) => found.reduce((total, one) => total + one[name], 0);
    const [grids, staffed, online] = ["grids", "staffed", "online"].map(sum);
    if (this.name === "gaps") {
      const n = grids - staffed;
      const list = element("ul", "legend-classes");
      list.append(this.row("legend-gap", say("no_member")));
      this.explain([list, element("p", "legend-note", n ? say("gaps_total", { n }) : say("gaps_none"))], say("gaps"));
      return;
    }
    const list = element("ul", "legend-classes");
    list.append(this.row("legend-member", say("on_duty")), this.row("legend-member legend-online", say("at_desk")));
    const said = `${say("staffed", { n: staffed, of: grids })} · ${say("online_grids", { n: online })}`;
    this.explain([list, element("p", "legend-note", said)], say("members"));
  }

  row(css, words) {
    const row = element("li");
    row.append(element("span", css), document.createTextNode(words));
    return row;
  }

  tip({ code }) {
    const one = this.isOn && this.owner.found[code];
    if (!one) return "";
    if (one.grids > 1) return this.name === "members" ? say("staffed", { n: one.staffed, of: one.grids }) : "";
    if (!one.staffed) return this.name === "gaps" || !this.owner.parts.gaps.isOn ? say("no_member") : "";
    if (this.name === "gaps") return "";
    const names = (one.names ?? []).join(", ");
    return one.online ? `${names} (${say("at_desk")})` : names;
  }
}
