/**
 * The office's rule for the one-inch photo, read from the data attributes of a field, and pictures that follow it.
 * Has no effect of its own. Part of the tool that works without a network: no import() and no address in here.
 */

const QUALITIES = [40, 95]; // per cent, the same as on the server
const DPI = 300;

export function readRule({ least, best, ratio, bytes, background }) {
  const pair = (text) => text.split(/[x:]/).map(Number);
  return { least: pair(least), best: pair(best), ratio: pair(ratio), bytes: Number(bytes), background };
}

/** How large the rule's photo is on paper, in millimetres. */
export function onPaper({ least }) {
  return least.map((pixels) => Math.round((pixels / DPI) * 25.4));
}

export const kilobytes = (bytes) => `${(Math.floor(bytes / 100) / 10).toFixed(1)} KB`;

async function startsWith(file, offset, bytes) {
  const start = new Uint8Array(await file.slice(offset, offset + bytes.length).arrayBuffer());
  return bytes.every((byte, i) => start[i] === byte);
}

/** An HEIC picture, by its first bytes: most browsers cannot open one. */
export const isHeic = (file) => startsWith(file, 4, [..."ftyp"].map((letter) => letter.charCodeAt()));

/** True when the EXIF data of a JPEG says that it must be turned before it is shown. */
async function isTurned(file) {
  const data = new DataView(await file.slice(0, 65_536).arrayBuffer());
  let at = 2;
  while (at + 4 < data.byteLength && data.getUint16(at) !== 0xffe1) {
    if (data.getUint16(at) < 0xffc0 || data.getUint16(at) === 0xffda) return false;
    at += 2 + data.getUint16(at + 2);
  }
  const tiff = at + 10; // behind the marker, the length and "Exif\0\0"
  if (tiff + 8 > data.byteLength) return false;
  const little = data.getUint16(tiff) === 0x4949;
  const list = tiff + data.getUint32(tiff + 4, little);
  const entries = list + 2 > data.byteLength ? 0 : data.getUint16(list, little);
  for (let entry = list + 2; entry < list + 2 + 12 * entries && entry + 12 <= data.byteLength; entry += 12) {
    if (data.getUint16(entry, little) === 0x0112) return data.getUint16(entry + 8, little) > 1;
  }
  return false;
}

/** A JPEG that already fits the rule. It is sent unchanged, byte for byte. */
export async function isRight(file, width, height, { least, ratio, bytes }) {
  const shape = Math.abs(width / height / (ratio[0] / ratio[1]) - 1) <= 0.03;
  const enough = width >= least[0] && height >= least[1];
  const light = file.size < bytes && (await startsWith(file, 0, [0xff, 0xd8, 0xff]));
  return shape && enough && light && !(await isTurned(file));
}

/** The largest frame of the rule's shape that a picture holds. */
export function largestFrame(width, height, { ratio }) {
  const across = Math.min(width, (height * ratio[0]) / ratio[1]);
  return [across, (across * ratio[1]) / ratio[0]];
}

/** Which size a photo cut out of so many pixels gets: the best, the least, or none when there are too few. */
export function sizesFor(width, height, { least, best }) {
  return [best, least].filter(([w, h], i, all) => all.findIndex((size) => size[0] === w) === i && width >= w - 1 && height >= h - 1);
}

/**
 * The best JPEG below the limit of what `draw(width, height)` draws. The quality is found by bisection, then the next
 * smaller size is tried. Undefined when the smallest size is too large even at the lowest quality.
 */
export async function toPhoto(sizes, draw, { bytes }) {
  for (const [width, height] of sizes) {
    const canvas = draw(width, height);
    let [low, high] = QUALITIES;
    let quality = high;
    let best;
    while (low <= high) {
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality / 100));
      if (blob.size < bytes) [best, low] = [blob, quality + 1];
      else high = quality - 1;
      quality = (low + high) >> 1;
    }
    if (best) return { blob: await withDpi(best), canvas, width, height };
  }
}

/** Writes 300 dpi into the JFIF header, which is what printers and checkers look at. */
async function withDpi(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const jfif = bytes[2] === 0xff && bytes[3] === 0xe0 && String.fromCharCode(...bytes.slice(6, 10)) === "JFIF";
  if (jfif) bytes.set([1, DPI >> 8, DPI & 255, DPI >> 8, DPI & 255], 13);
  return new Blob([bytes], { type: "image/jpeg" });
}
