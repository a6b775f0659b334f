// What is set less often: size, colours, composition, upscaler, and how noise becomes a picture.
import { html, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Button, Checkbox, IconButton, NumberField, Picture, SelectField, Slider, TextField } from "../../parts/index.js";
import { change, compositionOf, model, paletteOf, settings, source, stage, upscalers } from "./settings.js";
import { PictureMenu } from "./source.js";
import { verbOf } from "./spec.js";

const SHAPES = { square: [1, 1], wide: [2, 1], tall: [1, 2], frieze: [3, 1] }; // widths and heights, of the model's side
const MOST_COLOURS = 12;
const LARGEST = 4096;
const PRINT = "30x40cm@200"; // as it is typed in any language

function Part({ title, set, children }) {
  return html`<details class="create-part"><summary>${title}${set && html`<span class="create-set">${set}</span>`}</summary>
    <div class="stack">${children}</div></details>`;
}

function Size() {
  const { width, height, tile, base, print } = settings.value;
  const { size: full, base_size: small = full } = model.value;
  const size = base ? small : full;
  const [across, down] = [width ?? size, height ?? size];
  const shapes = Object.entries(SHAPES).map(([name, [wide, tall]]) => {
    const shape = { width: wide === 1 ? null : wide * size, height: tall === 1 ? null : tall * size };
    const label = t(`create.size.${name}`);
    return html`<${Button} key=${name} pressed=${width === shape.width && height === shape.height}
      onClick=${() => change(shape)}>${label}<//>`;
  });
  const pixels = t("create.pixels", { width: across, height: down }) + (tile ? ` · ${t("create.tile.set")}` : "");
  const onPaper = print.trim(); // which says all of the size
  return html`<${Part} title=${t("create.size")} set=${onPaper || pixels}>
    ${!onPaper && html`<div class="row">${shapes}</div>
    <div class="row">${[["width", across], ["height", down]].map(([side, value]) => html`<${NumberField} key=${side}
      label=${t(`create.size.${side}`)} min=${size} max=${LARGEST} value=${value}
      onInput=${(asked) => change({ [side]: asked === size ? null : asked })} />`)}</div>
    <${Checkbox} label=${t("create.tile")} hint=${t("create.tile.hint")} checked=${tile}
      onChange=${(checked) => change({ tile: checked })} />
    ${small < full && html`<${Checkbox} label=${t("create.base", { side: small })} hint=${t("create.base.hint")}
      checked=${base} onChange=${(checked) => change({ base: checked, width: null, height: null })} />`}`}
    <${TextField} key="print" label=${t("create.print")} hint=${t("create.print.hint")} value=${print}
      placeholder=${PRINT} onInput=${(text) => change({ print: text })} /><//>`;
}

function Colours() {
  const { palette, paletteStrength } = settings.value;
  const picture = paletteOf.value;
  const put = (index, colour) => change({ palette: palette.map((one, at) => (at === index ? colour : one)) });
  const add = () => change({ palette: [...palette, palette.length ? "#f1e9da" : "#1d3557"] });
  const set = picture ? t("create.palette.picture") : palette.length ? t("create.palette.count", { n: palette.length }) : "";
  return html`<${Part} title=${t("create.palette")} set=${set}><p class="hint">${t("create.palette.hint")}</p>
    ${picture && html`<div class="create-begun"><${Picture} src=${picture.thumbnail} alt="" width=${picture.width}
      height=${picture.height} /><p>${picture.name}</p>
      <${IconButton} icon="close" label=${t("create.palette.remove")} onClick=${() => (paletteOf.value = null)} /></div>`}
    ${!picture && html`<ul class="create-colours">${palette.map((colour, index) => html`<li key=${index}>
      <input type="color" aria-label=${t("create.palette.colour", { n: index + 1 })} value=${colour}
        onInput=${(event) => put(index, event.currentTarget.value)} />
      <${IconButton} icon="close" size="14" label=${t("create.palette.without", { n: index + 1 })}
        onClick=${() => change({ palette: palette.filter((_, at) => at !== index) })} /></li>`)}</ul>`}
    <div class="row">${!picture && palette.length < MOST_COLOURS && html`<${Button} icon="add" onClick=${add}>
      ${t("create.palette.add")}<//>`}
      <${PictureMenu} label=${t("create.palette.from")} take=${(taken) => (paletteOf.value = taken)} /></div>
    ${(picture || palette.length > 0) && html`<${Slider} label=${t("create.palette.strength")} min=${0} max=${100} unit="%"
      value=${Math.round(100 * paletteStrength)} onInput=${(value) => change({ paletteStrength: value / 100 })} />`}<//>`;
}

function Composition() {
  const picture = compositionOf.value;
  const sketch = () => {
    compositionOf.value = { sketched: true };
    stage.value = "sketch";
  };
  const remove = () => {
    compositionOf.value = null;
    if (stage.value === "sketch") stage.value = "works";
  };
  const set = picture && (picture.sketched ? t("create.composition.sketch") : picture.name);
  return html`<${Part} title=${t("create.composition")} set=${set}><p class="hint">${t("create.composition.hint")}</p>
    ${picture && html`<div class="create-begun">${!picture.sketched && html`<${Picture} src=${picture.thumbnail} alt=""
        width=${picture.width} height=${picture.height} />`}<p>${set}</p>
      <${IconButton} icon="close" label=${t("create.composition.remove")} onClick=${remove} /></div>
      <${Slider} label=${t("create.composition.strength")} min=${0} max=${100} unit="%"
        value=${Math.round(100 * settings.value.compositionStrength)}
        onInput=${(value) => change({ compositionStrength: value / 100 })} />`}
    <div class="row"><${Button} icon="brush" onClick=${sketch}>${t("create.composition.paint")}<//>
      <${PictureMenu} label=${t("create.composition.from")} take=${(taken) => (compositionOf.value = taken)} /></div><//>`;
}

// A number that the model has settings of its own for: empty until somebody sets it.
function Own({ name, min, max, step }) {
  const [typed, setTyped] = useState(null);
  const value = settings.value[name];
  const own = model.value.settings?.[name];
  const input = (text) => {
    setTyped(text);
    const asked = Number(text);
    if (text === "") change({ [name]: null });
    else if (asked >= min && asked <= max) change({ [name]: step === 1 ? Math.round(asked) : asked });
  };
  return html`<${TextField} label=${t(`create.${name}`)} hint=${t(`create.${name}.hint`)} type="number" min=${min} max=${max}
    step=${step} placeholder=${own == null ? "" : String(own)} value=${typed ?? value ?? ""} onInput=${input}
    onBlur=${() => setTyped(null)} />`;
}

function How() {
  const { number, negative, without, holds, source: of, best } = settings.value;
  const { kind, classes = [], chooses } = model.value;
  const named = (none) => [{ value: "", label: none }, ...classes.map((name) => ({ value: name, label: name }))];
  const verb = verbOf(settings.value, source.value);
  const remakes = verb === "remake";
  return html`<${Part} title=${t("create.how")} set=${verb === "make" && best && chooses && t("create.best")}>
    ${verb === "make" && chooses && html`<${Checkbox} label=${t("create.best")} hint=${t("create.best.hint")}
      checked=${best} onChange=${(checked) => change({ best: checked })} />`}
    ${kind !== "gan" && html`<${Own} name="steps" min=${1} max=${1000} step=${1} />
      <${Own} name="guidance" min=${0} max=${100} step=${0.1} />
      <${Own} name="sharpness" min=${0} max=${0.2} step=${0.01} />`}
    ${kind === "classes" && classes.length > 1 && html`<${SelectField} label=${t("create.negative")} value=${negative}
      options=${named(t("create.negative.none"))} onChange=${(name) => change({ negative: name })} />`}
    ${kind === "text" && html`<${TextField} label=${t("create.negative")} value=${without}
      onInput=${(text) => change({ without: text })} />`}
    ${remakes && html`<${Checkbox} label=${t("create.holds")} hint=${t("create.holds.hint")} checked=${holds}
      onChange=${(checked) => change({ holds: checked })} />`}
    ${remakes && holds && kind === "classes" && html`<${SelectField} label=${t("create.holds.source")} value=${of}
      options=${named(t("create.holds.unknown"))} onChange=${(name) => change({ source: name })} />`}
    <${NumberField} label=${t("create.number")} hint=${t("create.number.hint")} min=${0} max=${1e9} value=${number}
      onInput=${(value) => change({ number: value })} /><//>`;
}

function Larger() {
  if (!upscalers.value.length) return null;
  const options = [
    { value: "", label: t("create.upscaler.none") },
    ...upscalers.value.map(({ id, name, factor }) => ({ value: id, label: t("create.upscaler.named", { name, factor }) })),
  ];
  return html`<${SelectField} label=${t("create.upscaler")} value=${settings.value.upscaler ?? ""} options=${options}
    onChange=${(id) => change({ upscaler: id || null })} />`;
}

export function More() {
  const verb = verbOf(settings.value, source.value);
  const enlarges = verb === "enlarge"; // an upscaler sees the picture alone
  return html`<section class="create-more">
    ${verb === "make" && html`<${Size} />`}
    ${!enlarges && model.value.kind !== "gan" && html`<${Colours} /><${Composition} />`}
    ${!enlarges && html`<${How} />`}
    <${Larger} /></section>`;
}
