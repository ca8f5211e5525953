/**
 * What has to be said over the page, [data-said-over]: each message gets a button that closes it, and one that only confirms
 * (role="status") leaves after a while. Nothing on the page moves when a message comes or goes.
 */
const STAYS_MS = 12_000;
const place = document.querySelector("[data-said-over]");

export function closable(message) {
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  close.className = "shut";
  close.setAttribute("aria-label", "关闭提示");
  close.addEventListener("click", () => message.remove());
  message.append(close);
  if (message.getAttribute("role") === "status") setTimeout(() => message.remove(), STAYS_MS);
}

/** One at a time: what was said before has been read, or is so still. */
export function announce(text) {
  place.querySelectorAll("[data-announced]").forEach((earlier) => earlier.remove());
  const message = document.createElement("div");
  message.className = "note r";
  message.setAttribute("role", "alert");
  message.dataset.announced = "";
  message.append(Object.assign(document.createElement("p"), { textContent: text }));
  place.append(message);
  closable(message);
}

place?.querySelectorAll(".note, .errsum").forEach(closable); // the queue has only the strip of undo.js
