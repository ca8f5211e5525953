/**
 * Gestures on a stage: the wheel zooms to the pointer, dragging moves, two fingers zoom and move. With the focus on the
 * stage the arrow keys move the picture. `still()` is true while another module uses the pointer (a frame is being drawn).
 */
const STEP = 60; // pixels an arrow key moves
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const LINE = 33; // pixels of a wheel that counts in lines

/** Where an event is, in pixels from the middle of the stage. */
export function fromMiddle(stage, { clientX, clientY }) {
  const box = stage.getBoundingClientRect();
  return [clientX - box.left - box.width / 2, clientY - box.top - box.height / 2];
}

/** The factor of one turn of the wheel: a notch of a mouse is 15 %, a pad sends many small ones. */
function factor({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaY * (deltaMode ? LINE : 1) * (ctrlKey ? 4 : 1); // two fingers on a pad come as a small wheel with Ctrl
  return 1.15 ** (-Math.max(-100, Math.min(100, pixels)) / 100);
}

const middle = ([[a, b], [c, d]]) => [(a + c) / 2, (b + d) / 2];
const apart = ([[a, b], [c, d]]) => Math.hypot(a - c, b - d);

export function gestures(stage, view, draw, still) {
  const fingers = new Map();

  function moved(event) {
    const before = [...fingers.values()];
    fingers.set(event.pointerId, fromMiddle(stage, event));
    const now = [...fingers.values()];
    if (now.length === 1) view.move(now[0][0] - before[0][0], now[0][1] - before[0][1]);
    if (now.length === 2) {
      const [from, to] = [middle(before), middle(now)];
      view.move(to[0] - from[0], to[1] - from[1]);
      view.zoom(apart(now) / apart(before) || 1, to);
    }
    draw();
  }

  const wheel = (event) => {
    event.preventDefault();
    view.zoom(factor(event), fromMiddle(stage, event));
    draw();
  };
  stage.addEventListener("wheel", wheel, { passive: false });

  stage.addEventListener("pointerdown", (event) => {
    if (still() || event.button) return;
    event.preventDefault(); // else the browser drags the picture away, and takes the focus from the row that is read
    fingers.set(event.pointerId, fromMiddle(stage, event));
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("drag");
  });
  stage.addEventListener("pointermove", (event) => {
    if (fingers.has(event.pointerId)) moved(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (!fingers.size) stage.classList.remove("drag");
    });
  }

  stage.addEventListener("keydown", (event) => {
    const [x, y] = ARROWS[event.key] ?? [];
    if (x === undefined || still() || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    view.move(x * STEP, y * STEP);
    draw();
  });
}
