/**
 * Keeps a few pictures in memory from one page of an officer to the next; nothing is written to a disk. It is a shared
 * worker, so that it outlives the page that loaded them (see preload.js). Each picture is handed out once. Pictures that
 * are not fetched are dropped, and all of them are when another session asks.
 *
 * Messages: {session, load: address} and {session, take: address} with a port for the answer: the bytes, or null.
 */
const MOST = 4;
const HELD_MS = 10 * 60 * 1000;
const held = new Map(); // address -> promise of the bytes
let owner = null;

async function fetched(address) {
  const answer = await fetch(`${address}?preload=1`).catch(() => null);
  const isPicture = answer?.ok && answer.headers.get("Content-Type") === "image/jpeg"; // else the sign-in page, an error
  return isPicture ? answer.arrayBuffer() : null;
}

function load(address) {
  if (held.has(address)) return;
  for (const old of [...held.keys()].slice(0, Math.max(0, held.size - MOST + 1))) held.delete(old);
  const bytes = fetched(address);
  held.set(address, bytes);
  setTimeout(() => held.get(address) === bytes && held.delete(address), HELD_MS);
}

async function give(address, answer) {
  const bytes = (await held.get(address)) ?? null;
  held.delete(address);
  answer.postMessage(bytes, bytes ? [bytes] : []);
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data, ports: [answer] }) => {
    if (data.session !== owner) held.clear();
    owner = data.session;
    if (data.load) load(data.load);
    if (data.take) give(data.take, answer);
  };
};
