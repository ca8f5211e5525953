/**
 * Replaces a part of the page by one that the server has re-rendered, e.g. one paper's row of 附件上传.
 *
 * The new element fires a `fragment` event that bubbles. Then main.js loads the modules that it asks for. A module that
 * finds its elements by `whenever()` treats it like the elements that were there from the start.
 */

/** Runs `enhance` for each element of the page that matches, and for each that comes with a later fragment. */
export function whenever(selector, enhance) {
  document.querySelectorAll(selector).forEach(enhance);
  document.addEventListener("fragment", ({ target }) => {
    if (target.matches(selector)) enhance(target);
    target.querySelectorAll(selector).forEach(enhance);
  });
}

/** What marks an element as the same one in the old and the new part: its id, else what it is called. */
function sameAs(active, within) {
  const { id, name, value } = active;
  const label = active.getAttribute("aria-label");
  if (id) return within.querySelector(`#${CSS.escape(id)}`);
  const alike = [...within.querySelectorAll(active.localName)].filter((other) => !other.closest("[hidden]"));
  return (
    alike.find((other) => label && other.getAttribute("aria-label") === label) ??
    alike.find((other) => name && other.name === name && other.value === value) ??
    alike.find((other) => !label && other.textContent.trim() && other.textContent.trim() === active.textContent.trim())
  );
}

/**
 * Replaces `element` by the first element of `html` and returns it. The focus stays on the same control. If that is no
 * longer there, the new element's heading gets the focus, so that the person does not start at the top of the page again.
 */
export function replaceFragment(element, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  for (const plain of fresh.querySelectorAll("[data-nojs]")) plain.hidden = true;
  for (const scripted of fresh.querySelectorAll("[data-script]")) scripted.hidden = false;
  const active = element.contains(document.activeElement) ? document.activeElement : null;
  const focused = active && (sameAs(active, fresh) ?? fresh.querySelector("h1, h2, h3, h4") ?? fresh);
  element.replaceWith(fresh);
  fresh.dispatchEvent(new CustomEvent("fragment", { bubbles: true }));
  if (focused) {
    if (focused.tabIndex < 0 && !focused.hasAttribute("tabindex")) focused.tabIndex = -1;
    focused.focus({ preventScroll: true });
  }
  return fresh;
}

let asked = 0;
const latest = new Map(); // id -> the latest request whose answer is shown

/**
 * Fetches a fragment and inserts it; returns what stands there then. Throws when the answer is not a fragment: the session
 * has ended, no network. Two may be on the way at once: the element may have been replaced, and an earlier answer comes too late.
 */
export async function refreshFragment(element, url = element.dataset.row) {
  const turn = ++asked;
  const response = await fetch(url, { redirect: "manual", headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`no fragment: ${response.status || "redirect"}`);
  const html = await response.text();
  const present = (!element.isConnected && document.getElementById(element.id)) || element;
  if (turn < (latest.get(element.id) ?? 0)) return present;
  latest.set(element.id, turn);
  return replaceFragment(present, html);
}

/** Updates 「已上传 N 项」 in the head of the page from its rows. */
export function countUploaded() {
  const done = document.querySelectorAll("[data-row].ok").length;
  for (const head of document.querySelectorAll("[data-uploaded]")) head.textContent = done;
}
