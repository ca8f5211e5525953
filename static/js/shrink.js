/** Makes big pictures smaller before they are sent. Has no effect of its own; photo.js and upload.js use it. */

const SIDE = 2400; // px, the long side that the server keeps as well
const TARGET = 1_500_000; // bytes
const WORTH = 0.9; // send the original unless this saves at least a tenth

/** A picture as it is meant to be seen: turned upright by its EXIF data. Throws when the browser cannot read it. */
export function decode(file) {
  return createImageBitmap(file, { imageOrientation: "from-image" });
}

/** Draws a picture, `turns` quarter turns clockwise, on white (transparent parts would become black). */
export function draw(picture, scale = 1, turns = 0) {
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = turns % 2 ? [height, width] : [width, height];
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((turns * Math.PI) / 2);
  context.drawImage(picture, -width / 2, -height / 2, width, height);
  return canvas;
}

/** A canvas as a JPEG file, at lower quality until it is under `target` bytes (but still legible). */
export async function toFile(canvas, name, target = TARGET) {
  let blob;
  for (const quality of [0.88, 0.8, 0.72, 0.64, 0.56]) {
    blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob.size <= target) break;
  }
  return new File([blob], name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" });
}

/** The file itself when it is small, a PDF, or unreadable for this browser: then the server says what is wrong. */
export async function shrink(file) {
  if (file.size <= TARGET || file.type === "application/pdf") return file;
  try {
    const picture = await decode(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const smaller = await toFile(draw(picture, scale), file.name);
    picture.close();
    return smaller.size < file.size * WORTH ? smaller : file;
  } catch {
    return file;
  }
}

/** Puts files into an <input type=file>, as if they had been chosen there. */
export function choose(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
}
