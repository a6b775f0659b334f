// From what is set in Create to what a job is asked (jobs/specs.py). Plain functions of plain values.

// Of how many works the best is kept; more of them are too much alike.
export const CANDIDATES = 4;

export const MAKERS = ["classes", "unconditional", "text", "gan"];

// The verb of the button: make, remake, fill, extend or enlarge. source: the picture to begin with, or null.
export function verbOf(settings, source) {
  if (!source) return "make";
  // Nothing is left of the picture.
  return settings.way === "remake" && settings.strength >= 1 ? "make" : settings.way;
}

// 'painting:0.7,engraving:0.3' from {painting: 70, engraving: 30}; one class by its name alone, none as undefined.
export function labelOf(shares) {
  const chosen = Object.entries(shares).filter(([, share]) => share > 0);
  if (!chosen.length) return undefined;
  if (chosen.length === 1) return written(chosen[0][0]);
  return chosen.map(([name, share]) => `${written(name)}:${share / 100}`).join(",");
}

// A class's name as it can stand in a mixture: in quotes where it holds a mark.
const written = (name) => (/[",:;]|^\s|\s$|^$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

// The way back: {painting: 70, engraving: 30}. Names that the model does not know are left out.
export function sharesOf(label, classes) {
  const shares = {};
  for (let rest = label ?? ""; rest; ) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
    const known = classes.filter((name) => rest.startsWith(name)).sort((one, other) => other.length - one.length)[0];
    const name = quoted ? quoted[1].replaceAll('""', '"') : (known ?? /^[^:,]*/.exec(rest)[0]);
    rest = rest.slice(quoted ? quoted[0].length : name.length);
    const share = /^\s*:\s*([\d.]+)/.exec(rest);
    rest = rest.slice(share?.[0].length ?? 0).replace(/^[^,]*,?\s*/, "");
    if (classes.includes(name)) shares[name] = Math.round(100 * (share ? Number(share[1]) : 1));
  }
  return shares;
}

// The shares of classes that a model knows: another one may have been chosen since.
export const knownShares = (shares, { classes = [] }) =>
  Object.fromEntries(Object.entries(shares).filter(([name]) => classes.includes(name)));

function askedOf(settings, model) {
  const asked = { seed: settings.seed };
  if (settings.number > 0) asked.number = settings.number;
  if (model.kind === "text") {
    if (settings.prompt.trim()) asked.prompt = settings.prompt.trim();
    if (settings.without.trim()) asked.negative = settings.without.trim();
  } else if (model.kind === "classes") {
    asked.label = labelOf(knownShares(settings.shares, model));
    if (model.classes.includes(settings.negative)) asked.negative = settings.negative;
  }
  if (model.kind === "gan") return asked;
  for (const name of ["steps", "guidance", "sharpness"]) if (settings[name] !== null) asked[name] = settings[name];
  return asked;
}

// What a job is asked. given: references of what is in pictures: {picture, mask, palette, composition}, each or none.
export function specOf(settings, model, source, given) {
  const verb = verbOf(settings, source);
  if (verb === "enlarge") {
    return { kind: "upscale", model: settings.upscaler, picture: given.picture, count: 1, asked: { seed: settings.seed } };
  }
  const spec = { kind: "generate", model: model.id, count: settings.count, asked: askedOf(settings, model) };
  if (settings.upscaler) spec.upscaler = settings.upscaler;
  if (model.kind !== "gan") steer(spec, settings, given);
  if (verb === "make") {
    if (settings.best && model.chooses) spec.best_of = CANDIDATES;
    if (settings.print.trim()) return { ...spec, print_size: settings.print.trim() };
    if (settings.base && model.base_size < model.size) spec.asked.stage = "base";
    for (const name of ["width", "height"]) if (settings[name]) spec.asked[name] = settings[name];
    if (settings.tile) spec.asked.tile = true;
    return spec;
  }
  spec.picture = given.picture;
  if (verb === "extend") return { ...spec, kind: "outpaint", margins: settings.margins };
  if (verb === "fill") return { ...spec, kind: "inpaint", mask: given.mask, strength: settings.fillStrength };
  spec.strength = settings.strength;
  if (settings.holds) {
    spec.invert = true;
    if (settings.source) spec.source = settings.source;
  }
  return { ...spec, kind: "reimagine" };
}

function steer(spec, settings, given) {
  const palette = given.palette ?? (settings.palette.length ? settings.palette.join(",") : null);
  if (palette) Object.assign(spec, { palette, palette_strength: settings.paletteStrength });
  if (given.composition) {
    Object.assign(spec, { composition: given.composition, composition_strength: settings.compositionStrength });
  }
}

// Works whose noise is near to that of a work; amount: 0 to 1.
export const variationsOf = (work, amount, count, seed) => ({
  kind: "generate", model: work.model_id, of: { work: work.id }, variations: amount, count, asked: { seed },
});

// The sizes that a picture can be worked at, [{width, height}, ...], the first one by default. The model works at its own
// scale: to it a photograph of 4,000 pixels is a wall of small pictures. side: the model's; most: pixels of the longer side.
export function workingSizes(width, height, side, most = 2048) {
  const sized = (shorter) => {
    const factor = shorter / Math.min(width, height);
    return { width: Math.round(width * factor), height: Math.round(height * factor) };
  };
  const own = Math.min(width, height);
  const fits = (size) => Math.max(size.width, size.height) <= most;
  const scaled = [1, 2, 4].map((times) => sized(side * times)).filter(fits);
  const itself = own >= side && fits({ width, height }) ? [{ width, height }] : [];
  const all = own <= 2 * side ? [...itself, ...scaled] : [...scaled, ...itself];
  const sizes = all.filter((size, index) => all.findIndex((other) => other.width === size.width) === index);
  return sizes.length ? sizes : [sized(side)];
}

export const DICE = 1_000_000;
export const anySeed = () => Math.floor(Math.random() * DICE);
