/**
 * One stage of the viewer: a picture, the frames drawn on it, and their labels, which stay upright and of one size.
 * The markup: .stage > .leaf > (img + svg.frames), .labels, .none (said in place of a picture), [data-which].
 */
import { fitted } from "./zoom.js";

const SVG = "http://www.w3.org/2000/svg";

function rectangle([left, top, width, height], [across, down], className) {
  const box = document.createElementNS(SVG, "rect");
  const sides = { x: left * across, y: top * down, width: width * across, height: height * down };
  for (const [name, value] of Object.entries(sides)) box.setAttribute(name, value);
  box.setAttribute("class", className);
  return box;
}

export class Pane {
  constructor(stage, view) {
    this.stage = stage;
    this.view = view;
    this.leaf = stage.querySelector(".leaf");
    this.frames = [];
    this.size = [4, 3];
  }

  /** Shows an <img> of so many pixels; without one the words that say why. */
  put(image, size, words = "") {
    this.image = image;
    this.size = size;
    this.leaf.querySelector("img")?.remove();
    if (image) this.leaf.prepend(image);
    this.stage.querySelector(".none").textContent = words;
  }

  get room() {
    return [this.leaf.clientWidth, this.leaf.clientHeight];
  }

  /** The size of the picture when all of it is seen, unturned. */
  get base() {
    return fitted(this.size, this.room);
  }

  fit() {
    this.view.fit(this.base, this.room);
  }

  draw() {
    if (!this.stage.getClientRects().length) return;
    this.leaf.style.transform = this.view.transform;
    this.leaf.style.setProperty("--zoom", this.view.scale); // lines stay as thin as they are
    this.drawFrames();
    this.drawLabels();
  }

  drawFrames() {
    const svg = this.leaf.querySelector(".frames");
    svg.setAttribute("viewBox", `0 0 ${this.size[0]} ${this.size[1]}`);
    svg.replaceChildren(
      ...this.frames.flatMap((frame) => {
        if (frame.ninth) return [rectangle(frame.rectangle, this.size, "ninth")];
        const kinds = `frame ${frame.earlier ? "earlier" : ""} ${frame.draft ? "draft" : ""}`;
        return [rectangle(frame.rectangle, this.size, "halo"), rectangle(frame.rectangle, this.size, kinds)];
      }),
    );
  }

  drawLabels() {
    const labels = this.frames.filter((frame) => frame.label).map((frame) => {
      const [place, label] = [this.view.seen(frame.rectangle, this.base), document.createElement("span")];
      label.textContent = frame.label;
      label.className = frame.ninth ? "ninth" : frame.earlier ? "earlier" : "";
      const above = frame.ninth ? "" : " translateY(-100%)";
      label.style.transform = `translate(${Math.round(place[0])}px, ${Math.round(place[1])}px)${above}`;
      return label;
    });
    this.stage.querySelector(".labels").replaceChildren(...labels);
  }
}
