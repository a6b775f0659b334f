// The button that makes, and what it needs: how many, and from which seed.
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { Button, Choice, IconButton, NumberInput } from "../../parts/index.js";
import { ask } from "../../state.js";
import { sendPicture, sendSketch, share } from "./canvases.js";
import { change, compositionOf, model, paletteOf, settings, source, stage } from "./settings.js";
import { anySeed, specOf, variationsOf, verbOf } from "./spec.js";
import { chosen, current } from "./works.js";

const COUNTS = [1, 4, 9, 16];
const MOST_SEED = Number.MAX_SAFE_INTEGER;

// Why it cannot be made yet, as the key of a sentence, or null.
function missing() {
  const verb = verbOf(settings.value, source.value);
  if (verb === "fill" && share.value === 0) return "create.missing.mask";
  if (verb === "fill" && share.value > 0.9999) return "create.missing.kept";
  if (verb === "extend" && !Object.values(settings.value.margins).some((pixels) => pixels > 0)) return "create.missing.margins";
  return null;
}

async function given() {
  const verb = verbOf(settings.peek(), source.peek());
  const steers = verb !== "enlarge" && model.peek().kind !== "gan";
  const composition = steers ? compositionOf.peek() : null;
  return {
    picture: source.peek()?.reference,
    ...(verb === "fill" || verb === "extend" ? await sendPicture(verb === "fill") : {}),
    palette: steers ? paletteOf.peek()?.reference : undefined,
    composition: composition?.sketched ? await sendSketch() : composition?.reference,
  };
}

function begin(job) {
  current.value = job.id;
  chosen.value = null;
  stage.value = "works";
}

let asking = null;

// One at a time: what is painted is sent first, and a key may be pressed again meanwhile.
export function make() {
  asking ??= asked().finally(() => (asking = null));
  return asking;
}

async function asked() {
  if (missing()) return;
  if (!settings.peek().locked) change({ seed: anySeed(), number: 0 });
  begin(await ask(specOf(settings.peek(), model.peek(), source.peek(), await given())));
}

export async function makeMoreLike(work) {
  const { variations, count } = settings.peek();
  begin(await ask(variationsOf(work, variations, count === 1 ? 4 : count, anySeed())));
}

function Seed() {
  const { seed, locked } = settings.value;
  const label = t(locked ? "create.seed.unlock" : "create.seed.lock");
  return html`<div class="create-seed"><label><span class="label">${t("create.seed")}</span>
      <${NumberInput} value=${seed} min=${0} max=${MOST_SEED} onInput=${(value) => change({ seed: Math.round(value), locked: true })} /></label>
    <${IconButton} icon=${locked ? "lock" : "unlock"} label=${label} pressed=${locked} onClick=${() => change({ locked: !locked })} />
    <${IconButton} icon="dice" label=${t("create.seed.any")} onClick=${() => change({ seed: anySeed(), number: 0 })} /></div>`;
}

export function HowMany() {
  if (verbOf(settings.value, source.value) === "enlarge") return null;
  const options = COUNTS.map((count) => ({ value: count, label: String(count) }));
  return html`<section class="create-how-many"><${Choice} label=${t("create.count")} value=${settings.value.count}
    options=${options} onChange=${(count) => change({ count })} /><${Seed} /></section>`;
}

export function MakeBar() {
  const why = missing();
  return html`<div class="create-make">${why && html`<p class="hint" id="create-why">${t(why)}</p>`}
    <${Button} kind="primary" class="create-button" disabled=${why !== null} aria-describedby=${why ? "create-why" : undefined}
      aria-keyshortcuts="Control+Enter" onClick=${make}>${t(`create.verb.${verbOf(settings.value, source.value)}`)}<//></div>`;
}
