/**
 * The view of a picture in a stage: fitted into its room, then zoomed, turned by quarters and moved. Points of the stage
 * are pixels from its middle. Points of the picture are fractions of its stored width and height, so a rectangle means the
 * same place however the picture is turned and zoomed. Turning changes the view only, nothing that is stored.
 */
export const LEAST = 0.25;
export const MOST = 8;
const HELD = 48; // at least this many pixels of the picture stay in sight

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/** The size at which the whole of a picture is seen in a room: [width, height]. */
export function fitted([width, height], [roomWidth, roomHeight]) {
  const factor = Math.min(roomWidth / width, roomHeight / height);
  return [width * factor, height * factor];
}

/** A vector after so many quarter turns to the right. */
function turned([a, b], quarters) {
  return [[a, b], [-b, a], [-a, -b], [b, -a]][((quarters % 4) + 4) % 4];
}

/** The rectangle [left, top, width, height] between two points. */
export function between([a, b], [c, d]) {
  return [Math.min(a, c), Math.min(b, d), Math.abs(c - a), Math.abs(d - b)];
}

/** One view: shared by the pictures of two stages that are compared. `base` is always the size of a fitted picture. */
export class View {
  constructor() {
    [this.scale, this.turns, this.x, this.y] = [1, 0, 0, 0];
  }

  /** Zooms so that the point of the stage stays where it is. */
  zoom(factor, [px, py] = [0, 0]) {
    const scale = clamp(this.scale * factor, LEAST, MOST);
    this.x = px - ((px - this.x) * scale) / this.scale;
    this.y = py - ((py - this.y) * scale) / this.scale;
    this.scale = scale;
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  /** Shows all of the picture, turned as it is. */
  fit(base, room) {
    const [width, height] = this.turns % 2 ? [base[1], base[0]] : base;
    [this.x, this.y] = [0, 0];
    this.scale = clamp(fitted([width, height], room)[0] / width || 1, LEAST, MOST);
  }

  /** Keeps a strip of the picture inside the room, so that it is never lost from sight. */
  hold(base, [roomWidth, roomHeight]) {
    const [width, height] = (this.turns % 2 ? [base[1], base[0]] : base).map((side) => side * this.scale);
    const [across, down] = [(width + roomWidth) / 2 - HELD, (height + roomHeight) / 2 - HELD];
    [this.x, this.y] = [clamp(this.x, -across, across), clamp(this.y, -down, down)];
  }

  toStage([u, v], [width, height]) {
    const [a, b] = turned([(u - 0.5) * width, (v - 0.5) * height], this.turns);
    return [this.x + a * this.scale, this.y + b * this.scale];
  }

  toPicture([px, py], [width, height]) {
    const [a, b] = turned([(px - this.x) / this.scale, (py - this.y) / this.scale], -this.turns);
    return [a / width + 0.5, b / height + 0.5];
  }

  /** A rectangle of the picture as it is seen: its sides in pixels, its corner counted from the middle of the stage. */
  seen([left, top, width, height], base) {
    return between(this.toStage([left, top], base), this.toStage([left + width, top + height], base));
  }

  /** A rectangle of the stage as the part of the picture below it; what is outside the picture is cut off. */
  covered([left, top, width, height], base) {
    const corners = [this.toPicture([left, top], base), this.toPicture([left + width, top + height], base)];
    return between(...corners.map((point) => point.map((value) => clamp(value, 0, 1))));
  }

  get transform() {
    const [x, y] = [this.x, this.y].map((value) => Math.round(value * 100) / 100);
    return `translate(${x}px, ${y}px) scale(${this.scale}) rotate(${this.turns * 90}deg)`;
  }
}
