/**
 * Loads the behaviours that a page asks for by its attributes. Every page works without any of them.
 *
 * Sets `class="js"` on <html>. Hides what is only needed without scripts ([data-nojs], e.g. 【更新】) and shows what only
 * works with them ([data-script]). Imports each module below once when its selector matches, now or in a part of the page
 * that comes later (fragment.js). A module finds its own elements when it is imported. <html data-ready> says that the
 * modules of the page are there.
 */
const BEHAVIOURS = {
  "[data-focus]": "./focus.js",
  "[data-confirm]": "./confirm.js",
  "[data-once]": "./once.js",
  "form[data-next], [data-month]": "./next.js",
  "[data-when]": "./when.js",
  "[data-divisions], [data-departments-url]": "./divisions.js",
  "[data-draft-url]": "./draft.js",
  "form[data-draft-url] .field": "./remarks.js",
  "[data-employer]": "./employer.js",
  "[data-places]": "./places.js",
  "[data-keep]": "./device.js",
  'form[action="/logout"]': "./sign_out.js",
  "form[data-characters]": "./characters.js",
  "[data-password]": "./password.js",
  "[data-photo]": "./photo.js",
  "[data-photo-tool]": "./photo-tool.js",
  "[data-upload]": "./upload.js",
  "[data-drop]": "./several.js",
  "[data-row]": "./row.js",
  "[data-corners]": "./corners.js",
  "form[data-signature]": "./signature.js",
  "form[data-hand-over]": "./phone_upload.js",
  "[data-phone]": "./phone.js",
  "[data-viewer]": "./viewer.js",
  "[data-key]": "./keys.js",
  "[data-lines]": "./queue.js",
  "form[data-review]": "./review.js",
  "form[data-counted]": "./count.js",
  "form[data-undo]": "./undo.js",
  "[data-every]": "./every.js",
  "[data-print-job]": "./print-job.js",
  "[data-register-job]": "./register-job.js",
};

const PACKED = {}; // small modules, put in here when the files are prepared (lib/http/combined_files.py)
const running = {};
const run = (module) => (module in PACKED ? (running[module] ??= PACKED[module]()) : import(module)); // twice is once

document.documentElement.classList.add("js");
for (const element of document.querySelectorAll("[data-nojs]")) element.hidden = true;
for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
const load = () => {
  const wanted = Object.entries(BEHAVIOURS).filter(([selector]) => document.querySelector(selector));
  return Promise.allSettled(wanted.map(([, module]) => run(module)));
};
document.addEventListener("fragment", load);
load().then(() => document.documentElement.setAttribute("data-ready", ""));
