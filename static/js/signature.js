/**
 * form[data-signature]: what is drawn in its canvas by finger, pen or mouse is sent as strokes, lists of whole points in
 * the canvas's own units. The server draws them again.
 */
const form = document.querySelector("form[data-signature]");
const canvas = form.querySelector("canvas");
const send = form.querySelector("button:not([type])");
const context = canvas.getContext("2d");
const NEAR = 4; // units: closer points say nothing more

let strokes = [];
let pointer = null; // that draws: a second finger does not

function pointOf(event) {
  const box = canvas.getBoundingClientRect();
  const within = (value, most) => Math.min(Math.max(Math.round(value), 0), most);
  return [
    within(((event.clientX - box.left) * canvas.width) / box.width, canvas.width),
    within(((event.clientY - box.top) * canvas.height) / box.height, canvas.height),
  ];
}

function draw() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  Object.assign(context, { lineWidth: 7, lineCap: "round", lineJoin: "round", strokeStyle: "#10204a" });
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    for (const point of stroke) context.lineTo(...point);
    context.stroke();
  }
  send.disabled = !strokes.length;
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button || pointer !== null) return;
  event.preventDefault();
  canvas.setPointerCapture((pointer = event.pointerId));
  strokes.push([pointOf(event)]);
  draw();
});
canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const stroke = strokes.at(-1);
  for (const one of event.getCoalescedEvents?.() ?? [event]) {
    const [x, y] = pointOf(one);
    const [lastX, lastY] = stroke.at(-1);
    if (Math.hypot(x - lastX, y - lastY) >= NEAR) stroke.push([x, y]);
  }
  draw();
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => event.pointerId === pointer && (pointer = null));
form.querySelector("[data-clear]").addEventListener("click", () => {
  strokes = [];
  draw();
});
form.addEventListener("submit", () => (form.elements.strokes.value = JSON.stringify(strokes)));
draw();
