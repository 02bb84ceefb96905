// Parts of the panel that are more than one control: people by search, and what a step may do with earlier fields.

import { at, button, config, el, hint, say, select, title, tool } from "./dom.js";
import { ask } from "./keeper.js";
import { blockName } from "./said.js";

const REST_MS = 250;

/** People by name: those chosen, each with a way out, and a search. */
export function peoplePicker(panel, box, path) {
  const chosen = panel.value(path);
  if (!chosen) return;
  const { people } = config.options;
  const take = (all) => panel.write(path, all, { wanted: `${path}#search` });
  const chip = (name) => el("li", { class: "chip" }, people[name] ?? name, tool("x", say("take_out", { name: people[name] ?? name }), { onclick: () => take(chosen.filter((one) => one !== name)) }));
  const found = el("ul", { class: "found" });
  const state = hint("", { role: "status" });
  const pick = ([name, shown, serves]) => el("li", {}, button("btn btn-quiet", { onclick: () => ((people[name] = shown), take([...chosen, name])) }, shown, el("small", {}, serves)));
  const look = async () => {
    const q = search.value.trim();
    const reply = q ? await ask(`${config.urls.people}?${new URLSearchParams({ q })}`).catch(() => null) : { answer: {} };
    if (q !== search.value.trim()) return;
    const list = (reply?.answer.people ?? []).filter(([name]) => !chosen.includes(name));
    state.textContent = !reply ? say("no_connection") : q && !list.length ? say("nobody_found") : "";
    found.replaceChildren(...list.map(pick));
  };
  let timer = 0;
  const search = el("input", {
    ...at(`${path}#search`, "search_people"), type: "search", class: "form-control", autocomplete: "off", placeholder: say("search_people"),
    oninput: () => (clearTimeout(timer), (timer = setTimeout(look, REST_MS))),
    onkeydown: ({ key }) => key === "Enter" && found.querySelector("button")?.click(),
  });
  box.append(el("ul", { class: "chips" }, chosen.map(chip)), search, state, found);
}

/** One line for each field filled in before: may this step change it, read it, or not even see it? */
export function accessRows(panel, box) {
  const access = panel.value("access") ?? {};
  const ways = ["read", "edit", "hidden"].map((way) => [way, say(`access_${way}`)]);
  const row = ({ field, step }) => {
    const set = (way) => panel.write("access", { ...access, [field.code]: way === "read" ? undefined : way });
    const about = el("span", {}, title(field), el("small", {}, step ? blockName(step) : say("filing_form")));
    return el("label", { class: "access" }, about, select(ways, access[field.code] ?? "read", { "data-path": `access.${field.code}` }, set));
  };
  const rows = panel.earlierFields().map(row);
  box.append(...(rows.length ? rows : [hint(say("no_earlier_fields"))]));
}
