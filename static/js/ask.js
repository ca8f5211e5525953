/**
 * The question that stands before a decision, in the page instead of on one of its own. A submit button [data-ask] sends
 * its form in the background; the answer is the page that asks, and its [data-asks] opens here as a dialog. There Enter
 * confirms, Escape or 【返回】 leads back to the row. data-ask="marked" asks only while something is marked.
 *
 * The dialog's form goes the same way: when a field lacks something, the dialog asks again, with what was typed. Where the
 * answer leads elsewhere, the page goes there.
 *
 * What the server refuses is said over the page (said.js), and the form hears of it: "refused". Without an answer, or
 * when the server is busy, the page stays with all that is marked and typed, and says so. Any other answer makes the form
 * go the plain way.
 */
import { announce } from "./said.js";

const UNREACHED = "平台没有答复（网络不通或者系统正忙），可能没有办成。填写的内容还在本页，请稍后再按一次";
let asking = false;

function plainly(form, button) {
  form.dataset.plainly = "";
  form.requestSubmit(button);
}

function made() {
  const dialog = document.createElement("dialog");
  dialog.className = "help asks";
  dialog.setAttribute("aria-labelledby", "h-asks");
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove()); // the browser gives the focus back
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-back]")) return;
    event.preventDefault();
    dialog.close();
  });
  return dialog;
}

function open(asks) {
  const again = document.querySelector("dialog.asks");
  const dialog = again ?? made();
  dialog.replaceChildren(...document.adoptNode(asks).childNodes);
  const heading = dialog.querySelector("h1");
  heading.replaceWith(Object.assign(document.createElement("h2"), { id: "h-asks", textContent: heading.textContent }));
  if (again) dialog.querySelector("[autofocus]")?.focus();
  else dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("fragment", { bubbles: true }));
}

/** Says that there was no answer: in the dialog, which nothing else can be read beside, or over the page. */
function unreached(form) {
  if (!form.closest("dialog")) return announce(UNREACHED);
  form.querySelector("[data-unreached]")?.remove(); // said anew, so that it is read out again
  const said = Object.assign(document.createElement("p"), { className: "err", textContent: UNREACHED });
  said.setAttribute("role", "alert");
  said.dataset.unreached = "";
  form.append(said);
}

async function ask(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  const request = { method: "POST", body, redirect: "manual", headers: { "X-Asks": "yes" } };
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const answer = await fetch(address, request).catch(() => null);
  if (!answer || answer.status >= 500) return unreached(form);
  const place = answer.headers.get("Location");
  if (place) {
    location.assign(place);
    return new Promise(() => {}); // nothing more is sent while the page changes
  }
  const page = new DOMParser().parseFromString(await answer.text().catch(() => ""), "text/html");
  const asks = page.querySelector("[data-asks]");
  const problem = page.querySelector("[data-problem]");
  if (asks) open(asks);
  else if (problem) {
    document.querySelector("dialog.asks")?.close();
    announce(problem.textContent.trim());
    form.dispatchEvent(new CustomEvent("refused"));
  }
  else plainly(form, button);
}

document.addEventListener(
  "submit",
  (event) => {
    const [form, button] = [event.target, event.submitter];
    const asks = button?.dataset.ask || form.closest("dialog.asks");
    if (!asks || "plainly" in form.dataset || event.defaultPrevented) return;
    if (asks === "marked" && !form.querySelector("[data-mark]:checked")) return;
    event.preventDefault();
    event.stopPropagation(); // the form is not sent: once.js need not know
    if (asking) return;
    asking = true;
    ask(form, button).finally(() => (asking = false));
  },
  true,
);
addEventListener("pageshow", () => (asking = false)); // the back button may show the page as it was left
