/**
 * Framing a place on the picture: with the mouse or a finger, or by keys (arrows move, Shift and arrows resize, Enter
 * accepts, Escape cancels). Sizes are calculated on the picture as shown and kept as fractions of the stored picture.
 *
 * `picture` gives what it works on: view, base() (the size of the fitted picture), draw(rectangle or null), say(text),
 * taken(rectangle), ended().
 */
import { fromMiddle } from "./gestures.js";

const STEP = 8; // pixels as seen
const SMALLEST = 0.01; // of a side: less is a click
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = "拖动画出方框；或用方向键移动，Shift 加方向键调整大小，回车确定，Esc 取消。";
const decimals = (value) => Math.round(value * 10000) / 10000;

/** Four decimals, never beyond the edge by rounding. */
export function rounded([left, top, width, height]) {
  const [x, y] = [decimals(left), decimals(top)];
  return [x, y, Math.min(decimals(width), decimals(1 - x)), Math.min(decimals(height), decimals(1 - y))];
}

export function inWords(rectangle) {
  const [left, top, width, height] = rectangle.map((value) => Math.round(value * 100));
  return `左 ${left}%，上 ${top}%，宽 ${width}%，高 ${height}%`;
}

export function framing(stage, picture) {
  let [frame, corner, kept] = [null, null, null];
  const { view } = picture;

  function show(rectangle) {
    frame = rectangle;
    picture.draw(frame);
  }

  function end(text) {
    [frame, corner] = [null, null];
    stage.classList.remove("framing");
    picture.draw(null);
    picture.ended();
    picture.say(text);
  }

  function take() {
    const found = rounded(frame);
    end(`已框选：${inWords(found)}`);
    picture.taken(found);
  }

  /** A frame in the middle of what is seen of the picture. */
  function middle() {
    const [left, top, width, height] = view.seen([0, 0, 1, 1], picture.base());
    const [across, down] = [stage.clientWidth / 2, stage.clientHeight / 2];
    const [x, right] = [Math.max(left, -across), Math.min(left + width, across)];
    const [y, bottom] = [Math.max(top, -down), Math.min(top + height, down)];
    return [x + (right - x) * 0.3, y + (bottom - y) * 0.35, (right - x) * 0.4, (bottom - y) * 0.3];
  }

  /** Moves or resizes the frame as it is seen, however the picture is turned. */
  function nudge([dx, dy], resize) {
    let [left, top, width, height] = view.seen(frame, picture.base());
    const [leftmost, topmost, across, down] = view.seen([0, 0, 1, 1], picture.base());
    if (resize) {
      width = Math.min(Math.max(width + dx * STEP, STEP), leftmost + across - left);
      height = Math.min(Math.max(height + dy * STEP, STEP), topmost + down - top);
    } else {
      left = Math.min(Math.max(left + dx * STEP, leftmost), leftmost + across - width);
      top = Math.min(Math.max(top + dy * STEP, topmost), topmost + down - height);
    }
    show(view.covered([left, top, width, height], picture.base()));
    picture.say(inWords(frame));
  }

  stage.addEventListener("pointerdown", (event) => {
    if (!frame || event.button || !event.isPrimary) return;
    event.preventDefault();
    [corner, kept] = [fromMiddle(stage, event), frame];
    show(view.covered([...corner, 0, 0], picture.base()));
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!corner) return;
    const [x, y] = fromMiddle(stage, event);
    show(view.covered([corner[0], corner[1], x - corner[0], y - corner[1]], picture.base()));
  });
  stage.addEventListener("pointerup", () => {
    if (!corner) return;
    corner = null;
    if (Math.min(frame[2], frame[3]) < SMALLEST) show(kept);
    else take();
  });
  stage.addEventListener("pointercancel", () => {
    if (corner) show(kept);
    corner = null;
  });
  stage.addEventListener("keydown", (event) => {
    if (!frame) return;
    if (event.key === "Enter") take();
    else if (event.key === "Escape") end("已取消框选");
    else if (event.key in ARROWS) nudge(ARROWS[event.key], event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    get active() {
      return frame !== null;
    },
    /** Begins with the frame that is there already, else with one in the middle of what is seen. */
    start(known) {
      stage.classList.add("framing");
      stage.focus({ preventScroll: true });
      show(known ?? view.covered(middle(), picture.base()));
      picture.say(HELP);
    },
    cancel() {
      if (frame) end("已取消框选");
    },
  };
}
