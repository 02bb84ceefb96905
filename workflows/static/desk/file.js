// A member's filing form: photos add up, words suggest a category. What is not asked for this kind is not shown (CSS).

import { followKind } from "../portal/more-fields.js";
import { followWords } from "../portal/suggest.js";
import "./photo-input.js";

const form = document.querySelector("form[data-place-form]");
followWords(form);
const more = followKind(form);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id === "place") more.again();
});
