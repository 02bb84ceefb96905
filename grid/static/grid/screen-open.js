// A screen begins here: the key stands behind the #, which a browser sends to nobody. It is handed in once, and the
// wall opens. Where somebody is signed in, it waits until they say so.

const form = document.querySelector("[data-screen-open]");
const key = decodeURIComponent(location.hash.slice(1));
if (form) {
  form.querySelector("[name=key]").value = key;
  document.querySelector("[data-no-key]").hidden = Boolean(key);
  document.querySelector("[data-open-words]").hidden = !key || "wait" in form.dataset;
  form.hidden = !key;
  if (key && !("wait" in form.dataset)) form.submit();
}
