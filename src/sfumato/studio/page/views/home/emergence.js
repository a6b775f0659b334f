// A picture that comes out of the noise, as a model makes one: the same small painting under less and less of it.
import { html, useEffect, useRef } from "../../html.js";

const SIDE = 64;
const LEVELS = [1, 0.62, 0.36, 0.18, 0.06, 0];
const SKY = [[232, 201, 164], [176, 150, 142]];
const HILLS = [[142, 118, 118], [104, 84, 90], [66, 52, 60], [36, 30, 34]];

// Numbers between 0 and 1, the same in every browser (mulberry32).
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const between = (from, to, share) => from.map((value, index) => value + (to[index] - value) * share);

// Hills behind hills, whose edges the air dissolves, and a sun: the colour at a place from 0 to 1.
function colourAt(x, y) {
  let colour = between(SKY[1], SKY[0], Math.min(1, y * 1.5));
  const sun = Math.hypot(x - 0.68, y - 0.3);
  colour = between([214, 106, 66], colour, Math.min(1, Math.max(0, (sun - 0.09) / 0.05)));
  HILLS.forEach((hill, index) => {
    const edge = 0.46 + 0.13 * index + 0.07 * Math.sin(x * (5 + 2.3 * index) + 1.7 * index) + 0.03 * Math.sin(x * 17 + index);
    const haze = 0.1 - 0.022 * index;
    colour = between(colour, hill, Math.min(1, Math.max(0, (y - edge) / haze)));
  });
  return colour;
}

function paint(canvas, noise) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  const next = random(7);
  // A normal number from two even ones, by Box and Muller.
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  for (let at = 0; at < SIDE * SIDE; at += 1) {
    const colour = colourAt((at % SIDE) / SIDE, Math.floor(at / SIDE) / SIDE);
    colour.forEach((value, channel) => {
      image.data[4 * at + channel] = (1 - noise) * value + noise * 128 + 62 * Math.sqrt(noise) * normal();
    });
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

export function Emergence({ label }) {
  const root = useRef(null);
  useEffect(() => [...root.current.children].forEach((canvas, index) => paint(canvas, LEVELS[index])), []);
  return html`<div class="emergence" ref=${root} role="img" aria-label=${label}>
    ${LEVELS.map((level) => html`<canvas key=${level} width=${SIDE} height=${SIDE} />`)}</div>`;
}
