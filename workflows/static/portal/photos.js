// Photos chosen so far: previews, each with a button to leave it out. The camera's and the album's files add up.

export class Photos {
  constructor(form, { onChange = () => {}, onRefused = () => {} } = {}) {
    this.form = form;
    this.files = [];
    this.strip = form.querySelector("#photo-strip");
    this.limit = Number(form.dataset.photoLimit);
    this.onChange = onChange;
    this.onRefused = onRefused;
    for (const element of form.querySelectorAll("[data-needs-script]")) element.hidden = false;
    for (const input of form.querySelectorAll("[data-photo-source]")) {
      input.classList.add("visually-hidden");
      input.addEventListener("change", () => this.add(input));
    }
  }

  add(input) {
    const files = [...this.files, ...input.files];
    // The list kept here is what is sent, not the input's own.
    input.value = "";
    if (files.length > this.limit) this.onRefused(this.form.dataset.tooMany);
    this.set(files.slice(0, this.limit));
    this.onChange();
  }

  set(files) {
    this.files = [...files];
    this.strip.replaceChildren(...this.files.map((file, index) => this.preview(file, index)));
  }

  preview(file, index) {
    const item = document.createElement("li");
    const image = document.createElement("img");
    image.alt = `${this.form.dataset.photo} ${index + 1}`;
    image.src = URL.createObjectURL(file);
    const free = () => URL.revokeObjectURL(image.src);
    image.addEventListener("load", free, { once: true });
    // Some browsers cannot show an iPhone's HEIC; the server can. Then the words stand in for the picture.
    image.addEventListener("error", free, { once: true });
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "×";
    button.setAttribute("aria-label", `${this.form.dataset.remove} ${index + 1}`);
    button.addEventListener("click", () => {
      this.set(this.files.filter((other) => other !== file));
      this.onChange();
    });
    item.append(image, button);
    return item;
  }
}
