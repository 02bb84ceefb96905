// Small helpers for what the page builds: elements and text, never markup. Words come from the page, translated.

export const config = JSON.parse(document.getElementById("designer-config").textContent);

/** A sentence in the page's language: `say("saved", { time: "14:03" })`. */
export const say = (key, values = {}) =>
  (config.words[key] ?? key).replace(/%\((\w+)\)s|%%/g, (all, name) => (name ? (values[name] ?? "") : all[0]));

const TIME = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const clock = (moment) => TIME.format(new Date(moment));

/** Chinese first; English where the page is English and there is one. */
export const title = (named) => (config.english && named.name_en) || named.name || "";

/** `el("li", { class: "x", onclick: f }, "text", child)`; what is false or empty is left out. */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value || value === 0) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(Boolean));
  return element;
}

/** Change in an element only what differs: what has the focus, is pressed or is dragged stays the same. */
export const redraw = (element, children) => Idiomorph.morph(element, children, { morphStyle: "innerHTML" });

/** What a control is found by again, and what it is called. */
export const at = (path, word) => ({ "data-path": path, "aria-label": say(word) });
export const hint = (text, more) => el("p", { class: "form-hint", ...more }, text);
export const span = (name, ...children) => el("span", { class: name }, ...children);
export const button = (name, attributes, ...children) => el("button", { type: "button", class: name, ...attributes }, ...children);
/** A button that is a picture; its name is read and shown on hovering. */
export const tool = (shape, name, attributes) => button("tool", { "aria-label": name, title: name, ...attributes }, icon(shape));

/** `select([["a", "Apple", "Fruit"]], "a", …)`: the third is the group. A value that is not offered comes first. */
export function select(offered, value = "", attributes = {}, onChange = null) {
  const all = offered.some(([code]) => code === value) ? offered : [[value, value || say("choose")], ...offered];
  const box = el("select", { class: "form-select", onchange: () => onChange(box.value), ...attributes });
  for (const [code, name, group] of all) {
    const option = new Option(name, code, false, code === value);
    if (group && box.lastChild?.label !== group) box.append(el("optgroup", { label: group }));
    (group ? box.lastChild : box).append(option);
  }
  return box;
}

export function tick(label, checked, attributes, onChange) {
  const box = el("input", { type: "checkbox", class: "form-check-input", onchange: () => onChange(box.checked), ...attributes });
  box.checked = checked;
  return el("label", { class: "form-check choice" }, box, span("form-check-label", label));
}

export const formOf = (name) => document.querySelector(`template[data-form="${name}"]`).content.cloneNode(true);
export const icon = (name) => document.querySelector(`template[data-icon="${name}"]`).content.cloneNode(true);

/** What this browser keeps under a name, or null. */
export function stored(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

/** Read aloud, shown nowhere: what just happened. */
export const announce = (text) => (document.querySelector("[data-announce]").textContent = text);
