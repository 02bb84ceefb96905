// How far a piece of work in the background is (_progress.html): told over the socket, asked for every now and then
// when there is none. When it has ended, the page goes on to the result. Without this script a link asks.

const ASK_EVERY = 1_000; // ms, while the socket tells nothing
const ASK_RARELY = 5_000; // ms, while it does
const BETWEEN_SOCKETS = 3_000;

const box = document.querySelector("[data-progress]");
const bar = box.querySelector("progress");
const share = box.querySelector("[data-share]");
const said = box.querySelector("[data-words]");
let heardAt = 0;
let ended = false;

function show({ progress, words, is_done: isDone }) {
  if (ended) return;
  if (Number.isFinite(progress)) {
    // Answers may overtake each other: it never goes back.
    bar.value = Math.max(bar.value, progress);
    share.textContent = String(Math.round(bar.value));
  }
  if (words && said.textContent !== words) said.textContent = words;
  if (isDone) {
    ended = true;
    location.replace(box.dataset.done);
  }
}

async function ask() {
  try {
    const answer = await fetch(box.dataset.poll, { headers: { Accept: "application/json" } });
    if (answer.ok) show(await answer.json());
  } catch (error) {
    console.warn(error);
  }
  if (!ended) setTimeout(ask, Date.now() - heardAt < ASK_RARELY ? ASK_RARELY : ASK_EVERY);
}

function listen() {
  const address = new URL(box.dataset.socket, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.addEventListener("message", ({ data }) => {
    heardAt = Date.now();
    const frame = JSON.parse(data);
    if (frame.type === "progress") {
      box.dataset.told = "socket";
      show(frame);
    }
  });
  socket.addEventListener("close", () => ended || setTimeout(listen, BETWEEN_SOCKETS));
}

box.querySelector("[data-ask]").hidden = true;
if (box.dataset.socket) listen();
ask();
