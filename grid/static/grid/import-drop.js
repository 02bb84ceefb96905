// Choose a file by dragging it: it goes into the form's ordinary input, whose name and size are then said. One that is
// too big is refused here already: sending it would take long.

const form = document.querySelector("[data-upload]");
const drop = form.querySelector("[data-drop]");
const input = form.querySelector("input[type=file]");
const said = form.querySelector("[data-drop-name]");
const UNITS = ["B", "KB", "MB", "GB"];

function size(bytes) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)));
  return `${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${UNITS[step]}`;
}

function tell() {
  const [file] = input.files;
  said.textContent = file ? `${file.name} · ${size(file.size)}` : "";
  const tooBig = file && file.size > Number(form.dataset.most) ? form.dataset.tooBig : "";
  input.setCustomValidity(tooBig);
  if (tooBig) input.reportValidity();
}

function over(isOver) {
  drop.classList.toggle("is-over", isOver);
}

for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    over(true);
  });
}
drop.addEventListener("dragleave", (event) => drop.contains(event.relatedTarget) || over(false));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  over(false);
  if (!event.dataTransfer.files.length) return;
  const one = new DataTransfer();
  one.items.add(event.dataTransfer.files[0]);
  input.files = one.files;
  tell();
});
// A file dropped beside the field would otherwise replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
input.addEventListener("change", tell);
tell();
