/**
 * The officer's page: keys j and k walk through the answers ([data-row], focusable), m opens or ticks the mark of the
 * focused one ([data-mark] inside it: a <summary>, button or checkbox). An answer with data-proof="paper kind" brings that
 * paper into the viewer when it gets the focus. Other keys stand on their elements as data-key (keys.js).
 */
import { isShortcut } from "./keys.js";

const rows = [...document.querySelectorAll("[data-row]")];
const viewer = document.querySelector("[data-viewer]");

function walk(step) {
  const visible = rows.filter((row) => row.getClientRects().length); // 只看变更 hides the others
  const at = visible.indexOf(document.activeElement.closest("[data-row]"));
  const next = at < 0 ? 0 : Math.min(visible.length - 1, Math.max(0, at + step));
  visible[next]?.focus();
}

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  m: () => document.activeElement.closest("[data-row]")?.querySelector("[data-mark]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event) || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});

for (const row of rows) {
  row.addEventListener("focusin", () => {
    if (row.dataset.proof) viewer?.dispatchEvent(new CustomEvent("viewer:show", { detail: row.dataset.proof }));
  });
}
