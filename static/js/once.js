/**
 * A form with data-once is not sent twice by a double click. The server refuses the second one anyway; this spares the
 * person its message. Buttons are not disabled, because a disabled button's name and value would not be sent.
 */
const PATIENCE = 10_000; // ms; an answer that is a download leaves the page open, so the lock must end by itself

const release = (form) => {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-once]") || event.submitter?.formTarget) return; // opens a window
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
  setTimeout(release, PATIENCE, form);
});

// The back button may show the page as it was left.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-once]").forEach(release));
