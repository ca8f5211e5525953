/**
 * Keys for officers: [data-key="a"] is reached by pressing that key outside of inputs and without Ctrl, Alt or Cmd.
 * Links, <summary> and ordinary buttons are pressed; inputs and buttons that send a form are only focused, so that no
 * decision is taken by one stray key (Enter then sends). <body data-keys="off"> switches all keys off (WCAG 2.1.4).
 */

/** True when the key belongs to us and not to an input, the browser or an assistive tool. */
export function isShortcut(event) {
  if (document.body.dataset.keys === "off" || event.defaultPrevented || event.isComposing) return false;
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, select, textarea, dialog");
}

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!target || target.closest("[hidden]")) return;
  event.preventDefault();
  target.focus();
  if (target.matches("a, summary, button[type=button]")) target.click();
});
