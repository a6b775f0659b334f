// What is painted in Create: a mask over the picture to begin with, and a sketch of a composition.
import { upload } from "../../api.js";
import { computed, effect, signal } from "../../html.js";
import { Layer } from "./painting/layer.js";
import { model, settings, source } from "./settings.js";
import { workingSizes } from "./spec.js";

const SKETCH_SIDE = 384; // pixels of the longer side; eight fields each way count
const GROUND = "#8c867c";

export const working = signal(0); // which of the sizes the picture is worked at
export const sizes = computed(() =>
  source.value && model.value ? workingSizes(source.value.width, source.value.height, model.value.size) : [],
);
export const size = computed(() => sizes.value[working.value] ?? sizes.value[0] ?? null);

export const mask = signal(null); // a Layer of that size
export const share = signal(0); // of the picture that is to be new, 0 to 1
export const sketch = signal(null); // a Layer
export const changes = signal(0); // counts what was done, so that buttons know what can be undone

let of = null; // the picture that the mask is for
effect(() => {
  const [picture, at] = [source.value, size.value];
  if (picture !== of) {
    of = picture;
    working.value = 0;
    mask.value = null;
    share.value = 0;
  }
  const before = mask.peek();
  if (!at || (before?.width === at.width && before?.height === at.height)) return;
  const layer = before ? before.resized(at.width, at.height) : new Layer(at.width, at.height);
  layer.onchange = () => {
    share.value = layer.share();
    changes.value += 1;
  };
  mask.value = layer;
});

// A sketch as wide and high as the works are; what was painted on another one is scaled.
export function ensureSketch() {
  const { width, height } = settings.peek();
  const side = model.peek().size;
  const [across, down] = [width ?? side, height ?? side];
  const factor = SKETCH_SIDE / Math.max(across, down);
  const [wide, high] = [Math.round(across * factor), Math.round(down * factor)];
  const before = sketch.peek();
  if (before?.width === wide && before?.height === high) return;
  const layer = before ? before.resized(wide, high) : new Layer(wide, high, GROUND);
  layer.onchange = () => (changes.value += 1);
  sketch.value = layer;
}

const pictures = new Map(); // address: promise of an image
export function imageOf(url) {
  if (!pictures.has(url)) {
    if (pictures.size > 8) pictures.clear();
    const image = Object.assign(new Image(), { src: url });
    pictures.set(url, image.decode().then(() => image));
    pictures.get(url).catch(() => pictures.delete(url));
  }
  return pictures.get(url);
}

// The picture at the size that it is worked at, as a canvas.
async function scaled({ url }, { width, height }) {
  const image = await imageOf(url);
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  context.imageSmoothingQuality = "high";
  // Halved as long as it can be: a browser looks at too few pixels where much is left out.
  let [from, wide, high] = [image, image.naturalWidth, image.naturalHeight];
  while (wide > 2 * width && high > 2 * height) {
    [wide, high] = [Math.round(wide / 2), Math.round(high / 2)];
    const half = Object.assign(document.createElement("canvas"), { width: wide, height: high });
    half.getContext("2d").drawImage(from, 0, 0, wide, high);
    from = half;
  }
  context.drawImage(from, 0, 0, width, height);
  return context.canvas;
}

const blobOf = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));

async function sent(blobs) {
  const files = blobs.map((blob, index) => new File([blob], `painted-${index}.png`, { type: "image/png" }));
  const { id } = await upload(files);
  return files.map((_, index) => ({ upload: id, file: index }));
}

// The references of the picture, at the size that it is worked at, and of the mask where there is one.
export async function sendPicture(withMask) {
  const [picture, at] = [source.peek(), size.peek()];
  const isItself = picture.width === at.width && picture.height === at.height;
  const blobs = isItself ? [] : [await blobOf(await scaled(picture, at))];
  if (withMask) blobs.push(await mask.peek().maskBlob());
  const references = blobs.length ? await sent(blobs) : [];
  return { picture: isItself ? picture.reference : references[0], mask: withMask ? references.at(-1) : undefined };
}

export async function sendSketch() {
  ensureSketch();
  const [reference] = await sent([await sketch.peek().blob()]);
  return reference;
}
