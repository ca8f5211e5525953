/**
 * Judges a finished photo by plain statistics, with the same words as lib/pictures/portrait.py on the server: the background
 * in the upper corners, and the light. Says nothing where all is right. Has no effect of its own.
 */

const [WHITE, LIGHT, EVEN, DARK, BRIGHT] = [200, 150, 15, 70, 235]; // the limits of lib/pictures/portrait.py

/** The mean and the spread of some figures. */
function spread(figures) {
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  return [mean, Math.sqrt(figures.reduce((sum, figure) => sum + (figure - mean) ** 2, 0) / figures.length)];
}

export function lightAdvice(canvas, { background }) {
  const small = Object.assign(document.createElement("canvas"), { width: 50, height: 70 });
  const context = small.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, 50, 70);
  const { data } = context.getImageData(0, 0, 50, 70);
  const wall = [];
  const person = [];
  for (let y = 0; y < 70; y++) {
    for (let x = 0; x < 50; x++) {
      const [red, green, blue] = data.slice((y * 50 + x) * 4);
      if (y >= 1 && y < 25 && ((x >= 1 && x < 9) || (x >= 41 && x < 49))) wall.push(Math.min(red, green, blue));
      if (y >= 18 && y < 46 && x >= 15 && x < 35) person.push(0.299 * red + 0.587 * green + 0.114 * blue);
    }
  }
  const [lightness, unevenness] = spread(wall);
  const [brightness] = spread(person);
  const found = [];
  if (unevenness > EVEN) found.push("背景不均匀，请在没有阴影和杂物的墙前重拍");
  else if (background === "white" && lightness < WHITE) found.push("背景不是白色，请在白墙前重拍");
  else if (background === "light" && lightness < LIGHT) found.push("背景太深，请在浅色的墙前重拍");
  if (brightness < DARK) found.push("脸部太暗，请面向窗户或灯光重拍，也可以调高亮度");
  if (brightness > BRIGHT) found.push("脸部太亮，请避开强光重拍，也可以调低亮度");
  return found;
}
