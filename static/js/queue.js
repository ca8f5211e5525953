/**
 * The officers' lists by keyboard: `j` and `k` go to the next and the previous line's link ([data-line]), where Enter
 * opens it. `/` and `n` stand on their elements (keys.js).
 */
import { isShortcut, keyOf } from "./keys.js";

const STEPS = { j: 1, k: -1 };
const links = [...document.querySelectorAll("[data-lines] [data-line]")];

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event) || !(keyOf(event) in STEPS)) return;
  const step = STEPS[keyOf(event)];
  const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = here < 0 ? links.at(step > 0 ? 0 : -1) : links[here + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
