/**
 * A part of the page that the server has drawn anew takes the place of the old one, e.g. one paper's row of 附件上传.
 *
 * What comes in announces itself by a `fragment` event that bubbles from the new element: main.js loads the modules that
 * it asks for, and a module that finds its elements by `whenever()` works on it like on those that were there from the start.
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
 * Puts the first element of `html` in the place of `element` and returns it. The focus stays on what is the same there; when
 * that has gone, it goes to the new element's heading, so that nobody is thrown back to the top of the page.
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

/** Fetches a fragment of our own and puts it in. Throws when the answer is none: the session has ended, no network. */
export async function refreshFragment(element, url = element.dataset.row) {
  const response = await fetch(url, { redirect: "manual", headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`no fragment: ${response.status || "redirect"}`);
  return replaceFragment(element, await response.text());
}

/** 「已上传 N 项」 in the head of the page, counted anew from its rows. */
export function countUploaded() {
  const done = document.querySelectorAll("[data-row].ok").length;
  for (const head of document.querySelectorAll("[data-uploaded]")) head.textContent = done;
}
