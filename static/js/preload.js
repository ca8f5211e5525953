/**
 * Pictures of the next submission in hand, loaded while this one is read.
 *
 * Pictures come with no-store. So Chromium asks again after the navigation for what <link rel="prefetch">, fetch() or an
 * Image has loaded (tried). A service worker ends after half a minute without work, sooner than a review. A shared worker
 * with `extendedLifetime` keeps the bytes in its memory across the navigation, and nothing reaches a disk.
 * Where a browser does not know that, nothing is preloaded.
 */
const PATIENCE_MS = 400; // then the picture is requested like any other

let port; // undefined: not tried; null: not possible here

function worker() {
  if (port !== undefined) return port;
  let known = false;
  const options = {
    name: "preload",
    get extendedLifetime() {
      known = true; // a browser that knows the option reads it
      return true;
    },
  };
  try {
    port = new SharedWorker(new URL("./preload-worker.js", import.meta.url), options).port;
    if (!known) port.close();
  } catch {
    known = false; // no shared workers at all
  }
  port = known ? port : null;
  return port;
}

/** Has the worker load the pictures that the address of the next submission's list names. */
export async function preload(list, session) {
  if (!worker()) return;
  const answer = await fetch(list).catch(() => null);
  const isList = answer?.ok && answer.headers.get("Content-Type") === "application/json";
  for (const load of isList ? (await answer.json()).pictures : []) port.postMessage({ session, load });
}

/** The address under which this page can show a picture that was preloaded; the given one when it was not. */
export function addressOf(address, session) {
  if (!worker()) return Promise.resolve(address);
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS, address);
    port1.onmessage = ({ data }) => {
      resolve(data ? URL.createObjectURL(new Blob([data], { type: "image/jpeg" })) : address);
      port1.close();
    };
    port.postMessage({ session, take: address }, [port2]);
  });
}
