/**
 * The one-inch photo: input[type=file][data-photo]. After choosing, the person frames the face in 5:7; the frame goes
 * along as fractions of the upright picture in the fields crop_x, crop_y, crop_w, crop_h (created when the form has
 * none), and the picture is made smaller first when it is big. The server crops; without scripts it crops the middle.
 *
 * The tool opens after the closest .photo, a preview is drawn into its .frame. Cropper's files are found beside this
 * module, or at the input's data-cropper-js and data-cropper-css.
 */
import { choose, decode, draw, shrink, toFile } from "./shrink.js";

const [WIDTH, HEIGHT] = [295, 413]; // px of a printed one-inch photo at 300 dpi, the least that is accepted
const VENDOR = new URL("../vendor/cropperjs/", import.meta.url);

/** Loads the library on first use: most visits to the page change no photo. */
async function loadCropper({ cropperJs, cropperCss }) {
  if (window.Cropper) return;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = cropperCss ?? new URL("cropper.min.css", VENDOR);
  const styled = new Promise((resolve, reject) => Object.assign(sheet, { onload: resolve, onerror: reject }));
  document.head.append(sheet);
  await Promise.all([styled, import(cropperJs ?? new URL("cropper.min.js", VENDOR))]);
}

function cropField(form, name) {
  const field = form.elements[name] ?? Object.assign(document.createElement("input"), { type: "hidden", name });
  if (!field.form) form.append(field);
  return field;
}

function makeTool(input) {
  const tool = document.createElement("div");
  tool.className = "crop";
  tool.innerHTML = `<p class="hint">拖动照片或方框，让脸部对准虚线椭圆；按住方框四角可以放大缩小。</p>
    <div class="area"></div>
    <div class="bar" role="group" aria-label="调整照片">
      <button type="button" class="btn btn-outline btn-sm" data-do="in">放大</button>
      <button type="button" class="btn btn-outline btn-sm" data-do="out">缩小</button>
      <button type="button" class="btn btn-outline btn-sm" data-do="left">左转</button>
      <button type="button" class="btn btn-outline btn-sm" data-do="right">右转</button>
      <button type="button" class="btn btn-outline btn-sm" data-do="reset">还原</button>
    </div>
    <p class="hint" role="status"></p>`;
  (input.closest(".photo") ?? input.parentElement).after(tool);
  return tool;
}

function enhance(input) {
  const fields = ["crop_x", "crop_y", "crop_w", "crop_h"].map((name) => cropField(input.form, name));
  const frame = input.closest(".photo")?.querySelector(".frame");
  const placeholder = [...(frame?.childNodes ?? [])];
  let tool, cropper, address;

  const say = (text) => (tool.querySelector("[role=status]").textContent = text);

  function record() {
    const { x, y, width, height } = cropper.getData();
    const { naturalWidth, naturalHeight } = cropper.getImageData();
    const box = [x / naturalWidth, y / naturalHeight, width / naturalWidth, height / naturalHeight];
    fields.forEach((field, i) => (field.value = Math.min(1, Math.max(0, box[i])).toFixed(5)));
    const found = `截取 ${Math.round(width)}×${Math.round(height)} 像素`;
    const small = width < WIDTH || height < HEIGHT;
    say(small ? `${found}，小于 ${WIDTH}×${HEIGHT}，请把方框放大，或换一张更清晰的照片` : `${found}，可以使用`);
    frame?.replaceChildren(cropper.getCroppedCanvas({ width: WIDTH, height: HEIGHT }));
  }

  function close() {
    cropper?.destroy();
    cropper = undefined;
    URL.revokeObjectURL(address);
    tool?.remove();
    fields.forEach((field) => (field.value = ""));
    frame?.replaceChildren(...placeholder);
  }

  async function open(file) {
    close();
    tool = makeTool(input);
    await loadCropper(input.dataset);
    const image = new Image();
    image.alt = "待裁剪的照片";
    image.src = address = URL.createObjectURL(file);
    await image.decode();
    tool.querySelector(".area").replaceChildren(image);
    // The browser has turned the picture already; Cropper's own way would need a request.
    const options = { checkOrientation: false, checkCrossOrigin: false, background: false, guides: false, center: false };
    const ready = () => record();
    cropper = new window.Cropper(image, {
      ...options, aspectRatio: 5 / 7, viewMode: 1, autoCropArea: 0.9, dragMode: "move", toggleDragModeOnDblclick: false,
      ready, cropend: record, zoom: () => setTimeout(record),
    });
    tool.addEventListener("click", ({ target }) => act(target.dataset.do));
  }

  async function act(what) {
    if (what === "in") cropper.zoom(0.1);
    if (what === "out") cropper.zoom(-0.1);
    if (what === "reset") cropper.reset();
    if (what === "left" || what === "right") return turn(what === "left" ? 3 : 1);
    if (what) record();
  }

  /** Turns the picture itself, so that the fractions keep their plain meaning. */
  async function turn(quarters) {
    const picture = await decode(input.files[0]);
    await take(await toFile(draw(picture, 1, quarters), input.files[0].name));
    picture.close();
  }

  async function take(file) {
    choose(input, [file]);
    await open(file);
  }

  input.addEventListener("change", async () => {
    if (!input.files.length) return close();
    try {
      await take(await shrink(input.files[0]));
    } catch {
      close();
      tool = makeTool(input);
      tool.replaceChildren(tool.lastElementChild);
      say("浏览器打不开这个文件，无法预览；仍可直接上传，由系统检查。");
    }
  });
}

document.querySelectorAll("input[type=file][data-photo]").forEach(enhance);
