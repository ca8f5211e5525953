/**
 * The office's rule for the one-inch photo, as the data attributes of a field tell it, and pictures made to it.
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

export const kilobytes = (bytes) => `${(Math.ceil(bytes / 100) / 10).toFixed(1)} KB`;

async function startsWith(file, offset, bytes) {
  const start = new Uint8Array(await file.slice(offset, offset + bytes.length).arrayBuffer());
  return bytes.every((byte, i) => start[i] === byte);
}

/** An HEIC picture, by its first bytes: most browsers cannot open one. */
export const isHeic = (file) => startsWith(file, 4, [..."ftyp"].map((letter) => letter.charCodeAt()));

/** A JPEG that already is what the office wants. It is sent as it is, to the last byte. */
export async function isRight(file, width, height, { least, ratio, bytes }) {
  const shape = Math.abs(width / height / (ratio[0] / ratio[1]) - 1) <= 0.03;
  const enough = width >= least[0] && height >= least[1];
  return shape && enough && file.size < bytes && startsWith(file, 0, [0xff, 0xd8, 0xff]);
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
 * A canvas of each size, drawn by `draw(width, height)`, as the finest JPEG below the limit: the quality by bisection,
 * then the next smaller size. Undefined when even the coarsest of the smallest is too large.
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
