/**
 * [data-corners], a picture with a frame of four corners. A person moves them with the mouse, a finger or the keys: arrows
 * move the corner that has the focus, with Shift in small steps. The corners are kept as eight fractions in the form's
 * field `corners`. [data-said] announces what has moved.
 */
const NAMES = ["左上角", "右上角", "右下角", "左下角"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const [STEP, SMALL_STEP] = [0.01, 0.002];
const within = (value) => Math.min(1, Math.max(0, value));
const percent = (value) => `${Math.round(value * 1000) / 10}%`;

/** True when each corner turns the same way: then it is one frame and not two crossed ones. */
function isFrame(points) {
  return points.every(([x, y], at) => {
    const [[a, b], [c, d]] = [points[(at + 1) % 4], points[(at + 2) % 4]];
    return (a - x) * (d - b) - (b - y) * (c - a) > 0.0005;
  });
}

function edit(box) {
  const form = box.closest("form");
  const field = form.elements.corners;
  const said = form.querySelector("[data-said]");
  const numbers = field.value.split(",").map(Number);
  const points = NAMES.map((_name, at) => [numbers[2 * at], numbers[2 * at + 1]]);

  const handles = NAMES.map((name, at) => {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "corner";
    handle.setAttribute("aria-label", `${name}：用方向键移动`);
    handle.addEventListener("keydown", (event) => byKey(event, at));
    handle.addEventListener("pointerdown", (event) => grab(event, at));
    box.append(handle);
    return handle;
  });

  function draw() {
    const text = points.map((point) => point.join(",")).join(" ");
    for (const line of box.querySelectorAll("polygon")) line.setAttribute("points", text);
    handles.forEach((handle, at) => {
      handle.style.left = `${points[at][0] * 100}%`;
      handle.style.top = `${points[at][1] * 100}%`;
    });
    field.value = points.flat().map((value) => value.toFixed(5)).join(",");
  }

  /** Moves a corner, unless the frame would fold over itself. */
  function move(at, x, y) {
    const before = points[at];
    points[at] = [within(x), within(y)];
    if (!isFrame(points)) points[at] = before;
    draw();
  }

  function say(at) {
    said.textContent = `${NAMES[at]}：左 ${percent(points[at][0])}，上 ${percent(points[at][1])}`;
  }

  function byKey(event, at) {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = event.shiftKey ? SMALL_STEP : STEP;
    move(at, points[at][0] + arrow[0] * step, points[at][1] + arrow[1] * step);
    say(at);
  }

  function grab(event, at) {
    if (event.button) return;
    event.preventDefault();
    const handle = handles[at];
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    const start = { x: event.clientX, y: event.clientY, from: points[at] };
    const area = box.getBoundingClientRect();
    const follow = ({ clientX, clientY }) =>
      move(at, start.from[0] + (clientX - start.x) / area.width, start.from[1] + (clientY - start.y) / area.height);
    const end = () => {
      handle.removeEventListener("pointermove", follow);
      say(at);
    };
    handle.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) handle.addEventListener(name, end, { once: true });
  }

  draw();
}

document.querySelectorAll("[data-corners]").forEach(edit);
