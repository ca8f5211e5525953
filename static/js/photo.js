/**
 * The one-inch photo of a form: input[type=file][data-photo]. Choosing a picture opens the studio after the closest .photo.
 * The finished photo is put into the input before the form is sent, by any button. A picture that already fits the rule,
 * and one that this browser cannot open (HEIC), is sent as it is: the server repeats every check.
 *
 * Data attributes (templates/macros/photo.html) name the rule and the files that only the studio needs.
 */
import { choose } from "./shrink.js";

/** Loads a style sheet that most visits to the page do not need. */
function loadStyle(href) {
  if (document.querySelector(`link[href="${href}"]`)) return undefined;
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  document.head.append(sheet);
  return new Promise((resolve, reject) => {
    const failed = () => {
      sheet.remove(); // the next picture tries again
      reject(new TypeError(href));
    };
    Object.assign(sheet, { onload: resolve, onerror: failed });
  });
}

async function loadCropper({ cropperJs, cropperCss }) {
  if (!window.Cropper) await Promise.all([loadStyle(cropperCss), import(cropperJs)]);
}

function button(text, className, press) {
  const made = Object.assign(document.createElement("button"), { type: "button", className, textContent: text });
  made.addEventListener("click", press);
  return made;
}

function enhance(input) {
  const photo = input.closest(".photo") ?? input.parentElement;
  const frame = photo.querySelector(".frame");
  const before = [...(frame?.childNodes ?? [])];
  const told = photo.querySelectorAll(".okmsg, .err, [data-advice]"); // about the previous photo
  const send = input.form.querySelector("button[data-photo-send]");
  const camera = input.form.querySelector("input[data-photo-camera]");
  const note = Object.assign(document.createElement("p"), { className: "hint" });
  let studio;
  let place; // of the latest choice: what an earlier one still has to say goes into an element that nobody sees
  let turn = 0; // which choice is the latest: an earlier one that is still being opened must say nothing
  let name = "照片.jpg";

  note.setAttribute("role", "status");
  photo.after(note);
  if (send) send.hidden = true; // the studio has its own

  function close() {
    studio?.close();
    studio = undefined;
    place?.remove();
    note.after((place = document.createElement("div")));
    frame?.replaceChildren(...before);
    note.textContent = "";
    for (const line of told) line.hidden = false;
    if (send) send.hidden = true;
  }

  function put(blob, canvas) {
    if (blob) choose(input, [blob instanceof File ? blob : new File([blob], name, { type: "image/jpeg" })]);
    else input.value = "";
    frame?.replaceChildren(...(canvas ? [canvas] : before));
  }

  async function open(file) {
    close();
    const mine = ++turn;
    const isLatest = () => mine === turn;
    name = `${file.name.replace(/\.[^.]*$/, "") || "照片"}.jpg`;
    note.textContent = "正在打开照片…";
    try {
      if (!file.size) throw Object.assign(new Error("文件是空的，可能还没有下载到本机。请打开看一看，再重新选择。"), { name: "Unfit" });
      const { readRule } = await import("./photo-rule.js");
      const { openStudio } = await import("./photo-studio.js");
      await loadStyle(input.dataset.studioCss); // a photo that already fits needs it too, but no Cropper
      const options = { load: () => loadCropper(input.dataset), changed: (...made) => isLatest() && put(...made) };
      if (!isLatest()) return undefined;
      const opened = await openStudio(place, file, readRule(input.dataset), options);
      if (!isLatest()) return opened.close();
      studio = opened;
    } catch (error) {
      return isLatest() ? refuse(file, error, isLatest) : undefined;
    }
    note.textContent = "";
    const cancel = button("取消", "btn btn-outline", () => {
      close();
      input.value = "";
      input.focus();
    });
    const use = button("上传这张照片", "btn btn-primary", () => input.form.requestSubmit(send));
    studio.box.querySelector(".do").prepend(...(send ? [use, cancel] : [cancel]));
    for (const line of told) line.hidden = true;
    studio.box.scrollIntoView({ block: "nearest" });
    (studio.cropper ? studio.box.querySelector(".stage") : send ? use : cancel).focus({ preventScroll: true });
  }

  /** Takes a file out of the form that the server would refuse too. The server judges files that cannot be opened here. */
  async function refuse(file, error, isLatest) {
    const isHeic = (await file.slice(4, 8).text()) === "ftyp";
    if (!isLatest()) return;
    close();
    if (send) send.hidden = error.name === "Unfit";
    note.classList.toggle("bad", error.name === "Unfit");
    if (error.name === "Unfit") {
      input.value = "";
      note.textContent = error.message;
    } else if (error instanceof TypeError) {
      note.textContent = "照片工具没有加载成功，请检查网络；也可以直接点【上传】，由系统裁剪。";
    } else if (isHeic) {
      note.textContent = "这是手机的 HEIC 照片，本浏览器不能预览。请直接点【上传】，由系统转换、摆正并裁剪。";
    } else {
      note.textContent = "浏览器打不开这个文件，无法预览；仍可直接上传，由系统检查。";
    }
  }

  input.addEventListener("change", () => (input.files.length ? open(input.files[0]) : close()));
  input.form.addEventListener("submit", async (event) => {
    if (!studio?.pending) return; // the photo in the input is the one in the frame
    event.preventDefault();
    const { submitter } = event;
    await studio.result();
    input.form.requestSubmit(submitter);
  });
  if (camera && matchMedia("(pointer: coarse)").matches) {
    camera.closest("label").hidden = false;
    camera.addEventListener("change", () => {
      if (!camera.files.length) return;
      choose(input, camera.files);
      camera.value = "";
      open(input.files[0]);
    });
  }
}

document.querySelectorAll("input[type=file][data-photo]").forEach(enhance);
