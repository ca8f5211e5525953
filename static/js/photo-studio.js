/**
 * The photo studio: turn, straighten, move and zoom a picture under a frame with a guide for the head, until the photo
 * fits the rule. `openStudio` builds it inside an element; photo.js and photo-tool.js decide what happens to the photo.
 * Has no effect of its own. Part of the tool that works without a network, where Cropper is there from the start.
 */
import { decode, draw } from "./shrink.js";
import { lightAdvice } from "./photo-light.js";
import { isRight, kilobytes, largestFrame, onPaper, sizesFor, toPhoto } from "./photo-rule.js";

const LONG = 1800; // px; of the copy that is moved about, so that an old phone keeps up
const SMALL = 1_000_000; // pixels; a copy of that many loses nothing
const PAUSE = 120; // ms without a change, then the photo is made
const [STEP, FINE] = [12, 2]; // px that an arrow key moves the picture
const ZOOM = 0.06;

/** The picture cannot become a photo; the message says why and what to do. */
export class Unfit extends Error {
  name = "Unfit";
}

const MARKUP = `
<div class="work">
  <div class="stage" tabindex="0" role="group" aria-label="裁剪区" aria-describedby="studio-keys"></div>
  <p class="keys" id="studio-keys">拖动照片，让头部对准椭圆、双眼对准横线；双指<span class="mouse">或滚轮</span>缩放。<span class="mouse">键盘：方向键移动，<kbd>+</kbd> <kbd>-</kbd> 缩放，<kbd>R</kbd> 右转，<kbd>0</kbd> 还原。</span></p>
  <div class="bar" role="group" aria-label="调整照片">
    <button type="button" class="btn btn-outline btn-sm" data-do="left">左转</button>
    <button type="button" class="btn btn-outline btn-sm" data-do="right">右转</button>
    <button type="button" class="btn btn-outline btn-sm" data-do="in">放大</button>
    <button type="button" class="btn btn-outline btn-sm" data-do="out">缩小</button>
    <button type="button" class="btn btn-outline btn-sm" data-do="reset">还原</button>
  </div>
  <div class="sliders">
    <label>倾斜 <span aria-hidden="true">0°</span><input type="range" data-slide="tilt" min="-15" max="15" step="0.5" value="0"></label>
    <label>亮度 <span aria-hidden="true">100%</span><input type="range" data-slide="light" min="60" max="150" step="1" value="100"></label>
  </div>
</div>
<div class="outcome">
  <p class="size"></p>
  <canvas class="print" role="img" aria-label="做好的照片"></canvas>
  <p class="made" role="status"></p>
  <ul class="advice" hidden></ul>
  <div class="do"></div>
</div>`;

export async function openStudio(place, file, rule, { load, changed = () => {} }) {
  const picture = await decode(file);
  const [width, height] = [picture.width, picture.height];
  const frame = largestFrame(width, height, rule);
  if (!sizesFor(...frame, rule).length) {
    picture.close();
    const [w, h] = frame.map(Math.floor);
    throw new Unfit(`照片太小：${width}×${height} 像素，按 ${rule.ratio.join(":")} 最多截取 ${w}×${h} 像素，至少需要 ${rule.least.join("×")} 像素。请换一张更清晰的照片`);
  }
  const box = Object.assign(document.createElement("section"), { className: "studio", innerHTML: MARKUP });
  box.setAttribute("aria-label", "照片处理");
  const right = await isRight(file, width, height, rule);
  if (!right) await load();
  place.append(box);
  const studio = new Studio(box, picture, file, rule, changed);
  if (right) await studio.keep(load);
  else await studio.begin();
  return studio;
}

class Studio {
  constructor(box, picture, file, rule, changed) {
    Object.assign(this, { box, picture, file, rule, changed, turns: 0, tilt: 0, light: 100, round: 0, pending: false });
    const [across, down] = onPaper(rule);
    this.print = box.querySelector(".print");
    Object.assign(this.print.style, { width: `${across}mm`, height: `${down}mm` });
    box.querySelector(".size").textContent = `打印大小 ${across}×${down} 毫米`;
    box.addEventListener("click", ({ target }) => this.act(target.closest("[data-do]")?.dataset.do));
    box.addEventListener("input", (event) => this.slide(event));
    box.addEventListener("keydown", (event) => this.key(event));
  }

  say(text, bad = false) {
    const line = this.box.querySelector(".made");
    line.textContent = text;
    line.classList.toggle("bad", bad);
  }

  advise(found) {
    const list = this.box.querySelector(".advice");
    list.replaceChildren(...found.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    list.hidden = !found.length;
  }

  /** The picture already fits: it is shown, and may still be changed. */
  async keep(load) {
    const { width, height } = this.picture;
    this.box.classList.add("kept");
    const again = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-outline", textContent: "仍要调整" });
    again.addEventListener("click", async () => {
      again.remove();
      await load();
      await this.begin();
      this.box.querySelector(".stage").focus();
    });
    this.box.querySelector(".do").append(again);
    this.finish({ blob: this.file, canvas: draw(this.picture), width, height }, "这张照片已经符合要求，不用改动：");
  }

  /** Opens the frame over a copy that the browser has turned upright. */
  async begin() {
    this.box.classList.remove("kept");
    const scale = Math.min(1, LONG / Math.max(this.picture.width, this.picture.height));
    const canvas = draw(this.picture, scale);
    const kind = canvas.width * canvas.height < SMALL ? "image/png" : "image/jpeg";
    const copy = await new Promise((resolve) => canvas.toBlob(resolve, kind, 0.9));
    this.image = Object.assign(new Image(), { alt: "正在处理的照片", src: (this.address = URL.createObjectURL(copy)) });
    await this.image.decode();
    this.box.querySelector(".stage").replaceChildren(this.image);
    await new Promise((ready) => {
      this.cropper = new window.Cropper(this.image, {
        aspectRatio: this.rule.ratio[0] / this.rule.ratio[1],
        viewMode: 1, // the frame always shows picture
        dragMode: "move",
        cropBoxMovable: false,
        cropBoxResizable: false,
        toggleDragModeOnDblclick: false,
        autoCropArea: 0.92,
        wheelZoomRatio: ZOOM,
        background: false,
        guides: false,
        center: false,
        checkOrientation: false, // the copy is upright, and Cropper's own way would need a request
        checkCrossOrigin: false,
        ready,
        crop: () => this.later(),
      });
    });
    await this.make();
  }

  act(what) {
    const { cropper } = this;
    if (!cropper || !what) return;
    if (what === "in" || what === "out") cropper.zoom(what === "in" ? ZOOM : -ZOOM);
    if (what === "left" || what === "right") this.turns += what === "left" ? -1 : 1;
    if (what === "reset") {
      this.turns = 0;
      this.set("tilt", 0);
      this.set("light", 100);
      cropper.reset();
    }
    if (what !== "in" && what !== "out") cropper.rotateTo(this.turns * 90 + this.tilt);
    this.later();
  }

  set(name, value) {
    const slider = this.box.querySelector(`[data-slide=${name}]`);
    this[name] = slider.value = value;
    slider.previousElementSibling.textContent = name === "tilt" ? `${value}°` : `${value}%`;
  }

  slide(event) {
    event.stopPropagation(); // not an answer of the form around it
    this.set(event.target.dataset.slide, Number(event.target.value));
    if (event.target.dataset.slide === "tilt") this.cropper?.rotateTo(this.turns * 90 + this.tilt);
    this.later();
  }

  key(event) {
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault(); // would send the form around it
    if (!this.cropper || !event.target.matches(".stage") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? FINE : STEP;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const acts = { "+": "in", "=": "in", "-": "out", _: "out", r: "right", R: "left", 0: "reset" };
    if (moves[event.key]) this.cropper.move(...moves[event.key]);
    else if (acts[event.key]) this.act(acts[event.key]);
    else return;
    event.preventDefault();
    this.later();
  }

  later() {
    this.pending = true; // the photo is not what the frame shows
    this.round++;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.make(), PAUSE);
  }

  /** The photo as it is framed at this moment; undefined when it cannot be one. */
  async result() {
    clearTimeout(this.timer);
    while (this.pending) await this.make();
    return this.photo;
  }

  async make() {
    const { round } = this;
    const data = this.cropper.getData();
    const scale = Math.max(this.picture.width, this.picture.height) / Math.max(this.image.naturalWidth, this.image.naturalHeight);
    const found = [data.width, data.height].map((side) => Math.round(side * scale));
    const sizes = sizesFor(...found, this.rule);
    const canvas = (width, height) => this.drawn(data, width, height);
    const made = await toPhoto(sizes, canvas, this.rule);
    if (round !== this.round || !this.cropper) return;
    this.pending = false;
    if (made) return this.finish(made, `截取 ${found.join("×")} 像素，做成 `);
    this.photo = undefined;
    const few = `截取 ${found.join("×")} 像素，少于 ${this.rule.least.join("×")}：请缩小照片，让方框里的内容多一些，或换一张更清晰的照片`;
    this.say(sizes.length ? `无法压缩到 ${this.rule.bytes / 1000} KB 以下，请换一张背景简单的照片` : few, true);
    this.advise([]);
    this.show(canvas(...this.rule.least));
    this.changed(undefined);
  }

  finish({ blob, canvas, width, height }, before) {
    this.photo = blob;
    this.show(canvas);
    this.say(`${before}${width}×${height} 像素，${kilobytes(blob.size)}，可以使用`);
    this.advise(lightAdvice(canvas, this.rule));
    this.changed(blob, canvas);
  }

  show(canvas) {
    Object.assign(this.print, { width: canvas.width, height: canvas.height });
    this.print.getContext("2d").drawImage(canvas, 0, 0);
  }

  /** What the frame shows. Where a tilted picture leaves a corner empty, the wall's colour fills it. */
  drawn({ x, y, width, height, rotate }, across, down) {
    const canvas = Object.assign(document.createElement("canvas"), { width: across, height: down });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const [w, h] = [this.image.naturalWidth, this.image.naturalHeight];
    const angle = (rotate * Math.PI) / 180;
    const [sin, cos] = [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))];
    context.fillStyle = this.wall();
    context.fillRect(0, 0, across, down);
    context.imageSmoothingQuality = "high";
    context.scale(across / width, down / height);
    context.translate((w * cos + h * sin) / 2 - x, (w * sin + h * cos) / 2 - y);
    context.rotate(angle);
    context.drawImage(this.picture, -w / 2, -h / 2, w, h);
    context.setTransform(1, 0, 0, 1, 0, 0);
    if (this.light !== 100) brighten(context, this.light / 100);
    return canvas;
  }

  /** The mean colour along the picture's upper edge. */
  wall() {
    if (this.wallColour) return this.wallColour;
    const line = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    line.imageSmoothingQuality = "high";
    line.drawImage(this.image, 0, 0, this.image.naturalWidth, this.image.naturalHeight / 40, 0, 0, 1, 1);
    const [red, green, blue] = line.getImageData(0, 0, 1, 1).data;
    return (this.wallColour = `rgb(${red}, ${green}, ${blue})`);
  }

  close() {
    clearTimeout(this.timer);
    this.pending = false;
    this.cropper?.destroy();
    this.cropper = undefined;
    this.picture.close();
    URL.revokeObjectURL(this.address);
    this.box.remove();
  }
}

/** Canvas filters are missing in Safari. */
function brighten(context, gain) {
  const image = context.getImageData(0, 0, context.canvas.width, context.canvas.height);
  for (let i = 0; i < image.data.length; i++) if (i % 4 < 3) image.data[i] *= gain; // clamped by its type
  context.putImageData(image, 0, 0);
}
