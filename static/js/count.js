/**
 * Counts the keys and clicks that a decision takes: form[data-counted="case"] with the fields `keys` and `clicks`. The
 * count of a case continues after a reload and on the page that asks for confirmation.
 */
const form = document.querySelector("form[data-counted]");
const place = `counted ${form.dataset.counted}`;
const counted = { keys: 0, clicks: 0 };

try {
  Object.assign(counted, JSON.parse(sessionStorage.getItem(place) ?? "{}"));
} catch {
  // no storage: this page's own count is all there is
}

function count(what) {
  counted[what] += 1;
  form.elements[what].value = counted[what];
  try {
    sessionStorage.setItem(place, JSON.stringify(counted));
  } catch {
    // the same
  }
}

const MODIFIERS = ["Shift", "Control", "Alt", "Meta", "CapsLock"];
addEventListener("keydown", (event) => !event.repeat && !MODIFIERS.includes(event.key) && count("keys"), true);
addEventListener("click", (event) => event.detail > 0 && count("clicks"), true); // Enter on a button clicks, too: detail 0
for (const [what, number] of Object.entries(counted)) form.elements[what].value = number;
