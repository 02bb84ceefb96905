// Sending a draft. Sent twice is filed once: the server knows the draft's own key.

/**
 * What became of it: { sent: url } · { login: url } · { errors: {field: [{message}]} } · { denied: true }
 * · { failed: true } (no connection, or the server is not itself: try again later).
 */
export async function send(url, draft) {
  const body = new FormData();
  for (const [name, value] of draft.fields) body.append(name, value);
  for (const photo of draft.photos) body.append("photos", photo, photo.name || "photo.jpg");
  const token = document.querySelector('meta[name="csrf-token"]').content;
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token } });
  } catch {
    return { failed: true };
  }
  if (answer.status === 403) return { denied: true };
  if (![200, 401, 422].includes(answer.status)) return { failed: true };
  const said = await answer.json();
  if (said.url) return { sent: said.url };
  if (said.login) return { login: said.login };
  return { errors: said.errors };
}
