/**
 * [data-drop], 附件上传: pictures of several papers at once, chosen in [data-several], dropped on the page or pasted. What
 * is dropped on the row of a paper, or pasted while the focus is in it, is sent to that paper.
 *
 * The others are sorted. A name may tell the paper. Pictures whose names do not are sent first, and the server looks
 * which one is the printed sheet; then it proposes a paper for each of the rest. The line of each picture has its progress
 * and a list in which the proposal can be changed, before and after the picture has been added. Without scripts the form
 * does the same, and 【移动】 mends a wrong guess.
 */
import { refreshFragment, countUploaded } from "./fragment.js";
import { Picture, boxOf, enqueue, first, sendTo } from "./upload.js";

const page = document.querySelector("[data-drop]");
const zone = document.querySelector("[data-drop-zone]");
const said = zone?.querySelector("[data-said]");
const total = zone?.querySelector("[data-total]");
const list = Object.assign(document.createElement("ul"), { className: "uploads" });
list.setAttribute("aria-label", "一起上传的图片");
const pictures = []; // all of this page, in their order

const rowOf = (kind) => document.getElementById(`paper-${kind}`);
const titleOf = (row) => row.querySelector("h2 > :first-child").textContent;

/** A picture that may go to any paper. */
class Sorted extends Picture {
  constructor(file, kind) {
    super(kind ?? "sheet", file.name, list); // every declaration has this paper, and an upload begins for one
    Object.assign(this, { file, share: 0 });
    this.choice = document.createElement("select");
    this.choice.className = "form-select form-select-sm";
    this.choice.setAttribute("aria-label", `${file.name} 是哪一项附件`);
    for (const row of document.querySelectorAll("[data-row]")) this.choice.append(new Option(titleOf(row), row.id.replace("paper-", "")));
    this.choice.prepend(new Option("请选择附件", ""));
    this.choice.value = kind ?? "";
    this.choice.addEventListener("change", () => this.chosen());
    this.said.before(this.choice);
  }

  /** Is it still open where it goes? */
  get isOpen() {
    return !this.placed && !this.cancelled && this.line.dataset.state !== "failed";
  }

  chosen() {
    const { value } = this.choice;
    if (value && this.page) moved(this, value);
    else if (value) this.place(value);
  }

  /** It goes to this paper; until it is being added another one can still be chosen. */
  place(kind) {
    const isNew = !this.placed || this.refused;
    this.choice.value = kind ?? "";
    if (!kind) return this.failed("需要的附件都已上传。要替换或者添加的，请选择是哪一项", false);
    Object.assign(this, { kind, placed: true, refused: false });
    if (isNew) enqueue(this);
  }

  /** Sends it, and has the server look whether it is the printed sheet; always resolves. */
  async ahead() {
    if (!this.isOpen) return false;
    try {
      this.transfer ??= await this.prepared();
      this.say("正在上传…");
      const { sheet } = await this.transfer.look();
      if (this.isOpen) this.say("已传完，等其他图片传完后一起放好");
      return sheet && this.isOpen;
    } catch (trouble) {
      if (!this.cancelled) this.broke(trouble);
      return false;
    }
  }

  again() {
    this.retry.hidden = true;
    if (this.placed || this.transfer?.waiting) super.again();
    else this.place(this.choice.value);
  }

  progress(bytes) {
    super.progress(bytes);
    this.share = bytes / this.blob.size;
    this.choice.disabled = this.placed && this.share === 1;
    count();
  }

  done(outcome) {
    this.page = outcome.page;
    super.done(outcome);
    this.say("已存入", "done");
    this.choice.disabled = false;
    count();
  }

  failed(...why) {
    super.failed(...why);
    this.choice.disabled = false;
    count();
  }

  leave() {
    if (this.page) {
      for (const part of [this.bar, this.retry, this.stop]) part.hidden = true;
    } else {
      super.leave();
      pictures.splice(pictures.indexOf(this), 1);
      count();
    }
  }
}

function count() {
  total.hidden = !pictures.length;
  total.querySelector("progress").value = (100 * pictures.reduce((sum, one) => sum + (one.page ? 1 : one.share), 0)) / pictures.length;
  total.querySelector("span").textContent = `共 ${pictures.length} 张，已存入 ${pictures.filter((one) => one.page).length} 张`;
}

/** Another paper for a picture that has been added: 【移动】; of papers with one picture, the two change places. */
async function moved(picture, to) {
  const from = picture.kind;
  const body = new FormData();
  body.set("csrf_token", zone.querySelector("input[name=csrf_token]").value);
  body.set("kind", to);
  const answer = await fetch(`/apply/pages/${picture.page}/to`, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer?.type !== "opaqueredirect") {
    picture.choice.value = from;
    picture.say("没有移动成，请在该项附件里点【移动】", "done");
    return;
  }
  const other = pictures.find((one) => one !== picture && one.page && one.kind === to);
  if (other && boxOf(to).dataset.maxPages === "1") [other.kind, other.choice.value] = [from, from];
  picture.kind = to;
  if ([from, to].includes("sheet")) picture.choice.disabled = true; // it was read again, and is another page now
  for (const kind of [from, to]) await refreshFragment(rowOf(kind)).catch(() => location.reload());
  countUploaded();
}

/** What the server proposes for pictures; `sheet`: which one of them shows the printed sheet. */
async function ask(group, sheet = -1) {
  const query = new URLSearchParams(group.map((one) => ["name", one.name]));
  for (const one of pictures) if (!one.page && !one.cancelled && !group.includes(one)) query.append("taken", one.kind);
  if (sheet >= 0) query.append("sheet", sheet);
  const answer = await fetch(`${page.dataset.drop}?${query}`).catch(() => null);
  return answer?.ok && !answer.redirected ? answer.json() : null;
}

let before = Promise.resolve();

/** Pictures that come one after the other, faster than the server answers, must not be proposed for the same paper. */
function add(files) {
  const next = () => addNow(files);
  before = before.then(next, next);
}

/** Sends each picture to its paper as soon as that is known: at once, when the sheet is found, or when all were looked at. */
async function addNow(files) {
  const plan = await ask(files);
  if (!plan) {
    said.textContent = "没有连上平台，请检查网络后再选一次。";
    return;
  }
  said.textContent = "请逐项核对；放错的，在这里改选，或点该图片的【移动】。";
  if (!list.isConnected) said.after(list);
  const group = files.map((file, at) => new Sorted(file, plan.kinds[at]));
  pictures.push(...group);
  count();
  const known = group.filter((one, at) => !plan.look || plan.sure[at]);
  for (const one of known) one.place(plan.kinds[group.indexOf(one)]);
  const unknown = group.filter((one) => !known.includes(one));
  let left = unknown.length;
  for (const one of unknown) {
    first(one, async () => {
      const isSheet = await one.ahead();
      const open = unknown.filter((other) => other.isOpen);
      left -= 1;
      if (isSheet) {
        const anew = await ask(open, open.indexOf(one));
        open.forEach((other, at) => other.place(anew ? anew.kinds[at] : plan.kinds[group.indexOf(other)]));
      } else if (!left) {
        for (const other of open) other.place(plan.kinds[group.indexOf(other)]);
      }
    });
  }
}

/** Files that come without a chooser: to the row they are meant for, else they are sorted. */
function take(files, row) {
  if (row) for (const file of files) sendTo(row.id.replace("paper-", ""), file);
  else if (zone && files.length) add(files);
}

const form = zone?.querySelector("[data-several]");
if (form) {
  const input = form.querySelector("input[type=file]");
  form.querySelector("button").hidden = true;
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) add(files);
  });
}

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
const rowAt = ({ target }) => target.closest?.("[data-row]");
function mark(event) {
  page.classList.toggle("dropping", Boolean(event));
  for (const row of page.querySelectorAll(".over")) row.classList.remove("over");
  (event && rowAt(event))?.classList.add("over");
}
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault(); // else the browser would open the file in the place of the page
  event.dataTransfer.dropEffect = zone || rowAt(event) ? "copy" : "none";
  mark(event);
});
document.addEventListener("dragleave", (event) => event.relatedTarget ?? mark(null));
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  mark(null);
  take([...event.dataTransfer.files], rowAt(event));
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  const named = files.map((file) => new File([file], `粘贴的图片${file.name.replace(/^[^.]*/, "")}`, { type: file.type }));
  take(named, rowAt({ target: document.activeElement }));
});
