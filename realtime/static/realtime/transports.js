/**
 * The two ways in which a page hears of the server: a websocket, or Server-Sent Events where something in between
 * breaks websockets. Both tell the same frames:
 *
 *   const connection = openSocket("/ws/map/", token, { onFrame, onLost });
 *   connection.close();
 *
 * onFrame(frame)   what the server says.
 * onLost(code)     once, when the connection is no more and close() was not called; the close code, 0 if there is none.
 */

/** Refusals of a stream are a status: the close codes a socket has for them. */
const REFUSALS = { 401: 4401, 403: 4403, 405: 4400 };

function address(path, token) {
  const url = new URL(path, window.location.href);
  if (token) url.searchParams.set("since", token);
  return url;
}

export function openSocket(path, token, { onFrame, onLost }) {
  let isOver = false;
  const url = address(path, token);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => isOver || onFrame(JSON.parse(data)));
  socket.addEventListener("close", ({ code }) => {
    if (!isOver) onLost(code);
    isOver = true;
  });
  return {
    close() {
      isOver = true;
      socket.close(1000);
    },
  };
}

/** EventSource does not say why it was refused, and comes back in a rhythm of its own; so the stream is read here. */
export function openStream(path, token, { onFrame, onLost }) {
  let isOver = false;
  const stop = new AbortController();

  function end(code) {
    if (isOver) return;
    isOver = true;
    stop.abort();
    onLost(code);
  }

  function hear(record) {
    const fields = Object.fromEntries(record.split("\n").map((line) => line.split(/: (.*)/s, 2)));
    if (isOver || !fields.data) return;
    const said = JSON.parse(fields.data);
    if (fields.event === "close") end(said.code);
    else onFrame(said);
  }

  async function read() {
    const options = { cache: "no-store", headers: { Accept: "text/event-stream" }, signal: stop.signal };
    const answer = await fetch(address(path.replace(/^\/ws\//, "/sse/"), token), options);
    const isStream = answer.ok && answer.headers.get("Content-Type")?.startsWith("text/event-stream");
    if (!isStream) return REFUSALS[answer.status] ?? 0;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return 0;
      const records = (rest + value).split("\n\n");
      rest = records.pop();
      records.forEach(hear);
    }
  }

  read().then(end, () => end(0));
  return {
    close() {
      isOver = true;
      stop.abort();
    },
  };
}
