// What is set in Create: it outlasts a change of view, and a reload of the tab.
import { computed, effect, signal } from "../../html.js";
import { models, ready } from "../../state.js";
import { MAKERS, anySeed, knownShares, sharesOf } from "./spec.js";

const KEY = "sfumato.create";
const FIRST = {
  model: null,
  shares: {}, // of classes, in hundredths
  prompt: "",
  without: "", // words to lead away from
  negative: "", // a class to lead away from
  seed: anySeed(),
  number: 0,
  locked: false,
  count: 4,
  width: null, // null: as the model has it, as with all that follows
  height: null,
  tile: false,
  base: false, // the small works of a model with upscalers
  print: "", // how large works are to be on paper: 30x40cm@200
  upscaler: null,
  best: false, // of several works the one that is most like the pictures
  steps: null,
  guidance: null,
  sharpness: null,
  palette: [],
  paletteStrength: 0.75,
  compositionStrength: 1,
  way: "remake", // what is done with a picture: remake, fill, extend or enlarge
  strength: 0.6, // of remaking
  fillStrength: 1,
  holds: false, // begins with the picture's own noise
  source: "", // the class that the picture is of
  margins: { left: 0, top: 0, right: 0, bottom: 0 },
  variations: 0.3,
};

function kept() {
  try {
    return { ...FIRST, ...JSON.parse(sessionStorage.getItem(KEY)) };
  } catch {
    return FIRST;
  }
}

export const settings = signal(kept());
effect(() => {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(settings.value));
  } catch {
    // It lasts as long as the page.
  }
});
// Whoever sets anything sets it for the model that is shown: a training that ends meanwhile does not put its own there.
export const change = (changes) =>
  (settings.value = { ...settings.peek(), model: settings.peek().model ?? model.peek()?.id ?? null, ...changes });

// Pictures beside the settings: {reference, url, width, height, name}, or null.
export const source = signal(null); // to begin with
export const paletteOf = signal(null); // whose colours are taken
export const compositionOf = signal(null); // whose masses are followed; {sketched: true} for the sketch
// What is seen in the middle: works, picture or sketch.
export const stage = signal("works");

export const makers = computed(() => models.value.filter((model) => MAKERS.includes(model.kind)));
export const upscalers = computed(() => models.value.filter((model) => model.kind === "upscaler"));
export const model = computed(
  () => makers.value.find(({ id }) => id === settings.value.model) ?? makers.value[0] ?? null,
);
effect(() => {
  const { upscaler, way } = settings.value;
  const isThere = upscalers.value.some(({ id }) => id === upscaler);
  if (!ready.value || isThere || (upscaler === null && way !== "enlarge")) return;
  change({ upscaler: null, way: way === "enlarge" ? "remake" : way });
});

export function beginWith(picture) {
  source.value = picture;
  stage.value = "picture";
}

export function withoutPicture() {
  source.value = null;
  if (stage.value === "picture") stage.value = "works";
}

// The settings of a work: asked by plain names, as its recipe has them.
export function use({ model: id, asked = {} }) {
  const of = makers.peek().find((one) => one.id === id) ?? model.peek();
  const text = of?.kind === "text";
  change({
    ...FIRST,
    model: of?.id ?? null,
    shares: sharesOf(asked.label, of?.classes ?? []),
    prompt: asked.prompt ?? "",
    without: text ? (asked.negative ?? "") : "",
    negative: text ? "" : (asked.negative ?? ""),
    seed: asked.seed ?? anySeed(),
    number: asked.number ?? 0,
    locked: asked.seed !== undefined,
    count: asked.number ? 1 : settings.peek().count,
    width: asked.width ?? null,
    height: asked.height ?? null,
    tile: asked.tile ?? false,
    base: asked.stage === "base",
    steps: asked.steps ?? null,
    guidance: asked.guidance ?? null,
    sharpness: asked.sharpness ?? null,
    palette: asked.palette?.colours ?? [],
    paletteStrength: asked.palette?.strength ?? FIRST.paletteStrength,
  });
}

// The model is another: what it does not know is left out.
export function chooseModel(id) {
  const next = makers.peek().find((one) => one.id === id);
  if (!next) return;
  const { shares, negative, width, height } = settings.peek();
  const fits = (side) => (side && side >= next.size ? side : null);
  change({
    model: id,
    shares: knownShares(shares, next),
    negative: next.classes?.includes(negative) ? negative : "",
    width: fits(width),
    height: fits(height),
    base: false,
    steps: null,
    guidance: null,
  });
}
