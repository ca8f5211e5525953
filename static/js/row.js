/**
 * A paper's row of 附件上传 without leaving the page. A script sends its small forms ([data-in-row]: turn, delete, earlier,
 * later), and the row is re-rendered. Pages are put in order by dragging their grip ([data-grip]) with the mouse or a
 * finger, or by the arrow keys when it has the focus. A live region announces what happened to screen readers.
 */
import { countUploaded, refreshFragment, whenever } from "./fragment.js";

const KEYS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
const live = document.createElement("div");
live.className = "vh";
live.setAttribute("role", "status");
document.body.append(live);
const say = (text) => (live.textContent = text);

/** Sends to a view that answers with a redirect to the page; then shows the row as it is now. */
async function send(row, url, body) {
  try {
    const answer = await fetch(url, { method: "POST", body, redirect: "manual" });
    if (!answer.ok && answer.type !== "opaqueredirect") throw new Error(answer.status);
    const fresh = await refreshFragment(row);
    countUploaded();
    return fresh;
  } catch {
    location.reload(); // signed out, submitted in another window ...: the page says which
    return null;
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const row = form.closest("[data-row]");
  if (event.defaultPrevented || !row || !form.matches("[data-in-row]")) return;
  event.preventDefault();
  const did = event.submitter?.getAttribute("aria-label") ?? "";
  if (await send(row, form.action, new FormData(form))) say(`已${did}`);
});

/** Puts a page at another place of its paper; `to` counts from 0. */
async function put(item, to) {
  const row = item.closest("[data-row]");
  const items = [...item.parentElement.children];
  if (to < 0 || to >= items.length) return say(to < 0 ? "已经是第一张" : "已经是最后一张");
  const uid = item.dataset.page;
  const body = new FormData();
  body.set("csrf_token", row.querySelector("input[name=csrf_token]").value);
  body.set("to", to);
  const fresh = await send(row, item.dataset.move, body);
  if (!fresh) return;
  fresh.querySelector(`[data-page="${uid}"] [data-grip]`)?.focus({ preventScroll: true });
  say(`已移到第 ${to + 1} 张，共 ${items.length} 张`);
}

/** The place in the list that the pointer is over. */
function placeAt(list, { clientX, clientY }) {
  const boxes = [...list.children].map((item) => item.getBoundingClientRect());
  const distance = (box) => Math.hypot(clientX - box.left - box.width / 2, clientY - box.top - box.height / 2);
  return boxes.reduce((best, box, at) => (distance(box) < distance(boxes[best]) ? at : best), 0);
}

function order(list) {
  list.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step || !event.target.matches("[data-grip]")) return;
    event.preventDefault();
    const item = event.target.closest("[data-page]");
    put(item, [...list.children].indexOf(item) + step);
  });

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button) return;
    event.preventDefault();
    grip.focus({ preventScroll: true });
    const item = grip.closest("[data-page]");
    const from = [...list.children].indexOf(item);
    grip.setPointerCapture(event.pointerId);
    item.classList.add("held");
    let to = from;
    const mark = () =>
      [...list.children].forEach((other, at) => {
        other.classList.toggle("before", at === to && to < from);
        other.classList.toggle("after", at === to && to > from);
      });
    const follow = (moved) => {
      item.style.transform = `translate(${moved.clientX - event.clientX}px, ${moved.clientY - event.clientY}px)`;
      item.style.pointerEvents = "none";
      to = placeAt(list, moved);
      mark();
    };
    const end = (ended) => {
      grip.removeEventListener("pointermove", follow);
      item.removeAttribute("style");
      item.classList.remove("held");
      if (ended.type === "pointercancel") to = from;
      [...list.children].forEach((other) => other.classList.remove("before", "after"));
      if (to !== from) put(item, to);
    };
    grip.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) grip.addEventListener(name, end, { once: true });
  });
}

whenever("[data-order]", order);
