/**
 * form[data-hand-over] 【用手机拍照】: shows the QR code in a dialog over the page, counts down, and asks every two seconds
 * whether the phone has sent the picture, while the page is seen. Then the paper's row is fetched again (or the page).
 * The code for all papers ([data-whole]) stays: each row is fetched again when its pictures have changed.
 *
 * button[data-hand-over-by=<id of such a form>] belongs to another form. Without scripts it sends that form, so that what
 * is typed there is kept.
 */
import { countUploaded, refreshFragment } from "./fragment.js";

const EVERY = 2000; // ms
const live = document.createElement("div");
live.className = "vh";
live.setAttribute("role", "status");
document.body.append(live);

let shown = null; // the QR code in the dialog

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

class Shown {
  constructor(form, dialog) {
    Object.assign(this, { form, dialog });
    this.part = dialog.querySelector("[data-hand-over-shown]");
    this.until = Date.now() + Number(this.part.dataset.seconds) * 1000;
    this.text = this.part.querySelector("[data-left-text]");
    this.whole = "whole" in this.part.dataset;
    this.timer = setInterval(() => this.tick(), 1000);
    this.asking = setInterval(() => this.ask(), EVERY);
    this.tick();
    this.ask(); // at once: a picture that comes before the first answer would not be news
  }

  tick() {
    const left = Math.max(0, Math.round((this.until - Date.now()) / 1000));
    if (left) this.count(left);
    else this.over();
  }

  count(left) {
    if (this.sending && !this.whole) return;
    // Read out once a minute: every second would drown everything else.
    this.text.setAttribute("aria-live", left % 60 ? "off" : "polite");
    const limit = this.sending ? "只限正在使用的那部手机" : this.whole ? "只限先上传的那部手机" : "只能上传一张图片";
    this.text.textContent = `还有 ${clock(left)} 有效，${limit}。请不要把它发给别人。`;
  }

  async ask() {
    if (document.hidden || this.busy) return;
    this.busy = true;
    try {
      const answer = await fetch(this.part.dataset.state, { headers: { Accept: "application/json" } });
      if (!answer.ok) return this.over();
      const { state, pictures } = await answer.json();
      if (this !== shown) return;
      if (pictures) await this.arrived(pictures);
      if (state === "done") await this.done();
      if (state === "over") this.over();
      if (state === "sending" && !this.sending) {
        this.sending = true;
        if (this.whole) return this.part.classList.add("over"); // the code is of no use to other phones now
        this.text.setAttribute("aria-live", "polite");
        this.text.textContent = "手机正在上传，请稍候…";
      }
    } catch {
      // no network for a moment: the next time
    } finally {
      this.busy = false;
    }
  }

  /** Shows again the papers whose pictures have changed, and says which ones there are. */
  async arrived(pictures) {
    const before = this.pictures ?? pictures;
    this.pictures = pictures;
    this.news ??= new Set();
    for (const kind of new Set([...Object.keys(before), ...Object.keys(pictures)])) {
      if (String(before[kind]) === String(pictures[kind])) continue;
      const row = document.getElementById(`paper-${kind}`);
      const fresh = row && (await refreshFragment(row).catch(() => null));
      this.news.add(fresh ? fresh.querySelector("h2 > :first-child").textContent : "一寸照片");
      countUploaded();
    }
    const said = this.part.querySelector("[data-arrived]");
    said.hidden = !this.news.size;
    said.textContent = `已收到：${[...this.news].join("、")}`;
  }

  stop() {
    clearInterval(this.timer);
    clearInterval(this.asking);
  }

  over() {
    this.stop();
    this.part.classList.add("over");
    this.text.setAttribute("aria-live", "polite");
    this.text.textContent = "二维码已失效。要继续，请换一个二维码。";
    this.part.querySelector("[data-renew]").hidden = false;
  }

  async done() {
    this.stop();
    const row = this.form.closest("[data-row]");
    const { whole } = this;
    close();
    if (whole) {
      live.textContent = "手机已经拍完";
      return this.form.querySelector("button").focus();
    }
    if (!row) return location.reload();
    const fresh = await refreshFragment(row).catch(() => location.reload());
    if (!fresh) return;
    countUploaded();
    live.textContent = "手机拍的图片已上传";
    fresh.classList.add("fresh");
    const heading = fresh.querySelector("h2");
    heading.tabIndex = -1;
    (fresh.querySelector("[data-hand-over] button") ?? heading).focus();
    fresh.scrollIntoView({ block: "nearest" });
  }
}

function close() {
  shown?.stop();
  shown?.dialog.remove();
  shown = null;
}

async function cancel() {
  const { form, part } = shown;
  const { action } = part.querySelector("[data-cancel]");
  const body = new FormData(part.querySelector("[data-cancel]"));
  close();
  form.querySelector("button")?.focus();
  document.querySelector(`button[form="${form.id}"]`)?.focus();
  await fetch(action, { method: "POST", body, redirect: "manual" }).catch(() => null);
}

async function open(form, source = form) {
  const body = new FormData(source);
  body.set("part", "yes");
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return location.reload();
  close();
  const dialog = document.createElement("dialog");
  dialog.className = "over-page";
  dialog.setAttribute("aria-label", "用手机拍照");
  dialog.innerHTML = await answer.text();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    cancel();
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (event.target.matches("[data-renew]")) open(form, event.target);
    else cancel();
  });
  document.body.append(dialog);
  dialog.showModal();
  shown = new Shown(form, dialog);
}

for (const button of document.querySelectorAll("button[data-hand-over-by]")) {
  button.setAttribute("form", button.dataset.handOverBy);
  button.removeAttribute("name"); // "action" would hide the form's own
}
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[data-hand-over]")) return;
  event.preventDefault();
  open(event.target);
});
document.addEventListener("visibilitychange", () => shown?.ask());
window.addEventListener("pageshow", (event) => event.persisted && close());
