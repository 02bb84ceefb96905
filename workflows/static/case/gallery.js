// Photos of a case, large, in a dialog. Without script a photo opens on a page of its own.

let dialog = null;
let image = null;
let links = [];
let at = 0;

function button(label, shape, act) {
  const node = document.createElement("button");
  node.type = "button";
  node.textContent = shape;
  node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

function show(index) {
  at = (index + links.length) % links.length;
  image.src = links[at].href;
  image.alt = links[at].querySelector("img").alt;
  dialog.classList.toggle("has-more", links.length > 1);
}

function build(words) {
  dialog = document.createElement("dialog");
  dialog.className = "gallery";
  image = document.createElement("img");
  dialog.append(
    image,
    button(words.previous, "‹", () => show(at - 1)),
    button(words.next, "›", () => show(at + 1)),
    button(words.close, "×", () => dialog.close()),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  document.body.append(dialog);
}

// One listener for the page: stories are fetched again while it is open.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-gallery] a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const gallery = link.closest("[data-gallery]");
  if (!dialog) build(gallery.dataset);
  links = [...gallery.querySelectorAll("a")];
  dialog.setAttribute("aria-label", gallery.dataset.label);
  show(links.indexOf(link));
  dialog.showModal();
});
