// The request being written, kept on this device until it has been sent: words, place and photos survive a
// reload, a dead battery and a sign-in. IndexedDB, because localStorage holds no photos.

const NAME = "linli";
const STORE = "drafts";
const KEY = "filing";
const KEPT_MS = 7 * 24 * 3600 * 1000;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function work(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

// A private window may refuse to keep anything: the form works all the same, it is just not kept.
async function quietly(promise) {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}

/**
 * The draft of this person, or undefined. A draft is { fields: [[name, value]], photos: [File], waiting: bool,
 * owner: string, at: number }; `waiting` means its author has pressed "send".
 */
export async function load(owner) {
  const draft = await quietly(work("readonly", (store) => store.get(KEY)));
  if (!draft) return undefined;
  const somebodyElse = draft.owner && draft.owner !== owner;
  if (Date.now() - draft.at < KEPT_MS && !somebodyElse) return draft;
  await drop();
  return undefined;
}

/** True when it was kept. */
export async function save(draft) {
  const stored = await quietly(work("readwrite", (store) => store.put({ ...draft, at: Date.now() }, KEY)));
  return stored !== undefined;
}

export function drop() {
  return quietly(work("readwrite", (store) => store.delete(KEY)));
}
