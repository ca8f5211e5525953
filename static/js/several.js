/**
 * [data-several]: pictures of several papers, chosen at once. The server says to which paper each one goes (by its name,
 * else in the order of the list); each is then sent to the row of its paper (upload.js). What was put where is said here,
 * with links to the rows: 【移动】 there mends a wrong guess. Without scripts the form does the same.
 */
import { sendTo } from "./upload.js";

const form = document.querySelector("[data-several]");
const input = form.querySelector("input[type=file]");
const said = form.querySelector("[data-said]");
form.querySelector("button").hidden = true;

const line = (name, kind) => {
  const row = kind && document.getElementById(`paper-${kind}`);
  const item = document.createElement("li");
  item.append(`${name} → `);
  if (!row) item.append("没有还要上传的附件，这张没有存入");
  else item.append(Object.assign(document.createElement("a"), { href: `#${row.id}`, textContent: row.querySelector("h2 > :first-child").textContent }));
  return item;
};

input.addEventListener("change", async () => {
  const files = [...input.files];
  if (!files.length) return;
  input.value = "";
  const names = new URLSearchParams(files.map((file) => ["name", file.name]));
  const answer = await fetch(`${form.dataset.several}?${names}`).catch(() => null);
  if (!answer?.ok || answer.redirected) {
    said.textContent = "没有连上平台，请检查网络后再选一次。";
    return;
  }
  const kinds = await answer.json();
  const list = document.createElement("ul");
  list.append(...files.map((file, at) => line(file.name, kinds[at])));
  said.replaceChildren("已按文件名和先后顺序放好，请逐项核对；放错的，点该图片的【移动】：", list);
  files.forEach((file, at) => kinds[at] && sendTo(kinds[at], file));
});
