/**
 * On a touch screen Enter of the keyboard (下一项) leads from a text field of form[data-next] to the next question that
 * must be answered and is not. A text field keeps the keyboard open. When nothing is missing Enter sends, as everywhere.
 * With a mouse Enter sends at once. A month that is typed behind its year ([data-month="id of the select"]) is chosen.
 */
const TYPED = "input:not([type=hidden], [type=radio], [type=checkbox], [type=file])";
const WHOLE = /^(\d{4})[-/.年]?(0?[1-9]|1[0-2])月?$/;

const isOpen = (field) => !field.closest("[hidden]") && field.querySelector(".req, .check") && field.querySelector("input, select");

function isEmpty(field) {
  const boxes = [...field.querySelectorAll("input[type=radio], input[type=checkbox]")];
  if (boxes.length) return !boxes.some((box) => box.checked);
  return [...field.querySelectorAll(`${TYPED}, select, textarea`)].some((input) => !input.value);
}

function next(event) {
  const { target, key, isComposing } = event;
  if (key !== "Enter" || isComposing || !target.matches(TYPED)) return;
  const fields = [...target.form.querySelectorAll(".field")].filter(isOpen);
  const own = target.closest(".field");
  if (!own) return;
  const after = fields.filter((field) => own.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING);
  const missing = after.find(isEmpty) ?? fields.find((field) => field !== own && isEmpty(field));
  const photo = target.form.querySelector("input[data-photo]");
  const noPhoto = photo && !photo.files.length && !photo.closest(".photo")?.querySelector(".frame img");
  if (!missing && !noPhoto) return;
  event.preventDefault();
  (missing?.querySelector("input, select, textarea") ?? photo).focus();
}

if (matchMedia("(pointer: coarse)").matches) {
  for (const form of document.querySelectorAll("form[data-next]")) {
    for (const input of form.querySelectorAll(TYPED)) input.enterKeyHint = "next";
    form.addEventListener("keydown", next);
  }
}

document.addEventListener("change", ({ target }) => {
  const select = target.dataset?.month && document.getElementById(target.dataset.month);
  const whole = select && WHOLE.exec(target.value.trim());
  if (!whole) return;
  target.value = whole[1];
  select.value = whole[2].padStart(2, "0");
});
