// What a page says while and after something happens: a line while it is slow, a sentence when it is done.

const SLOW_MS = 300;
let waiting = 0;
let timer = 0;

/** Something was sent: show the progress line if it takes long. Each call wants one `done()`. */
export function busy() {
  waiting += 1;
  if (waiting > 1) return;
  timer = setTimeout(() => (document.getElementById("progress").hidden = false), SLOW_MS);
}

export function done() {
  waiting = Math.max(0, waiting - 1);
  if (waiting > 0) return;
  clearTimeout(timer);
  document.getElementById("progress").hidden = true;
}

/** Forget whatever was under way: the page came back from the history. */
export function rest() {
  waiting = 0;
  done();
}

/** Show a sentence at the top of the page; `kind` is info, success, warning or error. Text only. */
export function tell(text, kind = "info") {
  const note = document.createElement("div");
  note.className = `note note-${kind}`;
  const sentence = document.createElement("p");
  sentence.textContent = text;
  note.append(sentence);
  document.getElementById("messages")?.replaceChildren(note);
  note.scrollIntoView({ block: "nearest" });
}
