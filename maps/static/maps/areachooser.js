// Choosing an area from lists, level by level: street, community, grid. Works without the map and without sight.

export class AreaChooser {
  /**
   * box: holds a first <select> with the topmost areas. options.url: where children come from.
   * options.onChoose(area or null), area = { code, name, bbox, is_grid }.
   */
  constructor(box, options) {
    this.box = box;
    this.options = options;
    this.known = new Map();
    const first = box.querySelector("select");
    for (const option of first.options) this.remember(option);
    box.addEventListener("change", (event) => this.changed(event.target));
    this.skipped = this.skipIfOnly(first);
  }

  /** Nothing to choose where there is only one: begin a level lower. */
  skipIfOnly(select) {
    const only = select.options.length === 2 ? select.options[1].value : "";
    if (!only || this.known.get(only).leaf) return;
    select.closest("[data-level]").hidden = true;
    return this.descend(select, only);
  }

  remember(option) {
    if (!option.value) return;
    const { bbox, leaf } = option.dataset;
    this.known.set(option.value, {
      code: option.value,
      name: option.textContent.trim(),
      bbox: bbox ? bbox.split(",").map(Number) : null,
      leaf: leaf === "1",
    });
  }

  async changed(select) {
    this.removeAfter(select);
    const selects = [...this.box.querySelectorAll("select")];
    const chosen = selects.map((one) => one.value).filter(Boolean).at(-1) ?? "";
    this.options.onChoose(this.known.get(chosen) ?? null);
    if (select.value) await this.descend(select, select.value);
  }

  /** Codes of what is chosen, from the top down. */
  get chain() {
    return [...this.box.querySelectorAll("select")].map((one) => one.value).filter(Boolean);
  }

  /** Choose level by level what `chain` said; whatever is not among the choices ends it. */
  async follow(codes) {
    await this.skipped;
    for (const code of codes) {
      const select = [...this.box.querySelectorAll("select")].find((one) => [...one.options].some(({ value }) => value === code));
      if (!select) return;
      select.value = code;
      this.removeAfter(select);
      await this.descend(select, code);
    }
  }

  removeAfter(select) {
    const group = select.closest("[data-level]");
    while (group.nextElementSibling) group.nextElementSibling.remove();
  }

  async descend(select, code) {
    if (this.known.get(code)?.leaf) return;
    const chosen = select.value;
    const answer = await fetch(`${this.options.url}?${new URLSearchParams({ parent: code })}`);
    if (!answer.ok || select.value !== chosen) return;
    const { areas } = await answer.json();
    const shown = areas.filter((area) => area.bbox);
    if (shown.length) await this.append(select, shown);
  }

  append(select, areas) {
    this.removeAfter(select);
    const group = select.closest("[data-level]").cloneNode(true);
    group.hidden = false;
    const [label, next] = [group.querySelector("label"), group.querySelector("select")];
    next.id = `${select.id}-below`;
    label.htmlFor = next.id;
    label.textContent = areas[0].level;
    next.replaceChildren(next.options[0]);
    for (const area of areas) {
      const option = new Option(area.name, area.code);
      if (area.bbox) option.dataset.bbox = area.bbox.join(",");
      option.dataset.leaf = area.leaf ? "1" : "0";
      next.add(option);
      this.remember(option);
    }
    next.value = "";
    this.box.append(group);
    return this.skipIfOnly(next);
  }
}
