/**
 * Saves what is typed. Two seconds after a change, form[data-draft-url] is posted there without its files, with the
 * form's own CSRF field. It is posted once more when the page is left with unsaved changes. Buttons save by themselves.
 *
 * If the person asked for it (device.js), this device keeps an encrypted copy of what has not reached the platform. It is
 * put back into the form after a reload or a new sign-in. A save at the platform removes it.
 *
 * Says so in .save[role=status] of the form (in its [data-save-text] where there is one): 「10:24 已保存到平台」, 「已保存在本机」.
 * What the rules find in it comes back and is given on as the event `remarks` (remarks.js).
 * Any answer other than 2xx counts as not saved; a redirect means that the session has ended.
 */
import { asListsCome, withoutFiles } from "./answers.js";
import { keeper } from "./device.js";

const PAUSE = 2000; // ms
const SHORT = 300; // ms; the device is nearer
const NOT_KEPT = ["csrf_token", "action"];
const clock = new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Asia/Shanghai" });

function keep(form) {
  const status = form.querySelector(".save[role=status]");
  const name = `draft|${location.pathname}`;
  let timer = 0;
  let near = 0;
  let dirty = false;
  let changes = 0;

  /** `where`: platform, device or nowhere. */
  function say(text, where) {
    if (!status) return;
    (status.querySelector("[data-save-text]") ?? status).textContent = text;
    status.dataset.where = where;
  }

  async function save() {
    clearTimeout(timer);
    dirty = false;
    const saved = changes;
    try {
      const request = { method: "POST", body: withoutFiles(form), redirect: "manual", keepalive: true };
      const response = await fetch(form.dataset.draftUrl, request);
      if (response.type === "opaqueredirect") await notSaved("登录已超时，没有自动保存；请点【下一步】，重新登录后内容还在");
      else if (!response.ok) {
        dirty = true; // a server that is busy or away for a moment: again when the page is left, at the latest
        await notSaved("未能自动保存");
      } else {
        say(`${clock.format(new Date())} 已保存到平台`, "platform");
        const said = response.status === 204 ? {} : await response.json();
        form.dispatchEvent(new CustomEvent("remarks", { detail: said }));
        if (saved === changes) (await keeper())?.remove(name);
      }
    } catch {
      dirty = true;
      await notSaved("未能自动保存，请检查网络", "网络不通，");
    }
  }

  async function notSaved(text, why = "") {
    if (await keepHere()) say(`${why}${clock.format(new Date())} 已保存在本机，连通后自动保存到平台`, "device");
    else say(text, "nowhere");
  }

  /** Stores the form's values on the device, if it may; returns whether they are stored. */
  async function keepHere(sent = false) {
    clearTimeout(near);
    const fields = [...withoutFiles(form)].filter(([field]) => !NOT_KEPT.includes(field));
    try {
      const keeping = await keeper();
      await keeping?.put(name, { fields, sent });
      return Boolean(keeping);
    } catch {
      return false; // no room
    }
  }

  form.addEventListener("input", ({ target }) => {
    if (target.type === "file" || !target.name) return;
    dirty = true;
    changes += 1;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
    clearTimeout(near);
    near = setTimeout(keepHere, SHORT);
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    clearTimeout(timer);
    if (dirty || changes) keepHere(true);
    dirty = false;
  });
  window.addEventListener("pagehide", () => dirty && save());
  window.addEventListener("online", () => dirty && save());
  document.addEventListener("keeping", ({ detail }) => detail && changes && keepHere());
  restore(form, name).then((at) => {
    if (!at) return;
    say(`已恢复 ${clock.format(at)} 保存在本机的内容`, "device");
    dirty = true;
    changes += 1;
    save();
  });
}

/**
 * Fills the form from the device; returns when the copy was made, or nothing. A copy is ignored when it was sent and has
 * been saved since, or when the platform's own draft is newer. The form is filled even when another window saved answers:
 * the old `seen` goes with it, and the server asks which of the two counts.
 */
async function restore(form, name) {
  const keeping = await keeper();
  const [kept] = (await keeping?.all(name).catch(() => [])) ?? [];
  if (!kept || kept.name !== name) return null;
  const { fields, sent } = kept.facts;
  const seen = fields.find(([field]) => field === "seen")?.[1];
  const now = [...withoutFiles(form)].filter(([field]) => !NOT_KEPT.includes(field));
  const overtaken = (sent && seen !== form.elements.seen?.value) || kept.at < Number(form.dataset.draftAt ?? 0);
  if (overtaken || JSON.stringify(now) === JSON.stringify(fields)) {
    await keeping.remove(name);
    return null;
  }
  await fill(form, fields);
  return kept.at;
}

/** Puts values into a form, as its lists offer them; what a person answers meanwhile stays. */
async function fill(form, fields) {
  const values = new Map();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
  let lacking = null; // in the first round everything is set
  const answered = ({ isTrusted, target }) => isTrusted && lacking?.delete(target.name);
  form.addEventListener("change", answered);
  await asListsCome(form, () => (lacking = put(form, values, lacking)).size);
  form.removeEventListener("change", answered);
}

/** One round of it, of these names or all; returns those whose value is not offered yet. Other modules see what changed. */
function put(form, values, names) {
  const lacking = new Set([...values].filter(([, wanted]) => wanted.some(Boolean)).map(([name]) => name));
  if (names) for (const name of lacking) if (!names.has(name)) lacking.delete(name);
  for (const input of form.elements) {
    if (!input.name || NOT_KEPT.includes(input.name) || ["file", "submit"].includes(input.type)) continue;
    if (names && !names.has(input.name)) continue;
    const wanted = values.get(input.name) ?? [];
    const holds = /^(radio|checkbox)$/.test(input.type) ? "checked" : "value";
    const old = input[holds];
    if (holds === "checked") input.checked = wanted.includes(input.value);
    else if (input.type !== "hidden" || wanted.length) input.value = wanted[0] ?? "";
    if (holds === "value" && wanted[0] && input.value !== wanted[0]) input.value = old; // not offered yet
    else if ((holds === "value" || input.checked) && !input.closest("[data-coming]")) lacking.delete(input.name);
    if (input[holds] !== old) input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  return lacking;
}

document.querySelectorAll("form[data-draft-url]").forEach(keep);
