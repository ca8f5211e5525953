/**
 * The officer's page, form[data-review]: rows [data-row="target"] (focusable) with a tick [data-tick], a mark [data-mark],
 * its reasons [data-reason] (options with data-advice, what the applicant reads), words [data-comment] and, on a paper,
 * the place: [data-rect], [data-page].
 *
 * Row and picture are one thing. A row with data-proof="paper kind" brings that paper into the viewer (viewer.js: the
 * event "show-picture") when it is focused or clicked; a picture that the person goes to takes the row of its paper along
 * ("picture-chosen"). So `m` marks what is on the screen. The row in hand has the class `here`.
 *
 * Keys: j and k walk, y ticks, m marks and goes to the reasons, 1 to 9 choose one and lead back to the row (on the row itself
 * they mark it, too), e goes to the words, where Enter leads back, as Escape does from both; jump.js has those that jump. The message [data-told] and the counts [data-marked] follow
 * what is marked. Other keys are attributes of their elements (keys.js).
 */
import "./ask.js";
import { jumps } from "./jump.js";
import { isPlain, isShortcut, keyOf } from "./keys.js";

const form = document.querySelector("form[data-review]");
const rows = [...form.querySelectorAll("[data-row]")];
const viewer = document.querySelector("[data-viewer]");
const part = (row, name) => row?.querySelector(`[data-${name}]`);
const rowOf = (element) => element?.closest?.("[data-row]");
const HEAD = 26; // pixels of a section's heading, which stays at the top of its pane
const isMarked = (row) => Boolean(part(row, "mark")?.checked);

// --- rows and the paper that proves them ---

let shown = null; // the row in hand
let picture = {}; // the picture in the viewer: its paper's kind, and its page from 0

function take(row) {
  shown?.classList.remove("here");
  row.classList.add("here");
  shown = row;
}

/** Brings a row to the focus, also one that 只看变更 hides, and into sight in its pane. The page itself stays put. */
function go(row) {
  if (!row) return;
  row.classList.add("here");
  row.focus({ preventScroll: true });
  reveal(row);
}

function reveal(row) {
  const [pane, box] = [row.closest(".scroll"), row.getBoundingClientRect()];
  const frame = pane.getBoundingClientRect();
  const [above, below] = [frame.top + HEAD - box.top, box.bottom - frame.bottom];
  if (above > 0) pane.scrollTop -= above;
  else if (below > 0) pane.scrollTop += Math.min(below, -above);
}

function place(row) {
  const [page, rect] = [part(row, "page"), part(row, "rect")];
  if (!rect) return {};
  const framed = isMarked(row) && rect.value;
  return framed ? { page: page.value - 1, rect: rect.value.split(",").map(Number) } : {};
}

function show(row) {
  take(row);
  if (row.dataset.proof) {
    viewer?.dispatchEvent(new CustomEvent("show-picture", { detail: { kind: row.dataset.proof, ...place(row) } }));
  }
  offer();
}

function walk(step) {
  const visible = rows.filter((row) => row.getClientRects().length); // 只看变更 hides the others
  const at = visible.indexOf(rowOf(document.activeElement) ?? (shown?.isConnected ? shown : null));
  go(visible[at < 0 ? 0 : Math.min(visible.length - 1, Math.max(0, at + step))]);
}

// --- ticks and marks ---

function tick(row, on) {
  if (part(row, "tick")) part(row, "tick").checked = on;
  if (on) mark(row, false);
}

function mark(row, on) {
  if (part(row, "mark")) part(row, "mark").checked = on;
  if (on) tick(row, false);
  else unframe(row);
  if (on && picture.kind === row.dataset.row && part(row, "page")) part(row, "page").value = picture.page + 1;
  refresh();
}

function unframe(row) {
  const rect = part(row, "rect");
  if (!rect?.value) return;
  rect.value = "";
  viewer?.dispatchEvent(new CustomEvent("show-picture", { detail: { kind: row.dataset.row, rect: null } }));
  told(row);
}

/** Says in a paper's row whether a place is framed, and removes the fields that are only needed without scripts. */
function told(row) {
  const rect = part(row, "rect");
  if (!rect) return;
  part(row, "framed").hidden = !rect.value;
  part(row, "frame").hidden = Boolean(rect.value) || !viewer?.querySelector('[data-a="frame"]');
}

function choose(digit) {
  const row = rowOf(document.activeElement);
  const options = [...(part(row, "reason")?.options ?? [])];
  const option = options.find((one) => one.textContent.startsWith(`${digit} `));
  if (!option) return false;
  if (!isMarked(row)) mark(row, true);
  pick(row, option);
  return true;
}

function pick(row, option) {
  part(row, "reason").value = option.value;
  refresh();
  go(row);
}

/** The reasons with their digits below the mark that has none yet: to be read, and to be chosen with one click. */
const choices = document.createElement("div");
choices.className = "choices";
choices.setAttribute("role", "group");
choices.setAttribute("aria-label", "选择原因");

function offer() {
  const reason = isMarked(shown) ? part(shown, "reason") : null;
  if (!reason || reason.value) return choices.remove();
  if (reason.nextElementSibling === choices) return;
  choices.replaceChildren(...[...reason.options].filter((option) => option.value).map((option) => choice(shown, option)));
  reason.after(choices);
}

function choice(row, option) {
  const button = Object.assign(document.createElement("button"), { type: "button", tabIndex: -1 });
  const [, digit, words] = /^(?:(\d) )?(.*)$/s.exec(option.textContent.trim());
  if (digit) button.append(Object.assign(document.createElement("kbd"), { textContent: digit }), " ");
  button.append(words);
  button.addEventListener("click", () => pick(row, option));
  return button;
}

// --- what the applicant will read ---

function sentence(row) {
  const [reason, comment] = [part(row, "reason"), part(row, "comment").value.trim()];
  const advice = reason.selectedOptions[0]?.dataset.advice ?? "";
  const [item, what] = [document.createElement("li"), document.createElement("b")];
  what.textContent = row.dataset.label;
  const place = part(row, "rect")?.value ? `（已在第 ${part(row, "page").value} 张图片上框出位置）` : "";
  item.append(what, `：${advice || comment || "（请选择原因或填写说明）"}${advice && comment ? `（${comment}）` : ""}${place}`);
  return item;
}

function refresh() {
  const marked = rows.filter(isMarked);
  for (const count of form.querySelectorAll("[data-marked]")) count.textContent = marked.length;
  for (const message of form.querySelectorAll("[data-told]")) {
    message.hidden = !marked.length;
    message.querySelector("ul").replaceChildren(...marked.map(sentence));
  }
  for (const hint of form.querySelectorAll("[data-untold]")) hint.hidden = marked.length > 0;
  offer();
}

// --- events ---

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  y: (row) => part(row, "tick") && tick(row, !part(row, "tick").checked),
  m: (row) => {
    if (!part(row, "mark")) return;
    mark(row, !isMarked(row));
    if (!isMarked(row)) return go(row);
    part(row, "reason").focus({ preventScroll: true });
    reveal(row); // with the reasons below it
  },
  e: (row) => {
    if (!part(row, "comment")) return;
    if (!isMarked(row)) mark(row, true);
    part(row, "comment").focus({ preventScroll: true });
    reveal(row);
  },
  ...jumps(form, rows, go, () => rowOf(document.activeElement) ?? shown),
};

document.addEventListener("keydown", (event) => {
  const key = keyOf(event);
  const written = event.target.matches?.("[data-comment]");
  const left = written ? ["enter", "escape"].includes(key) : key === "escape" && event.target.matches?.("[data-reason]");
  if (/^[1-9]$/.test(key) && isShortcut(event)) {
    if (choose(Number(key))) event.preventDefault();
  } else if (left && isPlain(event)) {
    event.preventDefault(); // else Enter sends the form
    go(rowOf(event.target));
  } else if (Object.hasOwn(KEYS, key) && isShortcut(event)) {
    event.preventDefault();
    KEYS[key](rowOf(document.activeElement) ?? shown, event);
  }
});

form.addEventListener("focusin", ({ target }) => {
  const row = rowOf(target);
  if (row && row !== shown) show(row);
});

/** A link to a row, from the automatic checks: the row is shown even when 只看变更 hides it. */
function follow(event) {
  const row = document.querySelector(event.target.closest("a[href^='#row-']").hash);
  if (!row) return;
  event.preventDefault();
  row.scrollIntoView({ block: "nearest" }); // on a phone the checks stand below
  go(row);
}

form.addEventListener("click", (event) => {
  const { target } = event;
  const row = rowOf(target);
  if (target.closest("a[href^='#row-']")) return follow(event);
  if (!row) return;
  if (target.closest("[data-unframe]")) unframe(row);
  else if (target.closest("[data-frame]")) {
    show(row);
    viewer?.querySelector('[data-a="frame"]')?.click();
  } else if (target.closest("dt, dd:not(.mk, .why)")) {
    show(row);
    row.focus({ preventScroll: true });
  }
});
form.addEventListener("change", ({ target }) => {
  const row = rowOf(target);
  if (target.matches("[data-tick]")) tick(row, target.checked);
  if (target.matches("[data-mark]")) mark(row, target.checked);
  refresh();
  if (target.matches("[data-mark]:checked")) reveal(row);
});
form.addEventListener("input", refresh);
form.addEventListener("refused", () => {
  const lacking = rows.find((row) => isMarked(row) && !part(row, "reason").value && !part(row, "comment").value.trim());
  if (!lacking) return;
  go(lacking);
  part(lacking, "reason").focus({ preventScroll: true });
});

/** The row in hand and what is in sight are the same when this page comes back: saved, taken, undone, with full numbers. */
const PLACE = `place ${form.dataset.review}`;
const [pane, only] = [".scroll", "[data-only-changes]"].map((part) => form.querySelector(part));
form.addEventListener("submit", () => {
  const here = { row: shown?.id, few: only?.checked, inPane: pane.scrollTop, inPage: scrollY };
  sessionStorage.setItem(PLACE, JSON.stringify(here));
});

function takeUp({ row, few, inPane, inPage }) {
  if (only && few !== undefined) only.checked = few;
  go(document.getElementById(row));
  const behavior = "instant"; // the page is where it was; nobody wants to see it travel there
  pane.scrollTo({ top: inPane, behavior });
  scrollTo({ top: inPage, behavior }); // on a phone
}

document.addEventListener("picture-shown", ({ detail }) => (picture = detail));
document.addEventListener("picture-chosen", ({ detail: { kind, stay } }) => {
  const row = shown?.dataset.proof === kind ? shown : rows.find((one) => one.dataset.row === kind);
  if (!row) return;
  take(row); // before the focus: the viewer shows the picture already
  if (!stay) go(row);
  offer();
});
document.addEventListener("rectangle", ({ detail: { kind, page, rect } }) => {
  const row = rows.find((one) => one.dataset.row === kind);
  if (!part(row, "rect")) return;
  mark(row, true);
  part(row, "rect").value = rect.map((side) => side.toFixed(4)).join(",");
  part(row, "page").value = page + 1;
  take(row);
  told(row);
  refresh();
  go(row); // digits choose the reason here, too, and `b` works
});

/** 常用意见: asked for once, when the first words are about to be typed. */
async function phrases({ target }) {
  if (!target.matches("[data-comment]")) return;
  form.removeEventListener("focusin", phrases);
  const answer = await fetch(target.list.dataset.phrases, { redirect: "manual" }).catch(() => null);
  const found = answer?.ok ? (await answer.json()).phrases : [];
  target.list.replaceChildren(...found.map((phrase) => Object.assign(document.createElement("option"), { value: phrase })));
}
form.addEventListener("focusin", phrases);

for (const button of form.querySelectorAll('[formaction*="#"]')) button.formAction = button.formAction.split("#")[0]; // the place is kept
for (const row of rows) {
  if (part(row, "rect")) part(row, "rect").disabled = false;
  if (part(row, "sides")) Object.assign(part(row, "sides"), { hidden: true, disabled: true });
  told(row);
}
refresh();
const returned = sessionStorage.getItem(PLACE);
sessionStorage.removeItem(PLACE);
if (returned && !location.hash && !document.querySelector("[data-problem], [aria-invalid]")) takeUp(JSON.parse(returned));
