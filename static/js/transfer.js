/**
 * Sends one file in pieces (tus). After any interruption the upload is resumed where it stopped. Then it asks the server to
 * accept the file. Has no effect of its own; upload.js and the phone's page use it.
 */

const PIECE = 512 * 1024; // bytes; the server stores each one before it answers
const WAITS = [1, 2, 4, 8, 15, 30, 60]; // s between automatic retries
const SILENT = 45_000; // ms without a byte moved: the connection is dead, even without an error
const JUDGED_IN = 90_000; // ms for the server to look at a picture
const VENDOR = new URL("../vendor/tus-js-client/tus.min.js", import.meta.url);

const CAUSES = {
  network: "网络不通，恢复后自动接着传",
  busy: "系统正忙，稍后自动重试",
  storage: "服务器暂时不能保存，稍后自动重试",
  failed: "系统出错了，没有传成",
  session: "登录已超时。请重新登录，再点【继续】，会接着传",
  large: "文件超过 15 MB，请换一个或压缩后再传",
  refused: "这个文件不能使用",
  empty: "文件是空的，可能还没有下载到本机。请打开看一看，再重新选择",
  unreadable: "读不出这个文件，可能还没有下载到本机，或者已经移走。请打开看一看，再重新选择",
  gone: "这个上传已经结束，请重新选择文件",
};

/** Why a file has not arrived. `again`: it is retried automatically; else the person has to do something. */
export class Trouble extends Error {
  constructor(cause, text = "") {
    super(text || CAUSES[cause]);
    this.cause = cause;
    this.again = cause === "network" || cause === "busy" || cause === "storage";
  }
}

/** Views answer with plain text; the gate and proxies in front of it with pages. */
const isPlain = (type) => (type ?? "").startsWith("text/plain");

/** A status and what the server said, as a Trouble. `ours`: the view itself answered. */
function troubleOf(status, text, ours) {
  const said = ours && status !== 401 ? text : "";
  if (status === 401) return new Trouble("session");
  if (status === 400 && !ours) return new Trouble("token"); // a new sign-in has happened: the page's token is an old one
  if (status === 413) return new Trouble("large", said);
  if (status === 409 || status === 423 || status === 503 || status === 502 || status === 504) return new Trouble("busy");
  if (status === 507) return new Trouble("storage");
  if (status === 404 || status === 410) return new Trouble("gone");
  if (status === 403) return new Trouble("refused", said || "现在不能上传图片，请刷新页面，看看申报的状态");
  if (status >= 500) return new Trouble("failed");
  return new Trouble("refused", said);
}

/**
 * Tells the same bytes from others (a file that is chosen again); no protection against anybody. 53 bits, after cyrb53.
 * Works where crypto.subtle does not (http without localhost).
 */
export async function markOf(blob) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (const byte of new Uint8Array(await blob.arrayBuffer())) {
    a = Math.imul(a ^ byte, 2654435761);
    b = Math.imul(b ^ byte, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return `${blob.size}-${(4294967296 * (2097151 & b) + (a >>> 0)).toString(36)}`;
}

/** The session's present CSRF token, read from the page as it is now. */
async function freshToken() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => {
    throw new Trouble("network");
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("form:not([action$='/login']) input[name=csrf_token]")?.value;
  if (answer.redirected || !token) throw new Trouble("session");
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
  return token;
}

export class Transfer {
  #upload;
  #wake;
  #cancelled = false;
  arrived = 0; // bytes that the server has

  /**
   * `endpoint`: where uploads begin; `url`: where this one is resumed, if it began before; `token`: the CSRF token;
   * `metadata`: kind, filename, mark ... `onprogress(bytes)` and `onwait(trouble)` report how it goes.
   */
  constructor(blob, { endpoint, url = null, token, metadata, onprogress = () => {}, onwait = () => {}, onurl = () => {} }) {
    Object.assign(this, { blob, url, token, metadata, onprogress, onwait, onurl });
    this.endpoint = new URL(endpoint, location.href).href;
    if (url) this.url = new URL(url, location.href).href;
  }

  /** Resolves with what the server made of the file: {ok, page} or {ok: false, problem}; rejects with a Trouble. `kind` says
   * of which paper, if it is another one than the upload began with. */
  run(kind = () => "") {
    return this.#repeated("take", () => (kind() ? new URLSearchParams({ kind: kind() }) : null));
  }

  /** Sends it without having it added; resolves with what it shows: {sheet}. `run` adds it later. */
  look() {
    return this.#repeated("look");
  }

  async #repeated(verb, body = () => null) {
    let tries = 0;
    for (;;) {
      const before = this.arrived;
      try {
        if (navigator.onLine === false) throw new Trouble("network");
        await this.#send();
        return await this.#ask(verb, body());
      } catch (error) {
        if (this.#cancelled) throw new Trouble("cancelled");
        const trouble = error instanceof Trouble ? error : new Trouble("failed");
        if (this.arrived > before) tries = 0;
        if (trouble.cause === "token" && tries < WAITS.length) this.token = await this.#renewed();
        else if (trouble.cause === "gone" && tries < 3) this.url = null;
        else if (!trouble.again) throw trouble;
        await this.#wait(trouble, WAITS[Math.min(tries++, WAITS.length - 1)]);
      }
    }
  }

  get waiting() {
    return Boolean(this.#wake);
  }

  /** Resumes now: a button was pressed. */
  retry() {
    this.#wake?.();
  }

  /** Stops, and has the server delete what it has. */
  async cancel() {
    this.#cancelled = true;
    await this.#upload?.abort();
    this.#wake?.();
    if (!this.url) return;
    const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": this.token };
    await fetch(this.url, { method: "DELETE", headers, keepalive: true }).catch(() => {}); // otherwise the server removes it later
  }

  async #renewed() {
    try {
      return await freshToken();
    } catch (error) {
      if (error instanceof Trouble && error.again) return this.token;
      throw error;
    }
  }

  #wait(trouble, seconds) {
    this.onwait(trouble, seconds);
    return new Promise((resolve) => {
      const woken = () => {
        this.#wake = null;
        clearTimeout(timer);
        window.removeEventListener("online", woken);
        resolve();
      };
      // Offline, the browser reports when to resume. That it is online says little, so then the wait is timed as well.
      const timer = navigator.onLine === false ? 0 : setTimeout(woken, seconds * 1000);
      window.addEventListener("online", woken);
      this.#wake = woken;
    });
  }

  async #send() {
    if (!window.tus) {
      await import(VENDOR).catch(() => {
        throw new Trouble("network");
      });
    }
    await new Promise((resolve, reject) => {
      this.#upload = new window.tus.Upload(this.blob, {
        endpoint: this.endpoint,
        uploadUrl: this.url,
        chunkSize: PIECE,
        uploadDataDuringCreation: true,
        retryDelays: null, // our own waits, which say what they wait for
        storeFingerprintForResuming: false, // the server knows what is unfinished: nothing is left on a shared computer
        metadata: this.metadata,
        headers: { "X-CSRFToken": this.token },
        onBeforeRequest: guardSilence,
        onAfterResponse: judge,
        onProgress: (bytes) => this.onprogress(bytes),
        onChunkComplete: (_size, arrived) => (this.arrived = arrived),
        onUploadUrlAvailable: () => this.onurl((this.url = this.#upload.url)),
        onSuccess: resolve,
        onError: (error) => reject(error.causingError instanceof Trouble ? error.causingError : networkOr(error)),
      });
      this.#upload.start();
    });
    this.arrived = this.blob.size;
  }

  async #ask(verb, body) {
    const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": this.token, Accept: "application/json" };
    let answer, text;
    try {
      answer = await fetch(`${this.url}/${verb}`, { method: "POST", body, headers, signal: AbortSignal.timeout(JUDGED_IN) });
      text = await answer.text();
    } catch {
      throw new Trouble("network");
    }
    if (!answer.ok) throw troubleOf(answer.status, text, isPlain(answer.headers.get("Content-Type")));
    return JSON.parse(text);
  }
}

/** Handles a failed answer before the library does: at a server error it would start the upload again from zero. */
function judge(request, response) {
  const status = response.getStatus();
  const head = request.getMethod() === "HEAD";
  if (status < 400 || (head && (status === 404 || status === 410))) return;
  throw troubleOf(status, head ? "" : response.getBody(), isPlain(response.getHeader("Content-Type")));
}

/** Without a response it is the connection; with one, an error of the library. */
const networkOr = (error) => new Trouble(error.originalResponse ? "failed" : "network");

/** Ends a request in which no byte moves: a dropped connection may not be reported for minutes. */
function guardSilence(request) {
  const xhr = request.getUnderlyingObject();
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      xhr.onerror?.(new ProgressEvent("error"));
      xhr.abort();
    }, SILENT);
  };
  xhr.upload.addEventListener("progress", alive);
  xhr.addEventListener("loadend", () => clearTimeout(timer));
  alive();
}
