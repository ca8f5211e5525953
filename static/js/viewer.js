/**
 * The officer's picture viewer, [data-viewer]: a .stage for the picture, one more ([data-before]) for that of the previous
 * submission, an <output data-z> for the zoom, buttons data-a="in|out|left|right|fit|prev|next|compare|frame", and thumbnails
 * [data-thumb] with data-kind, data-page (from 0), data-title and data-picture: JSON of a services.review.pictures.ReviewPicture
 * with the addresses `address` of itself and of `before`.
 *
 * Keys: [ ] previous and next, r and R turn, + - zoom, 0 fits, d compares, x frames a place.
 *
 * Events on the viewer, from other modules and to them:
 *   "show-picture" {kind, page, rect}   shows a paper. Without `page`: the first page, or the one already shown of it.
 *                                       `rect` (left, top, width, height as fractions of the stored picture) is the frame
 *                                       of the mark on this paper, null takes it away, undefined leaves it.
 *   "rectangle" {kind, page, rect}      a place was framed.
 *   "picture-shown" {kind, page}        a picture of a paper came into view, for whatever reason.
 *   "picture-chosen" {kind, stay}       the person went to a picture: its row follows (review.js). `stay`: the focus is on
 *                                       a button or thumbnail that a key pressed, and remains there.
 *
 * After a return, new pictures stand next to the ones that they replace until the person says otherwise.
 *
 * The next picture of this file is loaded and decoded in advance, and each <img> is kept: no-store pictures are asked for once.
 * Then the first pictures of the next submission in hand are loaded: [data-preload] has their addresses, [data-session] the
 * session (preload.js). When the previous page has done that for this one, the page comes without its first <img>.
 */
import { addressOf, preload } from "./preload.js";
import { gestures } from "./gestures.js";
import { isShortcut, keyOf } from "./keys.js";
import { Pane } from "./pane.js";
import { framing } from "./rectangle.js";
import { View } from "./zoom.js";

const KEYS = { "[": "prev", "]": "next", r: "right", R: "left", "+": "in", "=": "in", "-": "out", 0: "fit", d: "compare", x: "frame" };
const NONE_NOW = "本次没有这张图片";
const NONE_BEFORE = "上次没有这张图片";
const BROKEN = "图片无法显示，请刷新页面再试；仍不能显示的，请联系系统管理员";

/** The pictures of a thumbnail: {thumb, kind, page, title, now, before}; of `now` and `before` one may be null. */
function entry(thumb) {
  const { kind, title = "", picture } = thumb.dataset;
  const found = picture ? JSON.parse(picture) : { address: thumb.href, frames: [] };
  const [now, before] = found.gone ? [null, found] : [found, found.before ?? null];
  return { thumb, kind, title, page: Number(thumb.dataset.page ?? 0), now, before, isNew: Boolean(found.is_new) };
}

class Viewer {
  constructor(root) {
    const stages = [...root.querySelectorAll(".stage")];
    const before = stages.find((stage) => stage.hasAttribute("data-before"));
    this.root = root;
    this.view = new View();
    this.main = new Pane(stages.find((stage) => stage !== before), this.view);
    this.other = before && new Pane(before, this.view);
    this.panes = [this.main, this.other].filter(Boolean);
    this.entries = [...root.querySelectorAll("[data-thumb]")].map(entry);
    this.images = new Map(); // address -> <img>: no-store pictures are asked for once
    this.marked = this.marksOfTheForm();
    this.whole = true; // nothing zoomed or moved since it was fitted
    this.comparing = false;
    this.sideBySide = "news"; // which pictures are compared: "news", true (all) or false (none)
    this.framing = framing(this.main.stage, this.canvas());
    this.listen();
    this.begin();
  }

  /** paper kind -> the frame of its unsent mark: {page, rectangle, label}. */
  marksOfTheForm() {
    const found = this.entries.flatMap(({ kind, page, now }) =>
      (now?.frames ?? []).filter((frame) => !frame.earlier).map((frame) => [kind, { page, ...frame }]),
    );
    return new Map(found);
  }

  /** What rectangle.js works on. */
  canvas() {
    return {
      view: this.view,
      base: () => this.main.base,
      draw: (rectangle, cells) => {
        [this.draft, this.cells] = [rectangle, cells];
        this.draw();
      },
      say: (text) => this.say(text, this.framing.active),
      taken: (rect) => this.taken(rect),
      ended: () => this.press("frame", false),
    };
  }

  begin() {
    const start = this.entries.findIndex(({ thumb }) => thumb.hasAttribute("aria-current"));
    const image = this.main.leaf.querySelector("img");
    const first = this.entries[Math.max(0, start)];
    if (!first) return;
    this.inMemory = image ? 0 : 2; // pictures that the previous page may have loaded
    if (first.now && image) this.keep(first.now.address, image);
    this.show(Math.max(0, start));
  }

  put(selector, text) {
    this.root.querySelectorAll(selector).forEach((place) => (place.textContent = text));
  }

  /** For screen readers; shown to everybody where there is something to do. */
  say(text, seen = true) {
    for (const place of this.root.querySelectorAll("[data-said]")) {
      place.textContent = text;
      place.className = seen ? "tells" : "vh";
    }
  }

  press(action, on) {
    this.root.querySelector(`[data-a="${action}"]`)?.setAttribute("aria-pressed", on);
  }

  // --- which picture ---

  keep(address, image) {
    image.draggable = false;
    image.addEventListener("load", () => this.arrived(image));
    image.addEventListener("error", () => this.failed(image));
    if (image.complete && image.hasAttribute("src") && !image.naturalWidth) image.dataset.broken = ""; // before this listened
    this.images.set(address, image);
    return image;
  }

  /** The <img> of an address: made once, and loaded from then on. */
  image(address) {
    if (this.images.has(address)) return this.images.get(address);
    const image = this.keep(address, new Image());
    if (this.inMemory-- > 0) addressOf(address, this.root.dataset.session).then((found) => (image.src = found));
    else image.src = address;
    return image;
  }

  size(picture, image) {
    return picture.width ? [picture.width, picture.height] : [image?.naturalWidth || 4, image?.naturalHeight || 3];
  }

  /** Says in the place of a picture that it cannot be shown; one that was only loaded in advance waits with it. */
  failed(image) {
    image.dataset.broken = "";
    if (!this.panes.some((pane) => pane.image === image)) return;
    this.fill();
    this.say(BROKEN, false);
  }

  /** Fits a picture of unknown size once it is loaded; then loads the next one. */
  arrived(image) {
    delete image.dataset.broken;
    for (const pane of this.panes) {
      if (pane.image === image) [pane.size[0], pane.size[1]] = [image.naturalWidth, image.naturalHeight];
    }
    image.decode().catch(() => {}); // so that it is there at once when it is shown; errors are handled above
    if (this.whole) this.fit();
    if (image === this.main.image) this.preloadNext();
  }

  preloadNext() {
    const next = this.entries[(this.current + 1) % this.entries.length];
    if (next.now) this.image(next.now.address);
    if (!this.root.dataset.preload) return;
    const { preload: address, session } = this.root.dataset;
    delete this.root.dataset.preload; // once a page
    (window.requestIdleCallback ?? setTimeout)(() => preload(address, session));
  }

  show(index) {
    const chosen = this.entries[(index + this.entries.length) % this.entries.length];
    if (!chosen) return;
    if (chosen !== this.shown) {
      this.framing.cancel();
      this.say("", false);
    }
    this.shown = chosen;
    this.current = this.entries.indexOf(chosen);
    const before = this.main.size.join();
    this.beside();
    this.fill();
    if (before !== this.main.size.join()) [this.view.turns, this.whole] = [0, true]; // of one size: shown alike
    this.told();
    this.settle();
    if (this.main.image?.complete) this.preloadNext();
    this.tell("picture-shown", { kind: chosen.kind, page: chosen.page });
  }

  /** Goes to a picture as the person asked. */
  choose(index, event) {
    this.show(index);
    const stay = event.type === "click" && event.detail === 0; // Enter on a control
    this.tell("picture-chosen", { kind: this.shown.kind, stay });
  }

  tell(name, detail) {
    this.root.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  /** Puts the pictures into the stages. A picture that was removed is shown in the place of the present one. */
  fill() {
    const { now, before } = this.shown;
    const alone = now ?? (this.comparing ? null : before);
    this.lay(this.main, alone, NONE_NOW);
    if (this.other && this.comparing) this.lay(this.other, before, NONE_BEFORE);
    this.main.stage.querySelector("[data-which]")?.replaceChildren(now || this.comparing ? "本次" : "上次");
    this.root.classList.toggle("of-old", !now && !this.comparing);
  }

  lay(pane, picture, words) {
    const image = picture && this.image(picture.address);
    if (image) image.alt = this.shown.title;
    const lacks = image && "broken" in image.dataset ? BROKEN : picture ? "" : words;
    pane.put(image, picture ? this.size(picture, image) : pane.size, lacks);
    pane.stage.querySelector("[data-caption-here]")?.replaceChildren(picture?.caption ?? "");
  }

  told() {
    const { title, thumb, isNew } = this.shown;
    this.put("[data-title-here]", title);
    this.put("[data-count]", `${this.current + 1} / ${this.entries.length}`);
    this.root.querySelector("[data-new-here]")?.toggleAttribute("hidden", !isNew);
    for (const other of this.entries) other.thumb.removeAttribute("aria-current");
    thumb.setAttribute("aria-current", "true");
    // moves the strip of thumbnails only, never the page: on a phone the answers are above it
    const [strip, box] = [thumb.parentElement, thumb.getBoundingClientRect()];
    const frame = strip.getBoundingClientRect();
    strip.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
    strip.scrollTop += box.top - frame.top - (frame.height - box.height) / 2;
  }

  // --- view: zoom, turn, position ---

  settle() {
    if (this.whole) this.fit();
    else this.draw();
  }

  fit() {
    this.main.fit();
    this.whole = true;
    this.draw();
  }

  turn(quarters) {
    this.view.turns += quarters;
    this.fit();
  }

  touched() {
    this.whole = false;
    this.view.hold(this.main.base, this.main.room);
    this.draw();
  }

  zoom(factor) {
    this.view.zoom(factor);
    this.touched();
  }

  draw() {
    this.main.frames = this.framesNow();
    if (this.other) this.other.frames = this.shown?.before?.frames ?? [];
    for (const pane of this.panes) {
      pane.stage.classList.toggle("whole", this.whole);
      pane.draw();
    }
    this.put("[data-z]", `${Math.round(this.view.scale * 100)}%`);
  }

  framesNow() {
    const { now, before, kind, page } = this.shown ?? {};
    if (!now) return this.comparing ? [] : before?.frames ?? [];
    const mark = this.marked.get(kind);
    const found = now.frames.filter((frame) => frame.earlier);
    if (this.draft) return [...found, ...this.cells, { rectangle: this.draft, draft: true }];
    return mark?.page === page ? [...found, mark] : found;
  }

  // --- comparison, and frames ---

  compare() {
    if (!this.other) return;
    this.sideBySide = !this.comparing;
    this.beside();
    this.fill();
    this.fit();
  }

  /** Two stages or one for the picture that is shown. */
  beside() {
    const { now, before, isNew } = this.shown;
    const wanted = this.sideBySide === "news" ? Boolean(isNew && now && before) : this.sideBySide;
    if (!this.other || wanted === this.comparing) return;
    this.comparing = wanted;
    this.whole = true; // a stage of another width
    this.root.classList.toggle("comparing", wanted);
    this.press("compare", wanted);
  }

  frame() {
    if (!this.root.querySelector('[data-a="frame"]')) return; // only the officer who holds the file marks places
    if (this.framing.active) return this.framing.cancel();
    if (!this.shown?.now) return this.say("只能在本次提交的图片上框选");
    const known = this.marked.get(this.shown.kind);
    this.press("frame", true);
    this.framing.start(known?.page === this.shown.page ? known.rectangle : null);
  }

  taken(rect) {
    const { kind, page } = this.shown;
    this.marked.set(kind, { page, rectangle: rect, label: "已框选" });
    this.draw();
    this.tell("rectangle", { kind, page, rect });
  }

  /** Another module asks to show a paper, or sends the frame of its mark. */
  wanted({ kind, page, rect }) {
    if (rect) this.marked.set(kind, { page: page ?? 0, rectangle: rect, label: "已框选" });
    if (rect === null) this.marked.delete(kind);
    const there = this.shown?.kind === kind && this.shown.now && (page ?? this.shown.page) === this.shown.page;
    const index = this.entries.findIndex((one) => one.kind === kind && one.now && one.page === (page ?? one.page));
    if (!there && index >= 0) this.show(index);
    if (rect) this.fit();
    else this.draw();
  }

  // --- events ---

  act(name, event) {
    const actions = {
      in: () => this.zoom(1.25),
      out: () => this.zoom(1 / 1.25),
      left: () => this.turn(-1),
      right: () => this.turn(1),
      fit: () => this.fit(),
      prev: () => this.choose(this.current - 1, event),
      next: () => this.choose(this.current + 1, event),
      compare: () => this.compare(),
      frame: () => this.frame(),
    };
    actions[name]?.();
  }

  listen() {
    for (const { stage } of this.panes) {
      gestures(stage, this.view, () => this.touched(), () => this.framing.active && stage === this.main.stage);
    }
    new ResizeObserver(() => this.settle()).observe(this.main.stage);
    this.root.addEventListener("show-picture", ({ detail }) => this.wanted(detail));
    this.root.addEventListener("click", (event) => {
      const index = this.entries.findIndex(({ thumb }) => thumb === event.target.closest("[data-thumb]"));
      if (index >= 0) {
        event.preventDefault();
        this.choose(index, event);
      }
      this.act(event.target.closest("[data-a]")?.dataset.a, event);
    });
    document.addEventListener("keydown", (event) => {
      const key = keyOf(event) === "r" && event.shiftKey ? "R" : keyOf(event);
      if (!isShortcut(event) || !Object.hasOwn(KEYS, key)) return;
      event.preventDefault();
      this.act(KEYS[key], event);
    });
  }
}

document.querySelectorAll("[data-viewer]").forEach((root) => new Viewer(root));
