// The desk's list: says quietly what changed, and marks what is new until it has been seen.

const news = document.getElementById("inbox-news");

function shown() {
  const inbox = document.getElementById("inbox");
  return {
    tab: inbox.querySelector("[aria-current='page']")?.id,
    page: new URLSearchParams(location.search).get("page") ?? "1",
    tasks: new Set([...inbox.querySelectorAll("[data-task]")].map((row) => row.dataset.task)),
    counts: [...inbox.querySelectorAll(".desk-count")].map((count) => count.textContent).join("/"),
  };
}

let before = shown();
const fresh = new Set();

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "inbox" && event.target.id !== "inbox") return;
  const now = shown();
  // A person who filters or changes tabs knows that the list changes: nothing to announce.
  const isAsked = event.detail.requestConfig?.elt.id !== "inbox";
  const sameList = !isAsked && now.tab === before.tab && now.page === before.page;
  const come = [...now.tasks].filter((task) => !before.tasks.has(task));
  if (sameList) come.forEach((task) => fresh.add(task));
  // The answer does not know what is new here: it has taken the marks away.
  for (const task of fresh) document.querySelector(`[data-task="${task}"]`)?.classList.add("is-new");
  if (sameList && come.length > 0) {
    news.textContent = news.dataset.new;
  } else if (sameList && now.counts !== before.counts) {
    news.textContent = news.dataset.gone;
  }
  before = now;
});
