/**
 * [data-upload], a form or a part of one. Choosing pictures sends them at once, one after the other; large ones are made
 * smaller first. Each has a line with its progress and 【取消】, and when it stopped the cause and 【重试】. The box's own
 * button, which does the same without scripts, is hidden.
 *
 * data-kind: the paper; data-endpoint: where uploads begin (ours by default); data-replaced: the page to replace. When
 * the server accepts a picture, an `uploaded` event with its answer bubbles from the box. Unless a listener prevents it,
 * the row around the box ([data-row]) is re-rendered, or the form around it is sent with the button [data-again].
 *
 * [data-unfinished]: an upload that stopped earlier. Choosing the same file resumes it.
 */
import { keptFiles, keepFile } from "./device.js";
import { countUploaded, refreshFragment, whenever } from "./fragment.js";
import { choose, shrink } from "./shrink.js";
import { markOf, Transfer, Trouble } from "./transfer.js";

const lists = new Map(); // kind -> the list of its pictures: it outlives the row, which is re-rendered
const running = new Set(); // pictures that are being sent or wait for something
const stale = new Set(); // kinds whose rows do not show the accepted pictures yet
let turn = Promise.resolve(); // one after the other, since two would hinder each other; who has to wait lets the next one go

const element = (name, values = {}, ...children) => {
  const made = Object.assign(document.createElement(name), values);
  made.append(...children);
  return made;
};

// Outside the rows, which are re-rendered: a message inside a row would be gone before it is read out.
const live = element("div", { className: "vh", role: "status" });
document.body.append(live);
const announce = (text) => (live.textContent = text);

const LONGEST_NAME = 200; // characters; the server keeps no more (blueprints/tus.py)
const FINAL = new Set(["large", "refused", "empty", "unreadable"]); // sending the same file again would not help

/** One picture on its way. `list`: where its line is, else at its paper. */
export class Picture {
  constructor(kind, fileName, list = listFor(boxOf(kind))) {
    const name = [...fileName].slice(0, LONGEST_NAME).join("");
    this.kind = kind;
    this.name = name;
    this.bar = element("progress", { max: 100, value: 0 });
    this.bar.setAttribute("aria-label", `${name} 的上传进度`);
    this.said = element("span", { className: "said" });
    this.retry = element("button", { type: "button", className: "btn btn-outline btn-sm", hidden: true }, "重试");
    this.stop = element("button", { type: "button", className: "btn btn-outline btn-sm" }, "取消");
    for (const button of [this.retry, this.stop]) button.setAttribute("aria-label", `${button.textContent}上传 ${name}`);
    this.stop.addEventListener("click", () => this.cancel());
    this.retry.addEventListener("click", () => this.again());
    this.line = element("li", {}, element("b", {}, name), this.bar, this.said, this.retry, this.stop);
    list.append(this.line);
    this.say("排队中");
  }

  get box() {
    return this.line.closest("[data-upload]") ?? boxOf(this.kind);
  }

  say(text, state = "") {
    this.said.textContent = text;
    this.line.dataset.state = state;
  }

  cancel() {
    this.cancelled = true;
    running.delete(this);
    this.transfer?.cancel();
    this.kept?.remove();
    this.leave();
    if (!this.refused) announce(`已取消 ${this.name}`);
  }

  /** Removes its line; the focus that was in it stays with its paper. */
  leave() {
    const input = this.line.contains(document.activeElement) && this.box?.querySelector("input[type=file]");
    this.line.remove();
    if (input) input.focus({ preventScroll: true });
  }

  again() {
    this.retry.hidden = true;
    if (running.has(this)) this.transfer?.retry();
    else enqueue(this);
  }

  /** Sends it; always resolves. */
  async go() {
    if (this.cancelled) return;
    try {
      this.transfer ??= await this.prepared();
      this.say("正在上传…");
      const outcome = await this.transfer.run(() => (this.begun === this.kind ? "" : this.kind));
      this.kept?.remove();
      if (outcome.ok) this.done(outcome);
      else this.failed(outcome.problem, false);
    } catch (trouble) {
      if (this.cancelled) return;
      this.broke(trouble);
    }
  }

  async prepared() {
    if (!this.blob) {
      if (!this.file.size) throw new Trouble("empty");
      this.say("正在处理图片…");
      const blob = await shrink(this.file);
      this.mark = await markOf(blob).catch(() => {
        throw new Trouble("unreadable");
      });
      this.blob = blob;
    }
    const box = this.box;
    const left = [...document.querySelectorAll("[data-unfinished]")].find((item) => item.dataset.mark === this.mark);
    this.begun = this.kind;
    const metadata = { kind: this.kind, filename: this.name, mark: this.mark, replaced: box.dataset.replaced ?? "" };
    this.url ??= left?.dataset.url;
    left?.remove();
    if (!box.dataset.endpoint) this.kept ??= await keepFile(this.kind, this.mark, this.name, this.blob);
    return new Transfer(this.blob, {
      endpoint: box.dataset.endpoint ?? "/apply/uploads",
      url: this.url,
      token: (box.closest("form") ?? box).querySelector("input[name=csrf_token]").value,
      metadata,
      onprogress: (bytes) => this.progress(bytes),
      onwait: (trouble, seconds) => this.wait(trouble, seconds),
    });
  }

  progress(bytes) {
    const percent = Math.floor((bytes * 100) / this.blob.size);
    this.bar.value = percent;
    this.retry.hidden = true;
    this.say(percent < 100 ? `已传 ${percent}%` : "已传完，正在检查图片…");
  }

  wait(trouble, seconds) {
    if (trouble.cause === "token") return;
    this.letNextGo();
    const when = navigator.onLine === false ? "" : `（${seconds} 秒后再试）`;
    this.say(trouble.message + when, "waiting");
    this.retry.hidden = false;
    announce(`${this.name}：${trouble.message}`);
  }

  done(outcome) {
    running.delete(this);
    this.leave();
    announce(`${this.name} 已上传`);
    const told = new CustomEvent("uploaded", { bubbles: true, cancelable: true, detail: outcome });
    if (this.box.dispatchEvent(told)) stale.add(this.kind);
  }

  broke(trouble) {
    this.failed(trouble.message, !FINAL.has(trouble.cause), trouble.cause);
  }

  failed(text, canRetry, cause) {
    running.delete(this);
    this.say(text, "failed");
    this.retry.hidden = !canRetry;
    this.retry.textContent = cause === "session" ? "继续" : "重试";
    this.retry.setAttribute("aria-label", `${this.retry.textContent}上传 ${this.name}`);
    if (cause === "session" && !this.line.querySelector("a")) {
      this.said.append(" ", element("a", { href: "/login", target: "_blank" }, "重新登录"));
    }
    this.refused = !canRetry;
    this.line.toggleAttribute("data-refused", this.refused);
    this.stop.textContent = canRetry ? "取消" : "知道了";
    this.stop.setAttribute("aria-label", canRetry ? `取消上传 ${this.name}` : `知道了：${this.name}`);
    announce(`${this.name} 没有传成：${text}`);
  }
}

export const boxOf = (kind) => document.querySelector(`[data-upload][data-kind="${CSS.escape(kind)}"]`);

function listFor(box) {
  const { kind } = box.dataset;
  if (!lists.has(kind)) {
    const list = element("ul", { className: "uploads" });
    list.setAttribute("aria-label", "正在上传的图片");
    lists.set(kind, list);
  }
  const list = lists.get(kind);
  if (!list.isConnected) box.append(list);
  return list;
}

/** Shows why an upload has to wait. */
function stopHere(box, text) {
  const said = box.querySelector(".stop") ?? element("p", { className: "err stop", role: "alert" });
  box.append(said);
  said.textContent = text;
}

/** Puts a picture at the end of the queue; when those of its paper are done, its row is re-rendered. */
export function enqueue(picture) {
  running.add(picture);
  turn = turn.then(() => inTurn(picture, () => picture.go().then(() => settled(picture))));
}

/** What has to be done before is done in its turn, too. */
export function first(picture, work) {
  running.add(picture);
  turn = turn.then(() => inTurn(picture, work));
}

/** Until it is done or has to wait for something. One picture does one thing after the other. */
function inTurn(picture, work) {
  const waits = new Promise((resolve) => (picture.letNextGo = resolve));
  picture.work = Promise.resolve(picture.work).then(work);
  return Promise.race([picture.work, waits]);
}

async function settled(picture) {
  if (!running.size) document.querySelectorAll(".err.stop").forEach((said) => said.remove());
  if ([...running].some((other) => other.kind === picture.kind) || !stale.delete(picture.kind)) return;
  const box = boxOf(picture.kind);
  const reload = () => document.querySelector(".uploads li:not([data-state=done])") ?? location.reload(); // would lose what can be retried
  const row = box?.closest("[data-row]");
  const again = box?.closest("form")?.querySelector("button[data-again]");
  if (row) await refreshFragment(row).then(countUploaded).catch(reload);
  else if (again) box.closest("form").requestSubmit(again);
  else location.reload();
}

function watch(box) {
  const input = box.querySelector("input[type=file]");
  const button = box.querySelector("button:not([type=button], [data-again])");
  const busy = box.querySelector(".busy");
  const rest = () => {
    button.hidden = true;
    if (busy) busy.textContent = "";
  };

  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    if (!box.dataset.kind) return plain(box, input, button);
    for (const file of input.files) send(box, file);
    input.value = ""; // the form must not send them too; and the same file can be chosen again
  });
  window.addEventListener("pageshow", rest); // also after the back button
  rest();
  if (lists.get(box.dataset.kind)?.children.length) listFor(box);
  if (box.dataset.kind && !box.dataset.endpoint) goOn(box);
}

function send(box, file) {
  const picture = new Picture(box.dataset.kind, file.name, listFor(box));
  picture.file = file;
  enqueue(picture);
}

/** Sends a file to the row of a paper. */
export const sendTo = (kind, file) => send(boxOf(kind), file);

/** Resumes unfinished pictures that this device has kept. */
async function goOn(box) {
  const { kind } = box.dataset;
  if (goOn.asked.has(kind)) return;
  goOn.asked.add(kind);
  for (const kept of await keptFiles(kind)) {
    const picture = new Picture(kind, kept.name, listFor(box));
    Object.assign(picture, { blob: kept.blob, mark: kept.mark, kept });
    enqueue(picture);
  }
}
goOn.asked = new Set();

/** One request with everything in it, for a box that names no paper. */
async function plain(box, input, button) {
  const busy = box.querySelector(".busy");
  const say = (text) => busy && (busy.textContent = text);
  try {
    say("正在处理图片…");
    choose(input, await Promise.all([...input.files].map(shrink)));
    say("正在上传，请稍候…");
    input.form.requestSubmit(button);
  } catch {
    button.hidden = false;
    say("请按旁边的按钮上传");
  }
}

/** 【放弃】 without leaving the page. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-unfinished] [data-give-up]");
  if (!button) return;
  event.preventDefault();
  const left = button.closest("[data-unfinished]");
  const token = button.form.querySelector("input[name=csrf_token]").value;
  const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": token };
  const answer = await fetch(left.dataset.url, { method: "DELETE", headers }).catch(() => null);
  if (!answer?.ok && answer?.status !== 404) {
    button.textContent = "没有放弃成，请再试";
    return;
  }
  const near = left.parentElement;
  left.remove();
  (near.querySelector("[data-give-up]") ?? near.querySelector("[data-upload] input[type=file]"))?.focus({ preventScroll: true });
  announce("已放弃没有传完的图片");
});

// Submitting is blocked while an upload runs, and closing the window asks first.
window.addEventListener("beforeunload", (event) => running.size && event.preventDefault());
document.addEventListener(
  "submit",
  (event) => {
    const { form = event.target, submitter } = event;
    const stopped = document.querySelector(".uploads [data-state=failed]:not([data-refused])"); // it can be retried
    if (form.matches("[data-stay]") || submitter?.matches("[data-again], [formtarget]") || form.target === "_blank") return;
    if (!running.size && !(stopped && form.matches("[data-final]"))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const [first] = running;
    const line = first?.line ?? stopped.closest("li");
    const n = running.size;
    const text = n ? `还有 ${n} 张图片没有传完，请等传完再继续，或点【取消】` : "有图片没有传成，请重试，或点【知道了】";
    stopHere(line.closest("[data-upload]") ?? line.closest(".uploads").parentElement, text);
    line.scrollIntoView({ block: "center" });
    line.querySelector("button:not([hidden])")?.focus();
  },
  true,
);

whenever("[data-upload]", watch);
