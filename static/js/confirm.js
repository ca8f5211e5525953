/**
 * Asks before something is sent: data-confirm="the question" on a submit button, or on a form for all of its buttons.
 * Listens in the capture phase: a refusal must be known before other modules treat the form as sent.
 */
document.addEventListener(
  "submit",
  (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  true,
);
