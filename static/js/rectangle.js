/**
 * Framing a place on the picture: with the mouse or a finger, or by keys (1 to 9 take a ninth of what is framed, arrows
 * move, Shift and arrows resize, Backspace takes a ninth back, Enter accepts, Escape cancels). Sizes are calculated on the picture as shown and kept as fractions of the stored picture.
 *
 * `picture` gives what it works on: view, base() (the size of the fitted picture), draw(rectangle or null, nine parts), say(text),
 * taken(rectangle), ended().
 */
import { fromMiddle } from "./gestures.js";
import { isPlain, keyOf } from "./keys.js";

const STEP = 8; // pixels as seen
const LEGIBLE = 22; // pixels of a part that shows its digit
const SMALLEST = 0.01; // of a side: less is a click
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = "拖动画框；或按 1 至 9 选格，方向键移动（加 Shift 改大小）；回车确定，Esc 取消";
const decimals = (value) => Math.round(value * 10000) / 10000;

/** One of nine parts of a rectangle as it is seen: 1 is at its top left, 9 at its bottom right. */
export function ninth([left, top, width, height], digit) {
  const [column, line] = [(digit - 1) % 3, Math.floor((digit - 1) / 3)];
  return [left + (column * width) / 3, top + (line * height) / 3, width / 3, height / 3];
}

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
  let [frame, corner, kept, wider] = [null, null, null, []];
  const { view } = picture;

  function show(rectangle) {
    frame = rectangle;
    picture.draw(frame, cells());
  }

  /** What the next digit chooses in: the whole picture, then what was chosen. */
  const outer = () => (wider.length ? frame : [0, 0, 1, 1]);

  /** The nine parts with their digits, as long as they are large enough to be read. */
  function cells() {
    const seen = view.seen(outer(), picture.base());
    if (corner || Math.min(seen[2], seen[3]) < 3 * LEGIBLE) return [];
    return [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => ({
      rectangle: view.covered(ninth(seen, digit), picture.base()),
      label: String(digit),
      ninth: true,
    }));
  }

  function end(text) {
    [frame, corner, wider] = [null, null, []];
    stage.classList.remove("framing");
    picture.draw(null, []);
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

  /** The first digit chooses in the whole picture, the next one in the part that was chosen. */
  function part(digit) {
    const seen = view.seen(outer(), picture.base());
    wider.push(frame);
    show(view.covered(ninth(seen, digit), picture.base()));
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
    else if (/^[1-9]$/.test(keyOf(event)) && isPlain(event)) part(Number(keyOf(event)));
    else if (event.key === "Backspace" && wider.length) show(wider.pop());
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
