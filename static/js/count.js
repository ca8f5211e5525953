/**
 * Counts the keys and clicks that a decision takes, and where its seconds go: form[data-counted="case"] with the fields
 * `keys`, `clicks` and `spent` (four numbers: the first look, the pictures, marking, confirming). The count of a case
 * continues after a reload, and in the forms that ask for confirmation, in the page or on a page of their own.
 */
const PHASES = { look: 0, pictures: 1, marks: 2, confirmation: 3 };
const place = `counted ${document.querySelector("form[data-counted]").dataset.counted}`;
const counted = { keys: 0, clicks: 0, spent: [0, 0, 0, 0] };
let [phase, since] = [PHASES.look, performance.now()];

try {
  Object.assign(counted, JSON.parse(sessionStorage.getItem(place) ?? "{}"));
} catch {
  // no storage: this page's own count is all there is
}
if (counted.keys + counted.clicks) phase = PHASES.pictures;

function write() {
  const said = { ...counted, spent: counted.spent.map((ms) => Math.round(ms / 1000)).join() };
  for (const form of document.querySelectorAll("form[data-counted]")) {
    for (const [what, value] of Object.entries(said)) if (form.elements[what]) form.elements[what].value = value;
  }
}

/** The time since the last event belongs to what the person was at; the target says what that is from now on. */
function spend(target) {
  const now = performance.now();
  counted.spent[phase] += now - since;
  since = now;
  if (!target?.closest) return;
  if (target.closest("dialog, [data-decides]")) phase = PHASES.confirmation;
  else if (target.closest("[data-mark], .why, .framing, [data-a=frame]")) phase = PHASES.marks;
  else phase = PHASES.pictures;
}

function note(what, target) {
  if (what) counted[what] += 1;
  spend(target);
  write();
  try {
    sessionStorage.setItem(place, JSON.stringify(counted));
  } catch {
    // the same
  }
}

const MODIFIERS = ["Shift", "Control", "Alt", "Meta", "CapsLock"];
addEventListener("keydown", (event) => !event.repeat && !MODIFIERS.includes(event.key) && note("keys", event.target), true);
addEventListener("click", (event) => event.detail > 0 && note("clicks", event.target), true); // Enter on a button clicks, too: detail 0
addEventListener("focusin", ({ target }) => note(null, target));
addEventListener("submit", () => note(null, null), true);
document.addEventListener("fragment", write);
write();
