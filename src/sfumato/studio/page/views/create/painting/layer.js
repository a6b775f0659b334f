// A layer that is painted on, with undo: a mask, white where a picture is to be new, or the colours of a sketch.

import { joined } from "./stroke.js";

const MOST_STEPS = 200;
const MOST_PIXELS = 48 * 1024 * 1024; // that undo keeps: 192 MB

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

// Of a canvas in main memory: its share is read after each step.
function contextOf(width, height) {
  return canvasOf(width, height).getContext("2d", { willReadFrequently: true });
}

export class Layer {
  // ground: the colour of what is not painted, or null for nothing there (a mask).
  constructor(width, height, ground = null) {
    this.width = width;
    this.height = height;
    this.ground = ground;
    // What is seen: all that was painted for good, and the stroke that is being painted.
    this.shown = contextOf(width, height);
    this.canvas = this.shown.canvas;
    this.steady = contextOf(width, height);
    this.before = contextOf(width, height); // as it was when the last step was done
    for (const context of [this.shown, this.steady, this.before]) {
      if (!ground) continue;
      context.fillStyle = ground;
      context.fillRect(0, 0, width, height);
    }
    this.done = [];
    this.undone = [];
    this.changed = null; // where the step that is being painted has changed something
    this.lively = null; // where something unsettled is seen
    this.onchange = () => {};
  }

  // Paints what is not for good yet. paint: "white", a colour, or null to erase.
  preview({ shape, bounds }, paint) {
    this._restore();
    draw(this.shown, shape, paint, this.ground);
    this.lively = this._within(bounds);
  }

  // Paints a shape for good, as a part of the step that `commit` ends.
  settle(shape, bounds, paint) {
    this._restore();
    draw(this.steady, shape, paint, this.ground);
    draw(this.shown, shape, paint, this.ground);
    this.changed = joined(this.changed, this._within(bounds));
  }

  // Ends a step, which undo takes back as one.
  commit() {
    this._restore();
    const rect = this.changed;
    this.changed = null;
    if (!rect) return;
    this.done.push({ rect, pixels: cut(this.before.canvas, rect) });
    this.undone = [];
    copy(this.steady.canvas, this.before, rect);
    this._forget();
    this.onchange();
  }

  // Gives up the step that is being painted.
  abandon() {
    this._restore();
    const rect = this.changed;
    this.changed = null;
    if (!rect) return;
    copy(this.before.canvas, this.steady, rect);
    copy(this.before.canvas, this.shown, rect);
  }

  // One step from a function of a context, in whole or within rect: [left, top, right, bottom].
  apply(change, rect = [0, 0, this.width, this.height]) {
    this.abandon();
    change(this.steady);
    this.changed = this._within(rect);
    if (!this.changed) return;
    copy(this.steady.canvas, this.shown, this.changed);
    this.commit();
  }

  rectangle([left, top, right, bottom], paint) {
    const outline = new Path2D();
    outline.rect(left, top, right - left, bottom - top);
    this.apply((context) => draw(context, { outline }, paint, this.ground), [left, top, right, bottom]);
  }

  clear() {
    this.apply((context) => {
      context.clearRect(0, 0, this.width, this.height);
      if (!this.ground) return;
      context.fillStyle = this.ground;
      context.fillRect(0, 0, this.width, this.height);
    });
  }

  // What is painted becomes what is not.
  invert() {
    this.apply((context) => {
      context.globalCompositeOperation = "xor";
      context.fillStyle = "#fff";
      context.fillRect(0, 0, this.width, this.height);
      context.globalCompositeOperation = "source-over";
    });
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  undo() {
    this._swap(this.done, this.undone);
  }

  redo() {
    this._swap(this.undone, this.done);
  }

  // The share that is painted, 0 to 1.
  share() {
    const { data } = this.steady.getImageData(0, 0, this.width, this.height);
    let painted = 0;
    for (let index = 3; index < data.length; index += 4) painted += data[index];
    return painted / 255 / (this.width * this.height);
  }

  // A mask as a PNG: white on black. soft: the breadth of its edge in pixels.
  maskBlob(soft = 0) {
    const context = contextOf(this.width, this.height);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.width, this.height);
    if (soft > 0) context.filter = `blur(${soft / 2}px)`;
    context.drawImage(this.steady.canvas, 0, 0);
    return blobOf(context.canvas);
  }

  blob() {
    return blobOf(this.steady.canvas);
  }

  // The same, painted on another size, without what could be undone.
  resized(width, height) {
    const layer = new Layer(width, height, this.ground);
    layer.apply((context) => context.drawImage(this.steady.canvas, 0, 0, width, height));
    layer.done = [];
    return layer;
  }

  _swap(from, to) {
    this.abandon();
    const step = from.pop();
    if (!step) return;
    to.push({ rect: step.rect, pixels: cut(this.steady.canvas, step.rect) });
    for (const context of [this.steady, this.shown, this.before]) {
      const [left, top] = clearedAt(context, step.rect);
      context.drawImage(step.pixels, left, top);
    }
    this.onchange();
  }

  _restore() {
    if (this.lively) copy(this.steady.canvas, this.shown, this.lively);
    this.lively = null;
  }

  _within(bounds) {
    if (!bounds) return null;
    const [left, top] = [Math.max(0, Math.floor(bounds[0])), Math.max(0, Math.floor(bounds[1]))];
    const [right, bottom] = [Math.min(this.width, Math.ceil(bounds[2])), Math.min(this.height, Math.ceil(bounds[3]))];
    return right > left && bottom > top ? [left, top, right, bottom] : null;
  }

  _forget() {
    let kept = 0;
    let first = this.done.length;
    while (first > 0 && this.done.length - first < MOST_STEPS) {
      const { pixels } = this.done[first - 1];
      kept += pixels.width * pixels.height;
      if (kept > MOST_PIXELS && first < this.done.length) break;
      first -= 1;
    }
    this.done.splice(0, first);
  }
}

// shape: an outline to fill, a line with its breadth, or both; paint: null takes away what was painted.
function draw(context, { outline, line, breadth }, paint, ground) {
  context.globalCompositeOperation = paint || ground ? "source-over" : "destination-out";
  const colour = paint ?? ground ?? "#000";
  Object.assign(context, { fillStyle: colour, strokeStyle: colour, lineCap: "round", lineJoin: "round" });
  if (outline) context.fill(outline);
  if (line) {
    context.lineWidth = breadth;
    context.stroke(line);
  }
  context.globalCompositeOperation = "source-over";
}

function clearedAt(context, [left, top, right, bottom]) {
  context.clearRect(left, top, right - left, bottom - top);
  return [left, top];
}

function cut(canvas, [left, top, right, bottom]) {
  const part = contextOf(right - left, bottom - top);
  part.drawImage(canvas, -left, -top);
  return part.canvas;
}

function copy(canvas, context, [left, top, right, bottom]) {
  const [width, height] = [right - left, bottom - top];
  context.clearRect(left, top, width, height);
  context.drawImage(canvas, left, top, width, height, left, top, width, height);
}

function blobOf(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the canvas gave no picture"))), "image/png");
  });
}
