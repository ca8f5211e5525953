/**
 * The officer's picture viewer: [data-viewer] with .stage > img, an <output data-z> for the zoom and buttons
 * data-a="in|out|left|right|fit|prev|next". Thumbnails are links [data-thumb] to the full pictures (so they work without
 * scripts); data-title of the link is shown in [data-title-here], data-caption in [data-caption-here], its place in
 * [data-count].
 *
 * The wheel zooms to the pointer, dragging moves, keys: [ ] previous and next, r turns, + - zoom, 0 fits. Turning is for
 * the eye only and changes nothing that is stored. Another module shows a paper by dispatching
 * `new CustomEvent("viewer:show", {detail: kind})` on the viewer: the first [data-thumb][data-kind=kind] opens.
 */
import { isShortcut } from "./keys.js";

const KEYS = { "[": "prev", "]": "next", r: "right", "+": "in", "=": "in", "-": "out", 0: "fit" };
const clamp = (scale) => Math.min(8, Math.max(0.25, scale));

function open(viewer) {
  const stage = viewer.querySelector(".stage");
  const image = stage.querySelector("img");
  const thumbs = [...viewer.querySelectorAll("[data-thumb]")];
  const put = (selector, text) => viewer.querySelectorAll(selector).forEach((place) => (place.textContent = text));
  let [scale, turns, x, y, grip] = [1, 0, 0, 0, null];
  let current = Math.max(0, thumbs.findIndex((thumb) => thumb.hasAttribute("aria-current")));

  function draw() {
    image.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) scale(${scale}) rotate(${turns * 90}deg)`;
    put("[data-z]", `${Math.round(scale * 100)}%`);
  }

  /** Zooms so that the point (px, py), counted from the middle of the stage, stays where it is. */
  function zoom(factor, px = 0, py = 0) {
    const next = clamp(scale * factor);
    x = px - ((px - x) * next) / scale;
    y = py - ((py - y) * next) / scale;
    scale = next;
    draw();
  }

  function fit() {
    [x, y] = [0, 0];
    const { clientWidth: width, clientHeight: height } = stage;
    const [w, h] = turns % 2 ? [image.clientHeight, image.clientWidth] : [image.clientWidth, image.clientHeight];
    scale = turns % 2 && w && h ? clamp(Math.min(1, (0.96 * width) / w, (0.94 * height) / h)) : 1;
    draw();
  }

  function turn(quarters) {
    turns += quarters;
    fit();
  }

  /** Moves the strip of thumbnails only, never the page: on a phone the answers stand above it. */
  function reveal(thumb) {
    const [strip, box] = [thumb.parentElement, thumb.getBoundingClientRect()];
    const frame = strip.getBoundingClientRect();
    strip.scrollLeft += box.left - frame.left - (frame.width - box.width) / 2;
  }

  function show(index) {
    const thumb = thumbs[(index + thumbs.length) % thumbs.length];
    if (!thumb) return;
    current = thumbs.indexOf(thumb);
    thumbs.forEach((other) => other.toggleAttribute("aria-current", other === thumb));
    thumb.setAttribute("aria-current", "true");
    reveal(thumb);
    [image.src, image.alt, turns] = [thumb.href, thumb.dataset.title ?? "", 0];
    put("[data-title-here]", image.alt);
    put("[data-caption-here]", thumb.dataset.caption ?? "");
    put("[data-count]", `${current + 1} / ${thumbs.length}`);
    fit();
  }

  const actions = {
    in: () => zoom(1.25),
    out: () => zoom(1 / 1.25),
    left: () => turn(-1),
    right: () => turn(1),
    fit,
    prev: () => show(current - 1),
    next: () => show(current + 1),
  };

  viewer.addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-thumb]");
    if (thumb) {
      event.preventDefault();
      show(thumbs.indexOf(thumb));
    }
    actions[event.target.closest("[data-a]")?.dataset.a]?.();
  });
  viewer.addEventListener("viewer:show", ({ detail }) => {
    const index = thumbs.findIndex((thumb) => thumb.dataset.kind === detail);
    if (index >= 0) show(index);
  });
  image.addEventListener("load", fit);
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event) || !(event.key in KEYS)) return;
    event.preventDefault();
    actions[KEYS[event.key]]();
  });

  const fromMiddle = ({ clientX, clientY }) => {
    const box = stage.getBoundingClientRect();
    return [clientX - box.left - box.width / 2, clientY - box.top - box.height / 2];
  };
  const wheel = (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, ...fromMiddle(event));
  };
  stage.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // else the browser drags the picture away
    grip = [event.clientX - x, event.clientY - y];
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("drag");
  });
  stage.addEventListener("pointermove", (event) => {
    if (!grip) return;
    [x, y] = [event.clientX - grip[0], event.clientY - grip[1]];
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, () => {
      grip = null;
      stage.classList.remove("drag");
    });
  }
  draw();
  if (thumbs.length) reveal(thumbs[current]);
}

document.querySelectorAll("[data-viewer]").forEach(open);
