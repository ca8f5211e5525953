/**
 * The strip with 【撤销】, form[data-undo="seconds"]: counts down in [data-left] and is removed when the time is over. Without
 * scripts it stays, and the server says that it is too late.
 */
import { closable } from "./said.js";

for (const strip of document.querySelectorAll("form[data-undo]")) {
  const until = Date.now() + Number(strip.dataset.undo) * 1000;
  const left = strip.querySelector("[data-left]");
  const timer = setInterval(draw, 500);

  function draw() {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    left.textContent = Math.max(0, seconds);
    if (seconds > 0) return;
    clearInterval(timer);
    strip.remove();
  }
  draw();
  closable(strip);
}
