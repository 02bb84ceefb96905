// Kinds that the words suggest, as chips above the list of all kinds. The resident chooses; nothing is decided here.

const PAUSE_MS = 400;
const READ = 400;

export function followWords(form) {
  const box = form.querySelector("#suggestions");
  const chips = box.querySelector(".choices");
  const select = form.elements.category;
  let timer = 0;
  let asked = "";

  function mark() {
    for (const chip of chips.children) chip.setAttribute("aria-pressed", String(chip.value === select.value));
  }

  function chip({ id, name }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn chip";
    button.value = String(id);
    button.textContent = name;
    button.addEventListener("click", () => {
      select.value = select.value === button.value ? "" : button.value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });
    return button;
  }

  async function ask() {
    const text = form.elements.text.value.trim().slice(0, READ);
    if (text === asked) return;
    asked = text;
    if (text.length < 2) {
      box.hidden = true;
      return;
    }
    let answer;
    try {
      answer = await fetch(`${form.dataset.suggestUrl}?${new URLSearchParams({ text })}`);
    } catch {
      return; // Without a connection the list of all kinds remains.
    }
    if (!answer.ok || text !== asked) return;
    const { categories } = await answer.json();
    chips.replaceChildren(...categories.map(chip));
    box.hidden = categories.length === 0;
    mark();
  }

  form.elements.text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  select.addEventListener("change", mark);
  ask();
  return ask;
}
