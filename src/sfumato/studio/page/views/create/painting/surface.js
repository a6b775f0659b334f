// Two canvases on top of each other: below the picture, above what is painted on it. No framework touches them between
// a pointer's move and the frame that shows it, so that a stroke follows the hand while the machine trains.

import { Gestures } from "./gestures.js";
import { Stroke } from "./stroke.js";
import { Viewport } from "./viewport.js";

const MARGIN = 16; // CSS pixels round a picture that fits
const PIXELS_ARE_SEEN_FROM = 6; // screen pixels to one of the picture
const STRIPES = 12; // CSS pixels from one stripe to the next

export class Surface {
  // element: an empty box with a size and a position of its own, which is filled.
  constructor(element) {
    this.element = element;
    this.below = canvasIn(element, "surface-below");
    this.above = canvasIn(element, "surface-above");
    this.ring = element.appendChild(document.createElement("div"));
    this.ring.className = "surface-ring";
    this.ring.hidden = true;
    this.viewport = new Viewport();
    this.picture = null; // what drawImage takes
    this.width = 1;
    this.height = 1;
    this.margins = { left: 0, top: 0, right: 0, bottom: 0 };
    this.layer = null;
    this.isMask = true;
    this.tool = "brush"; // or eraser, rectangle, pan
    this.size = 24; // diameter of the brush in pixels of the picture
    this.paint = "#fff";
    this.stroke = null;
    this.box = null; // [x, y, x, y]: a rectangle that is being drawn
    this.onchange = () => {};
    this.onview = () => {};
    this.onbox = () => {};
    this._wanted = 0; // the frame that was asked for
    this._belowIsOld = true;
    this._gestures = new Gestures(this, this.above);
    this._observer = new ResizeObserver(() => this._resize());
    this._observer.observe(element);
    this._resize();
  }

  destroy() {
    this._observer.disconnect();
    this._gestures.destroy();
    cancelAnimationFrame(this._wanted);
    this.element.replaceChildren();
  }

  // picture: what drawImage takes, or null for an empty ground of width x height pixels.
  show(picture, width, height) {
    const isNew = width !== this.width || height !== this.height;
    Object.assign(this, { picture, width, height });
    if (isNew) this.viewport.fitted = true;
    this.fitIfWanted();
  }

  // layer: as large as the picture, or null; isMask: shown as stripes over it, or as the colours that it has.
  use(layer, isMask) {
    Object.assign(this, { layer, isMask, stroke: null, box: null });
    this.request();
  }

  extend(margins) {
    this.margins = { ...margins };
    this.fitIfWanted();
  }

  fitIfWanted() {
    if (this.viewport.fitted) this.fit();
    else this.request(true);
  }

  fit() {
    const { left, top, right, bottom } = this.margins;
    const [width, height] = [this.width + left + right, this.height + top + bottom];
    this.viewport.fit(width, height, this.above.width, this.above.height, MARGIN * this.ratio);
    this.viewport.x += left * this.viewport.scale;
    this.viewport.y += top * this.viewport.scale;
    this.moved();
  }

  // x, y: of the screen, in the canvas's pixels; by default the middle.
  zoom(factor, x = this.above.width / 2, y = this.above.height / 2) {
    this.viewport.zoom(factor, x, y, this.width, this.height);
    this.moved();
  }

  pan(x, y) {
    this.viewport.pan(x, y);
    this.moved();
  }

  moved() {
    this.request(true);
    this.resizeRing();
    this.onview(this.viewport.scale / this.ratio);
  }

  begin(x, y, pressure, pressed, erase) {
    if (!this.layer) return;
    this.erases = erase || this.tool === "eraser";
    const [at, down] = this.viewport.toPicture(x, y);
    if (this.tool === "rectangle") {
      this.box = [at, down, at, down];
    } else {
      this.stroke = new Stroke(this.size, this.viewport.scale, pressed);
      this.stroke.add(at, down, pressure);
    }
    this.request();
  }

  move(points) {
    for (const [x, y, pressure] of points) {
      const [at, down] = this.viewport.toPicture(x, y);
      if (this.box) this.box = [this.box[0], this.box[1], at, down];
      else this.stroke?.add(at, down, pressure);
    }
    if (this.box || this.stroke) this.request();
  }

  end() {
    if (this.box) {
      const rect = this._wholeBox();
      this.box = null;
      if (rect) this.layer.rectangle(rect, this.erases ? null : this.paint);
      if (rect) this.onbox(rect);
    } else if (this.stroke) {
      const { shape } = this.stroke.live();
      this.layer.settle(shape, this.stroke.bounds, this.erases ? null : this.paint);
      this.stroke = null;
      this.layer.commit();
    }
    this.request();
  }

  // Gives up a stroke, as when a second finger comes down.
  abandon() {
    this.layer?.abandon();
    this.stroke = null;
    this.box = null;
    this.request();
  }

  hover(x, y) {
    const isBrush = this.layer && (this.tool === "brush" || this.tool === "eraser");
    this.ring.hidden = !isBrush;
    this.ring.style.translate = `${x / this.ratio}px ${y / this.ratio}px`;
  }

  leave() {
    this.ring.hidden = true;
  }

  holdSpace(held) {
    this._gestures.holdSpace(held);
  }

  resizeRing() {
    const side = Math.max(2, (this.size * this.viewport.scale) / this.ratio);
    this.ring.style.width = `${side}px`;
    this.ring.style.height = `${side}px`;
  }

  // Draws with the next frame. below: the picture as well, as it has moved or is another.
  request(below = false) {
    this._belowIsOld ||= below;
    this._wanted ||= requestAnimationFrame(() => {
      this._wanted = 0;
      if (this._belowIsOld) this._drawBelow();
      this._drawAbove();
    });
  }

  get ratio() {
    return this._ratio ?? 1;
  }

  _resize() {
    this._ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.max(1, Math.round(width * this._ratio));
      canvas.height = Math.max(1, Math.round(height * this._ratio));
    }
    this._stripes = null;
    if (this.viewport.fitted) this.fit();
    else this.moved();
  }

  _drawBelow() {
    this._belowIsOld = false;
    const context = this.below.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.below.width, this.below.height);
    this.viewport.on(context);
    const { left, top, right, bottom } = this.margins;
    if (left + top + right + bottom > 0) {
      context.fillStyle = this._pattern(context);
      const whole = [-left, -top, this.width + left + right, this.height + top + bottom];
      context.save();
      const outside = new Path2D();
      outside.rect(...whole);
      outside.rect(0, 0, this.width, this.height);
      context.clip(outside, "evenodd");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillRect(0, 0, this.below.width, this.below.height);
      context.restore();
    }
    if (!this.picture) return;
    context.imageSmoothingEnabled = this.viewport.scale < PIXELS_ARE_SEEN_FROM;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture, 0, 0, this.width, this.height);
  }

  _drawAbove() {
    const context = this.above.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.above.width, this.above.height);
    if (!this.layer) return;
    if (this.stroke) this._paintStroke();
    this.viewport.on(context);
    context.imageSmoothingEnabled = this.viewport.scale < (this.isMask ? 2 : PIXELS_ARE_SEEN_FROM);
    context.drawImage(this.layer.canvas, 0, 0);
    const rect = this.box && this._wholeBox();
    if (rect) this._drawBox(context, rect);
    if (!this.isMask) return;
    // What was drawn is only where the stripes go.
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = this._pattern(context);
    context.fillRect(0, 0, this.above.width, this.above.height);
    context.globalCompositeOperation = "source-over";
  }

  _paintStroke() {
    const paint = this.erases ? null : this.paint;
    const settled = this.stroke.settled();
    if (settled) this.layer.settle(settled, this.stroke.bounds, paint);
    this.layer.preview(this.stroke.live(), paint);
  }

  _drawBox(context, [left, top, right, bottom]) {
    context.globalCompositeOperation = this.erases && this.isMask ? "destination-out" : "source-over";
    context.fillStyle = this.erases ? (this.layer.ground ?? "#000") : this.paint;
    context.fillRect(left, top, right - left, bottom - top);
    context.globalCompositeOperation = "source-over";
  }

  // The rectangle that is being drawn in whole pixels within the layer, or null.
  _wholeBox() {
    const [x, y, otherX, otherY] = this.box;
    const left = Math.max(0, Math.round(Math.min(x, otherX)));
    const top = Math.max(0, Math.round(Math.min(y, otherY)));
    const right = Math.min(this.width, Math.round(Math.max(x, otherX)));
    const bottom = Math.min(this.height, Math.round(Math.max(y, otherY)));
    return right > left && bottom > top ? [left, top, right, bottom] : null;
  }

  // Stripes over a veil: seen on a light picture as on a dark one, of any colour, and the picture through them.
  _pattern(context) {
    if (this._stripes) return this._stripes;
    const side = Math.round(STRIPES * this.ratio);
    const drawn = document.createElement("canvas").getContext("2d");
    drawn.canvas.width = side;
    drawn.canvas.height = side;
    const style = getComputedStyle(this.element);
    drawn.fillStyle = style.getPropertyValue("--mask-veil").trim() || "rgb(255 255 255 / 50%)";
    drawn.fillRect(0, 0, side, side);
    drawn.strokeStyle = style.getPropertyValue("--mask-stripe").trim() || "rgb(190 80 30 / 70%)";
    drawn.lineWidth = 2 * this.ratio;
    for (const shift of [-side, 0, side]) {
      drawn.beginPath();
      drawn.moveTo(shift - side, 2 * side);
      drawn.lineTo(shift + 2 * side, -side);
      drawn.stroke();
    }
    this._stripes = context.createPattern(drawn.canvas, "repeat");
    return this._stripes;
  }
}

function canvasIn(element, name) {
  const canvas = element.appendChild(document.createElement("canvas"));
  canvas.className = name;
  return canvas;
}
