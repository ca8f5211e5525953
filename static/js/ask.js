/**
 * The question that stands before a decision, in the page instead of on one of its own. A submit button [data-ask] sends
 * its form in the background; the answer is the page that asks, and its [data-asks] opens here as a dialog. There Enter
 * confirms, Escape or 【返回】 leads back to the row. data-ask="marked" asks only while something is marked.
 *
 * What the server refuses is said over the page (said.js), and the form hears of it: "refused". Any other answer, and none, makes the form go the plain way.
 */
import { announce } from "./said.js";

let asking = false;

function plainly(form, button) {
  form.dataset.plainly = "";
  form.requestSubmit(button);
}

function open(asks) {
  const dialog = document.createElement("dialog");
  dialog.className = "help asks";
  dialog.append(...document.adoptNode(asks).childNodes);
  const heading = dialog.querySelector("h1");
  const title = Object.assign(document.createElement("h2"), { id: "h-asks", textContent: heading.textContent });
  heading.replaceWith(title);
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove()); // the browser gives the focus back
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-back]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("fragment", { bubbles: true }));
}

async function ask(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(button.formAction, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") return location.reload(); // signed out, or the page has to say something
  const page = answer && new DOMParser().parseFromString(await answer.text(), "text/html");
  const asks = page?.querySelector("[data-asks]");
  const problem = page?.querySelector("[data-problem]");
  if (asks) open(asks);
  else if (problem) {
    announce(problem.textContent.trim());
    form.dispatchEvent(new CustomEvent("refused"));
  }
  else plainly(form, button);
}

document.addEventListener(
  "submit",
  (event) => {
    const [form, button] = [event.target, event.submitter];
    if (!button?.dataset.ask || "plainly" in form.dataset || event.defaultPrevented) return;
    if (button.dataset.ask === "marked" && !form.querySelector("[data-mark]:checked")) return;
    event.preventDefault();
    event.stopPropagation(); // the form is not sent: once.js need not know
    if (asking) return;
    asking = true;
    ask(form, button).finally(() => (asking = false));
  },
  true,
);
