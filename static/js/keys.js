/**
 * Keys for officers: pressing the key of [data-key="a"] reaches that element, outside of text fields and without Ctrl, Alt
 * or Cmd. Links, <summary>, ordinary buttons and [data-press] are pressed at once. Buttons that decide only get the focus,
 * so that one stray key decides nothing (Enter then sends). A field gets the focus, and its <details> opens.
 * In a select of reasons ([data-reason]) keys work: its choices have digits and Chinese words.
 * <body data-keys="off"> switches all keys off (WCAG 2.1.4).
 *
 * [data-help] is a <details> with the list of keys. Here it becomes a <dialog> that its <summary> and `?` open.
 */
const TYPED = "textarea, select:not([data-reason]), dialog, [contenteditable], input:not([type=checkbox], [type=radio], [type=button])";
/** The signs that a Chinese input method types for these keys. NFKC folds its full-width letters. */
const CHINESE = { "【": "[", "】": "]", "「": "[", "」": "]", "、": "/", "—": "-" };

/** The key in lower case and half width: "？" is "?", "Ａ" is "a". */
export const keyOf = (event) => CHINESE[event.key] ?? (event.key ?? "").normalize("NFKC").toLowerCase();

/** False for what an input method is composing and for what belongs to the browser or an assistive tool. */
export function isPlain(event) {
  const composing = event.isComposing || event.keyCode === 229;
  const ours = document.body.dataset.keys !== "off" && !event.defaultPrevented && !composing;
  return ours && !event.ctrlKey && !event.metaKey && !event.altKey;
}

/** True when the key belongs to us and not to a field that is typed in. */
export const isShortcut = (event) => isPlain(event) && !event.target.closest?.(TYPED);

function reach(target) {
  const folded = target.closest("details:not([open])");
  if (folded && !target.matches("summary")) folded.open = true;
  if (target.matches("[data-press]")) return target.click(); // the focus stays where the work is
  target.focus();
  if (target.matches("a, summary, button[type=button]")) target.click();
}

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const found = [...document.querySelectorAll(`[data-key="${CSS.escape(keyOf(event))}"]`)];
  const target = found.find((element) => !element.closest("[hidden]"));
  if (!target) return;
  event.preventDefault();
  reach(target);
});

function asDialog(details) {
  const [summary, dialog] = [details.querySelector("summary"), document.createElement("dialog")];
  dialog.className = "help";
  dialog.setAttribute("aria-label", summary.dataset.title ?? summary.textContent.trim());
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "关闭" });
  close.className = "btn btn-outline btn-sm";
  close.addEventListener("click", () => dialog.close());
  dialog.append(...[...details.children].filter((child) => child !== summary), close);
  document.body.append(dialog);
  summary.dataset.press = "";
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal(); // the browser gives the focus back when it is closed, by Escape too
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

document.querySelectorAll("details[data-help]").forEach(asDialog);
