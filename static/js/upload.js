/**
 * form[data-upload]: choosing a file sends it at once, made smaller first. Its own button, which does the same without
 * scripts, is hidden; it comes back when sending fails. What happens is told in the form's .busy[role=status].
 */
import { choose, shrink } from "./shrink.js";

function watch(form) {
  const input = form.querySelector("input[type=file]");
  const button = form.querySelector("button:not([type=button])");
  const status = form.querySelector("[role=status]");
  const say = (text) => status && (status.textContent = text);
  const rest = () => {
    button.hidden = true;
    say("");
  };

  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    try {
      say("正在处理图片…");
      choose(input, await Promise.all([...input.files].map(shrink)));
      say("正在上传，请稍候…");
      form.requestSubmit(button);
    } catch {
      button.hidden = false;
      say("请按旁边的按钮上传");
    }
  });
  window.addEventListener("pageshow", rest); // also after the back button
  rest();
}

document.querySelectorAll("form[data-upload]").forEach(watch);
