/**
 * [data-upload], a form or a part of one: choosing a file sends it at once, made smaller first. Its own button, which does
 * the same without scripts, is hidden; it comes back when sending fails. What happens is told in its .busy[role=status].
 */
import { whenever } from "./fragment.js";
import { choose, shrink } from "./shrink.js";

function watch(box) {
  const input = box.querySelector("input[type=file]");
  const button = box.querySelector("button:not([type=button])");
  const status = box.querySelector("[role=status]");
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
      input.form.requestSubmit(button);
    } catch {
      button.hidden = false;
      say("请按旁边的按钮上传");
    }
  });
  window.addEventListener("pageshow", rest); // also after the back button
  rest();
}

whenever("[data-upload]", watch);
