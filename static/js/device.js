/**
 * What this device keeps, on request only, until the platform has it: typed text, and pictures that are being uploaded.
 *
 * It is kept in IndexedDB under AES-GCM. The key is made of two halves. The server hands one to the signed-in person only;
 * the other is stored here, and `wipe` deletes it. So the next user of the computer finds only encrypted bytes, and after
 * sign-out they can never be read. Everything is deleted after a week, and when the box ([data-keep]) is unticked. Without
 * the person's consent, or without crypto.subtle (http without localhost), nothing is ever written.
 */
import { whenever } from "./fragment.js";

const WISH = "kuaiji-keep"; // localStorage: who asked for it (a keyed hash)
const HALF = "kuaiji-half"; // localStorage: this device's half of the key
const WEEK = 7 * 24 * 3600 * 1000; // ms
const KEY_URL = "/apply/device-key";

export const possible = Boolean(globalThis.crypto?.subtle && globalThis.indexedDB);

const text = (bytes) => btoa(String.fromCharCode(...bytes));
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** One of IndexedDB's requests as a promise. */
const done = (request) =>
  new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));

let opened;
function table(mode) {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("kuaiji", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("kept", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened.then((database) => database.transaction("kept", mode).objectStore("kept"));
}

/** The server's half and whose it is; null without a sign-in, or when the server cannot be reached. */
async function serversHalf() {
  try {
    const answer = await fetch(KEY_URL, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function keyOf(serverKey) {
  let half = localStorage.getItem(HALF);
  if (!half) localStorage.setItem(HALF, (half = text(crypto.getRandomValues(new Uint8Array(32)))));
  const both = await crypto.subtle.importKey("raw", bytes(serverKey), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: bytes(half), info: new TextEncoder().encode("kuaiji device") };
  return crypto.subtle.deriveKey(how, both, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

class Keeper {
  constructor(owner, key) {
    Object.assign(this, { owner, key });
  }

  #bound(id) {
    return new TextEncoder().encode(`${this.owner}|${id}`);
  }

  /** Keeps `facts` (JSON) and perhaps the bytes of a `blob` under a name; an earlier entry is replaced. */
  async put(name, facts, blob = null) {
    const id = `${this.owner}|${name}`;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const head = new TextEncoder().encode(JSON.stringify(facts));
    const plain = new Blob([new Uint32Array([head.length]), head, blob ?? ""]);
    const how = { name: "AES-GCM", iv, additionalData: this.#bound(id) };
    const sealed = await crypto.subtle.encrypt(how, this.key, await plain.arrayBuffer());
    if (!wished(this.owner)) return; // unticked meanwhile
    await done((await table("readwrite")).put({ id, at: Date.now(), iv, sealed }));
  }

  /** This person's entries whose name has this prefix: [{name, at, facts, blob}]. Entries that do not decrypt are removed. */
  async all(prefix) {
    const start = `${this.owner}|${prefix}`;
    const rows = await done((await table("readonly")).getAll(IDBKeyRange.bound(start, `${start}\uffff`)));
    const found = [];
    for (const { id, at, iv, sealed } of rows) {
      try {
        const how = { name: "AES-GCM", iv, additionalData: this.#bound(id) };
        const plain = await crypto.subtle.decrypt(how, this.key, sealed);
        const length = new Uint32Array(plain.slice(0, 4))[0];
        const facts = JSON.parse(new TextDecoder().decode(plain.slice(4, 4 + length)));
        found.push({ name: id.slice(this.owner.length + 1), at, facts, blob: new Blob([plain.slice(4 + length)]) });
      } catch {
        await done((await table("readwrite")).delete(id));
      }
    }
    return found;
  }

  async remove(name) {
    await done((await table("readwrite")).delete(`${this.owner}|${name}`));
  }
}

const wished = (owner) => localStorage.getItem(WISH) === owner;

let asked;
/** The store of the signed-in person who asked for one, else null. Asks the server once a page. */
export function keeper() {
  if (!possible || !localStorage.getItem(WISH)) return Promise.resolve(null);
  asked ??= serversHalf().then(async (half) => (half && wished(half.owner) ? new Keeper(half.owner, await keyOf(half.key)) : null));
  return asked.catch(() => null);
}

/** Starts keeping; false when this is not possible. */
export async function allow() {
  const half = possible ? await serversHalf() : null;
  if (!half) return false;
  localStorage.setItem(WISH, half.owner);
  asked = undefined;
  return Boolean(await keeper());
}

/** Stops keeping. Without its half the key is lost at once, even if the rows stay. */
export async function wipe() {
  asked = undefined;
  localStorage.removeItem(WISH);
  localStorage.removeItem(HALF);
  if (!possible) return;
  await done((await table("readwrite")).clear()).catch(() => {});
}

async function sweep() {
  if (!possible || !localStorage.getItem(HALF)) return;
  const rows = await done((await table("readonly")).getAll());
  for (const { id, at } of rows) if (Date.now() - at > WEEK) await done((await table("readwrite")).delete(id));
}

/** Keeps a picture until it has arrived; null when this device keeps nothing, or has no room. */
export async function keepFile(kind, mark, name, blob) {
  const place = `file|${kind}|${mark}`;
  try {
    const keep = await keeper();
    await keep?.put(place, { mark, name, type: blob.type }, blob);
    return keep && { remove: () => keep.remove(place).catch(() => {}) };
  } catch {
    return null;
  }
}

/** The pictures of a paper that this device has kept: [{mark, name, blob, remove}]. */
export async function keptFiles(kind) {
  const keep = await keeper();
  const found = (await keep?.all(`file|${kind}|`).catch(() => [])) ?? [];
  return found.map(({ name: place, facts, blob }) => ({
    ...facts, blob: blob.slice(0, blob.size, facts.type), remove: () => keep.remove(place).catch(() => {}),
  }));
}

/** The box that says whether this device keeps anything. */
whenever("[data-keep]", async (label) => {
  const box = label.querySelector("input");
  const said = label.querySelector("[data-said]");
  label.hidden = false;
  if (!possible) {
    box.disabled = true;
    said.textContent = "（这里用不了：只有安全连接（https）才能加密保存）";
    return;
  }
  box.checked = Boolean(await keeper());
  box.disabled = false;
  box.addEventListener("change", async () => {
    if (!box.checked) await wipe();
    else if (!(await allow())) box.checked = false;
    said.textContent = box.checked ? "（已开启）" : "（已关闭，本机没有保留任何内容）";
    document.dispatchEvent(new CustomEvent("keeping", { detail: box.checked }));
  });
});

sweep().catch(() => {});
