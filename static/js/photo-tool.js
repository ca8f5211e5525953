/**
 * 照片处理: [data-photo-tool] with an input[type=file]. The same studio as on 个人信息; the photo is saved as a file and
 * sent nowhere. The last of the modules that 【下载照片处理工具】 puts into one file: there Cropper is loaded already.
 */
import { openStudio, Unfit } from "./photo-studio.js";
import { isHeic, kilobytes, readRule } from "./photo-rule.js";

const HEIC = "这是手机的 HEIC 照片，本浏览器打不开。请在 iPhone 的「设置-相机-格式」里选择「兼容性最佳」后重新拍照，或在手机上把照片另存为 jpg";

async function loadCropper({ cropperJs, cropperCss }) {
  if (window.Cropper) return;
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: cropperCss });
  document.head.append(sheet);
  await Promise.all([new Promise((resolve, reject) => Object.assign(sheet, { onload: resolve, onerror: reject })), import(cropperJs)]);
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(URL.revokeObjectURL, 60_000, link.href);
}

function runTool(tool) {
  const input = tool.querySelector("input[type=file]");
  const note = tool.querySelector("[data-note]");
  const place = tool.querySelector("[data-place]");
  const rule = readRule(input.dataset);
  let studio;

  function say(text, bad = false) {
    note.textContent = text;
    note.classList.toggle("bad", bad);
  }

  async function open(file) {
    studio?.close();
    studio = undefined;
    say("正在打开照片…");
    const base = file.name.replace(/\.[^.]*$/, "") || "照片";
    const keep = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary", textContent: "保存照片" });
    keep.addEventListener("click", async () => {
      const blob = await studio?.result();
      if (!blob) return;
      save(blob, `${base}_一寸.jpg`);
      say(`已保存，${kilobytes(blob.size)}。请到系统的个人信息页上传`);
    });
    try {
      studio = await openStudio(place, file, rule, { load: () => loadCropper(input.dataset), changed: (blob) => (keep.disabled = !blob) });
    } catch (error) {
      if (error instanceof Unfit) say(error.message, true);
      else say((await isHeic(file)) ? HEIC : "打不开这个文件：请选择 jpg 或 png 图片", true);
      return;
    }
    say("");
    studio.box.querySelector(".do").prepend(keep);
    (studio.cropper ? studio.box.querySelector(".stage") : keep).focus({ preventScroll: true });
    studio.box.scrollIntoView({ block: "nearest" });
  }

  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = ""; // the same file may be chosen again
    if (file) open(file);
  });
  tool.addEventListener("dragover", (event) => event.preventDefault());
  tool.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) open(file);
  });
}

document.querySelectorAll("[data-photo-tool]").forEach(runTool);
