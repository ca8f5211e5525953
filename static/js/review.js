/**
 * The officer's page, form[data-review]: rows [data-row="target"] (focusable) with a tick [data-tick], a mark [data-mark],
 * its reasons [data-reason] (options with data-advice, what the applicant reads), words [data-comment] and, on a paper,
 * the place: [data-rect], [data-page]. A row with data-proof="paper kind" brings that paper into the viewer (viewer.js:
 * the events "show-picture" and "rectangle") when it is focused or clicked.
 *
 * Keys: j and k walk, y ticks, m marks and goes to the reasons, 1 to 9 choose one and lead back to the row. The message
 * [data-told] and the counts [data-marked] follow what is marked. Other keys are attributes of their elements (keys.js).
 */
import { isPlain, isShortcut, keyOf } from "./keys.js";

const form = document.querySelector("form[data-review]");
const rows = [...form.querySelectorAll("[data-row]")];
const viewer = document.querySelector("[data-viewer]");
const part = (row, name) => row?.querySelector(`[data-${name}]`);
const rowOf = (element) => element?.closest?.("[data-row]");
const isMarked = (row) => Boolean(part(row, "mark")?.checked);

// --- rows and the paper that proves them ---

let shown = null;

function place(row) {
  const [page, rect] = [part(row, "page"), part(row, "rect")];
  if (!rect) return {};
  const framed = isMarked(row) && rect.value;
  return framed ? { page: page.value - 1, rect: rect.value.split(",").map(Number) } : {};
}

function show(row) {
  if (row.dataset.proof) {
    viewer?.dispatchEvent(new CustomEvent("show-picture", { detail: { kind: row.dataset.proof, ...place(row) } }));
  }
  shown = row;
}

function walk(step) {
  const visible = rows.filter((row) => row.getClientRects().length); // 只看变更 hides the others
  const at = visible.indexOf(rowOf(document.activeElement) ?? (shown?.isConnected ? shown : null));
  visible[at < 0 ? 0 : Math.min(visible.length - 1, Math.max(0, at + step))]?.focus();
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
  const reason = isMarked(row) ? part(row, "reason") : null;
  const option = [...(reason?.options ?? [])].find((one) => one.textContent.startsWith(`${digit} `));
  if (!option) return false;
  reason.value = option.value;
  refresh();
  row.focus();
  return true;
}

// --- what the applicant will read ---

function sentence(row) {
  const [reason, comment] = [part(row, "reason"), part(row, "comment").value.trim()];
  const advice = reason.selectedOptions[0]?.dataset.advice ?? "";
  const [item, what] = [document.createElement("li"), document.createElement("b")];
  what.textContent = row.dataset.label;
  item.append(what, `：${advice || comment || "（请选择原因或填写说明）"}${advice && comment ? `（${comment}）` : ""}`);
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
}

// --- events ---

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  y: (row) => part(row, "tick") && tick(row, !part(row, "tick").checked),
  m: (row) => {
    if (!part(row, "mark")) return;
    mark(row, !isMarked(row));
    (isMarked(row) ? part(row, "reason") : row).focus();
  },
};

document.addEventListener("keydown", (event) => {
  const key = keyOf(event);
  const inReasons = event.target.matches?.("[data-reason]");
  if (/^[1-9]$/.test(key) && (inReasons ? isPlain(event) : isShortcut(event))) {
    if (choose(Number(key))) event.preventDefault();
  } else if (Object.hasOwn(KEYS, key) && isShortcut(event)) {
    event.preventDefault();
    KEYS[key](rowOf(document.activeElement) ?? shown);
  }
});

form.addEventListener("focusin", ({ target }) => {
  const row = rowOf(target);
  if (row && row !== shown) show(row);
});
/** A link to a row, from the automatic checks: the row is shown even when 只看变更 hides it. */
function follow(event) {
  const row = document.querySelector(event.target.closest("a[href^='#row-']").hash);
  const only = form.querySelector("[data-only-changes]");
  if (!row) return;
  event.preventDefault();
  if (only && !row.getClientRects().length) only.checked = false;
  row.focus();
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
});
form.addEventListener("input", refresh);

document.addEventListener("rectangle", ({ detail: { kind, page, rect } }) => {
  const row = rows.find((one) => one.dataset.row === kind);
  if (!part(row, "rect")) return;
  mark(row, true);
  part(row, "rect").value = rect.map((side) => side.toFixed(4)).join(",");
  part(row, "page").value = page + 1;
  shown = row;
  told(row);
  part(row, "reason").focus();
});

for (const row of rows) {
  if (part(row, "rect")) part(row, "rect").disabled = false;
  if (part(row, "sides")) Object.assign(part(row, "sides"), { hidden: true, disabled: true });
  told(row);
}
refresh();
