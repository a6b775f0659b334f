// A stroke of the brush: pointer positions become the line that perfect-freehand smooths, or its outline round them.

import { getStroke, getStrokePoints } from "perfect-freehand";

// A shape is computed anew for all its points in every frame. So that a long stroke costs no more than a short one,
// what lies behind the last points is settled and painted for good.
const MOST_POINTS = 160;
const OVERLAP = 2; // diameters of brush that a piece shares with the one before it, so that no joint is seen
const THINNING = 0.6; // how much of its breadth a pen loses that is hardly pressed

// A line through the middles between points: [[x, y], ...], divided by scale.
function smooth(points, scale, isClosed) {
  const path = new Path2D();
  const place = (index) => points[isClosed ? index % points.length : Math.min(index, points.length - 1)];
  path.moveTo(points[0][0] / scale, points[0][1] / scale);
  for (let index = 1; index < points.length + (isClosed ? 1 : 0); index += 1) {
    const [x, y] = place(index);
    const [nextX, nextY] = place(index + 1);
    path.quadraticCurveTo(x / scale, y / scale, (x + nextX) / 2 / scale, (y + nextY) / 2 / scale);
  }
  if (isClosed) path.closePath();
  return path;
}

// What is painted: a line of one breadth, and for a pen the outline round it that follows its pressure. The outline
// alone would have holes where a stroke turns back on itself.
function shaped(points, options, scale) {
  const middle = getStrokePoints(points, options).map(({ point }) => point);
  const outline = options.thinning > 0 ? getStroke(points, options) : [];
  return {
    line: smooth(middle, scale, false),
    breadth: (options.size / scale) * (1 - options.thinning),
    outline: outline.length > 2 ? smooth(outline, scale, true) : null,
  };
}

export class Stroke {
  // size: diameter in the layer's pixels; scale: screen pixels to one of these, as outlines are smoothed for the eye;
  // pressed: whether the pointer knows how hard it is pressed, as a pen does.
  constructor(size, scale, pressed) {
    this.size = size;
    this.scale = scale;
    this.options = {
      size: size * scale,
      thinning: pressed ? THINNING : 0, // what a mouse paints has the breadth that was chosen
      smoothing: 0.4,
      streamline: pressed ? 0.35 : 0.25,
      simulatePressure: false,
      last: true,
    };
    this.points = [];
    this.bounds = null;
  }

  add(x, y, pressure) {
    this.points.push([x * this.scale, y * this.scale, pressure]);
    const radius = this.size / 2 + 2;
    this.bounds = joined(this.bounds, [x - radius, y - radius, x + radius, y + radius]);
  }

  // What is not settled: its shape and bounds.
  live() {
    return { shape: shaped(this.points, this.options, this.scale), bounds: this._boundsOf(this.points) };
  }

  // A shape to be painted for good, or null as long as the stroke is short.
  settled() {
    if (this.points.length < MOST_POINTS) return null;
    const piece = this.points;
    let first = piece.length - 2;
    for (let length = 0; first > 0 && length < OVERLAP * this.options.size; first -= 1) {
      length += Math.hypot(piece[first][0] - piece[first + 1][0], piece[first][1] - piece[first + 1][1]);
    }
    if (first < MOST_POINTS / 4) return null; // a broad brush that moves slowly: there is nothing to leave behind yet
    this.points = piece.slice(first);
    return shaped(piece, this.options, this.scale);
  }

  _boundsOf(points) {
    let bounds = null;
    const radius = this.size / 2 + 2;
    for (const [x, y] of points) {
      const [left, top] = [x / this.scale, y / this.scale];
      bounds = joined(bounds, [left - radius, top - radius, left + radius, top + radius]);
    }
    return bounds;
  }
}

// The rectangle, [left, top, right, bottom], round two of them. Either may be null.
export function joined(one, other) {
  if (!one || !other) return one ?? other;
  return [
    Math.min(one[0], other[0]),
    Math.min(one[1], other[1]),
    Math.max(one[2], other[2]),
    Math.max(one[3], other[3]),
  ];
}
