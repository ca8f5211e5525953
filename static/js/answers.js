/** What a form says, and how it is filled. Shared by the modules of the wizard's forms; has no effect of its own. */

/**
 * The values of one question, as a list of strings. The list is empty when the question is unanswered, or when all of its
 * inputs are hidden: a question that is not asked has no answer. Undefined when the form has no such input.
 */
export function valuesOf(form, name) {
  const inputs = [...form.elements].filter((input) => input.name === name);
  if (!inputs.length) return undefined;
  return inputs
    .filter((input) => input.type === "hidden" || !input.closest("[hidden]"))
    .filter((input) => !/^(radio|checkbox)$/.test(input.type) || input.checked)
    .flatMap((input) => (input.selectedOptions ? [...input.selectedOptions].map((option) => option.value) : input.value))
    .filter((value) => value !== "");
}

/** The form's fields as a query string or request body, without files (they would be sent as their names). */
export function withoutFiles(form) {
  return new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
}

/**
 * Calls `put`, which sets answers, until nothing is lacking (it returns false). Lists of counties and departments that are
 * on their way ([data-coming], divisions.js) are waited for, however slow the network is; for anything else two seconds.
 */
export async function asListsCome(form, put) {
  const moment = () => new Promise((resolve) => setTimeout(resolve, 100));
  while (!document.documentElement.hasAttribute("data-ready")) await moment(); // then other modules hear what changes
  for (let round = 0; put() && round < 20; round = form.querySelector("[data-coming]") ? 0 : round + 1) await moment();
}
