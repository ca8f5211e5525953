/**
 * Keeps what is typed: two seconds after a change, form[data-draft-url] is posted there without its files, with the
 * form's own CSRF field; once more when the page is left with something unsaved. Buttons save by themselves.
 *
 * Says so in .save[role=status] of the form (in its [data-save-text] where there is one): 「10:24 已自动保存」. Any
 * answer other than 2xx counts as not saved; a redirect means that the session has ended.
 */
import { withoutFiles } from "./answers.js";

const PAUSE = 2000; // ms
const clock = new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Asia/Shanghai" });

function keep(form) {
  const status = form.querySelector(".save[role=status]");
  const say = (text) => status && ((status.querySelector("[data-save-text]") ?? status).textContent = text);
  let timer = 0;
  let dirty = false;

  async function save() {
    clearTimeout(timer);
    dirty = false;
    try {
      const request = { method: "POST", body: withoutFiles(form), redirect: "manual", keepalive: true };
      const response = await fetch(form.dataset.draftUrl, request);
      if (response.type === "opaqueredirect") say("登录已过期，未能自动保存；请按【下一步】，重新登录后内容仍在");
      else say(response.ok ? `${clock.format(new Date())} 已自动保存` : "未能自动保存");
    } catch {
      dirty = true;
      say("未能自动保存，请检查网络");
    }
  }

  form.addEventListener("input", ({ target }) => {
    if (target.type === "file") return;
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    clearTimeout(timer);
    dirty = false;
  });
  window.addEventListener("pagehide", () => dirty && save());
  window.addEventListener("online", () => dirty && save());
}

document.querySelectorAll("form[data-draft-url]").forEach(keep);
