/**
 * Shows and hides questions by the same conditions that the server validates with.
 *
 * An element inside a form with data-when='[["question", ["value", ...], unless], ...]' shows while every part holds:
 * the question's answer, or one of them, is among the values; with `unless`, it is answered and none of them is. Answers
 * are read from the inputs of the form by name; a question of another page is looked up in the form's
 * data-facts='{"question": "value" | ["value", ...]}'.
 *
 * Hides with `hidden` and never disables: a disabled input would not be sent, and the server would keep its old answer.
 */
import { valuesOf } from "./answers.js";

const elements = [...document.querySelectorAll("form [data-when]")].map((element) => ({
  element,
  form: element.closest("form"),
  pairs: JSON.parse(element.dataset.when),
}));
const facts = new Map([...new Set(elements.map(({ form }) => form))].map((form) => [form, readFacts(form)]));

function readFacts(form) {
  const stored = Object.entries(JSON.parse(form.dataset.facts || "{}"));
  return new Map(stored.map(([name, value]) => [name, value === null ? [] : [value].flat().map(String)]));
}

function holds(form, [question, values, unless]) {
  const answer = (valuesOf(form, question) ?? facts.get(form).get(question) ?? []).filter((value) => value !== "");
  return answer.length > 0 && answer.some((value) => values.includes(value)) !== Boolean(unless);
}

/** Hiding one question can remove the answer that another one depends on, so this repeats until nothing changes. */
function update() {
  for (let changed = true, round = 0; changed && round <= elements.length; round++) {
    changed = false;
    for (const { element, form, pairs } of elements) {
      const hide = !pairs.every((pair) => holds(form, pair));
      if (element.hidden !== hide) {
        element.hidden = hide;
        changed = true;
      }
    }
  }
}

document.addEventListener("change", update);
// The browser may have restored what was typed before a reload.
window.addEventListener("pageshow", update);
update();
