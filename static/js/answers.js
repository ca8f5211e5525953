/** What a form says at this moment. Shared by when.js, divisions.js and draft.js; has no effect of its own. */

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
