// Photos chosen so far, small, with a button to leave one out. Without script the browser's own list stays.
// A camera gives one photo at a time: each is added to those before, not put in their place.

const SELECTOR = "[data-photo-input]";

function show(box, input, files) {
  const list = box.querySelector(".photo-previews");
  list.replaceChildren(
    ...files.map((file, index) => {
      const item = document.createElement("li");
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = `${box.dataset.photo} ${index + 1}`;
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "×";
      button.setAttribute("aria-label", `${box.dataset.remove} ${index + 1}`);
      button.addEventListener("click", () => keep(box, input, files.filter((other) => other !== file)));
      item.append(image, button);
      return item;
    }),
  );
}

function keep(box, input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  show(box, input, files);
}

for (const box of document.querySelectorAll(SELECTOR)) {
  // The album's input carries all photos; the camera's only adds to it.
  const [camera, album] = box.querySelectorAll("input[type='file']");
  let files = [];
  const add = (event) => {
    files = [...files, ...event.target.files];
    camera.value = "";
    keep(box, album, files);
  };
  camera.addEventListener("change", add);
  album.addEventListener("change", add);
  box.addEventListener("click", () => (files = [...album.files]));
}
