// The painting surface with its tools: for the mask of a picture, for its margins, or for a sketch.
import { html, useEffect, useRef, useSignal } from "../../html.js";
import { percent, t } from "../../i18n.js";
import { Button, IconButton, NumberField, SelectField, failed } from "../../parts/index.js";
import { changes, ensureSketch, imageOf, mask, share, size, sizes, sketch, working } from "./canvases.js";
import { Surface } from "./painting/surface.js";
import { settings, source } from "./settings.js";

const TOOLS = { b: "brush", e: "eraser", r: "rectangle", h: "pan" };
const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];
const COLOURS = ["#f1e9da", "#c9a66b", "#a4502f", "#5b6b4a", "#3f5f7f", "#26221f"];
const NONE = { left: 0, top: 0, right: 0, bottom: 0 };

function History({ layer }) {
  changes.value; // read, so that the buttons follow
  return html`<${IconButton} icon="undo" label=${t("create.undo")} disabled=${!layer?.canUndo} onClick=${() => layer.undo()} />
    <${IconButton} icon="redo" label=${t("create.redo")} disabled=${!layer?.canRedo} onClick=${() => layer.redo()} />`;
}

function Tools({ tool, brush, layer, onSize }) {
  const at = SIZES.findIndex((one) => one >= brush.value);
  return html`<div class="create-tools" role="toolbar" aria-label=${t("create.tools")}>
    ${Object.values(TOOLS).map((name) => html`<${IconButton} key=${name} icon=${name === "pan" ? "hand" : name}
      label=${t(`create.tool.${name}`)} pressed=${tool.value === name} onClick=${() => (tool.value = name)} />`)}
    <label class="create-brush"><span class="unseen">${t("create.brush")}</span>
      <input type="range" min="0" max=${SIZES.length - 1} value=${at < 0 ? SIZES.length - 1 : at}
        aria-valuetext=${t("create.brush.size", { n: brush.value })}
        onInput=${(event) => onSize(SIZES[event.currentTarget.value])} />
      <span class="numbers quiet small-print" aria-hidden="true">${brush.value}</span></label>
    <${History} layer=${layer} /></div>`;
}

// A rectangle by four numbers, for who does not paint.
function Rectangle({ layer, box }) {
  const [left, top, width, height] = box.value;
  const fields = [["left", left, 0, layer.width - 1], ["top", top, 0, layer.height - 1],
    ["width", width, 1, layer.width], ["height", height, 1, layer.height]];
  const set = (index, value) => (box.value = box.value.map((one, at) => (at === index ? value : one)));
  const put = (paint) =>
    layer.rectangle([left, top, Math.min(layer.width, left + width), Math.min(layer.height, top + height)], paint);
  return html`<details class="create-part"><summary>${t("create.rectangle")}</summary><div class="create-numbers">
    ${fields.map(([name, value, min, max], index) => html`<${NumberField} key=${name} label=${t(`create.rectangle.${name}`)}
      min=${min} max=${max} value=${value} onInput=${(number) => set(index, Math.round(number))} />`)}
    <div class="row"><${Button} onClick=${() => put("#fff")}>${t("create.rectangle.add")}<//>
      <${Button} onClick=${() => put(null)}>${t("create.rectangle.remove")}<//></div></div></details>`;
}

function WorkedAt() {
  if (sizes.value.length < 2) return null;
  const options = sizes.value.map((one, index) => ({ value: String(index), label: t("create.pixels", one) }));
  return html`<${SelectField} label=${t("create.worked_at")} hint=${t("create.worked_at.hint")}
    value=${String(working.value)} options=${options} onChange=${(index) => (working.value = Number(index))} />`;
}

function MaskBar({ layer, box }) {
  return html`<div class="create-below"><p class="quiet" role="status">${share.value > 0
      ? t("create.mask.share", { share: percent(share.value) }) : t("create.mask.none")}</p>
    <div class="row"><${Button} kind="quiet" onClick=${() => layer.invert()}>${t("create.mask.invert")}<//>
      <${Button} kind="quiet" onClick=${() => layer.clear()}>${t("create.mask.clear")}<//></div>
    <${WorkedAt} /><${Rectangle} layer=${layer} box=${box} /></div>`;
}

function SketchBar({ layer, colour }) {
  const masses = useRef(null);
  useEffect(() => {
    const context = masses.current.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(layer.canvas, 0, 0, 8, 8);
  }, [layer, changes.value]);
  const colours = [...new Set([...settings.value.palette, ...COLOURS])];
  return html`<div class="create-below"><div class="row">
      <label class="create-colour"><input type="color" aria-label=${t("create.colour")} value=${colour.value}
        onInput=${(event) => (colour.value = event.currentTarget.value)} /></label>
      ${colours.map((one) => html`<button type="button" key=${one} class="create-swatch" style=${{ background: one }}
        aria-label=${t("create.colour.named", { colour: one })} aria-pressed=${String(colour.value === one)}
        onClick=${() => (colour.value = one)}></button>`)}
      <${Button} kind="quiet" onClick=${() => layer.clear()}>${t("create.sketch.clear")}<//></div>
    <figure class="create-masses"><canvas ref=${masses} width="8" height="8" aria-hidden="true"></canvas>
      <figcaption class="quiet small-print">${t("create.sketch.masses")}</figcaption></figure></div>`;
}

// kind: 'picture' or 'sketch'.
export function Easel({ kind }) {
  const node = useRef(null);
  const surface = useRef(null);
  const tool = useSignal("brush");
  const brush = useSignal(16);
  const zoom = useSignal(1);
  const colour = useSignal(COLOURS[1]);
  const box = useSignal([0, 0, 16, 16]);
  const { way, margins } = settings.value;
  const picture = kind === "picture" ? source.value : null;
  if (kind === "sketch") ensureSketch();
  const layer = kind === "sketch" ? sketch.value : way === "fill" ? mask.value : null;
  const at = kind === "sketch" || way === "remake" || way === "enlarge" ? (layer ?? picture) : size.value;

  useEffect(() => {
    const made = new Surface(node.current);
    surface.current = made;
    made.onview = (scale) => (zoom.value = scale);
    made.onbox = ([left, top, right, bottom]) => (box.value = [left, top, right - left, bottom - top]);
    return () => made.destroy();
  }, []);
  const resize = (pixels) => {
    brush.value = pixels;
    surface.current.size = pixels;
    surface.current.resizeRing();
  };
  useEffect(() => {
    if (!at) return undefined;
    let isNow = true;
    const show = (image) => isNow && surface.current.show(image, at.width, at.height);
    show(null);
    if (picture) imageOf(picture.url).then(show, failed);
    const wanted = Math.max(at.width, at.height) / 10;
    resize(SIZES.find((one) => one >= wanted) ?? SIZES.at(-1));
    return () => (isNow = false);
  }, [picture?.url, at?.width, at?.height]);
  useEffect(() => {
    surface.current.use(layer, kind === "picture");
    if (!layer) return undefined;
    box.value = [0, 0, Math.ceil(layer.width / 2), Math.ceil(layer.height / 2)];
    const before = layer.onchange;
    layer.onchange = () => {
      before();
      surface.current.request();
    };
    return () => (layer.onchange = before);
  }, [layer, kind]);
  useEffect(() => {
    surface.current.extend(way === "extend" && kind === "picture" ? margins : NONE);
  }, [way, kind, margins]);
  useEffect(() => {
    Object.assign(surface.current, { tool: layer ? tool.value : "pan", paint: kind === "sketch" ? colour.value : "#fff" });
    node.current.dataset.tool = surface.current.tool;
  }, [layer, tool.value, colour.value]);

  const key = (event) => keyed(event, { surface: surface.current, tool, layer, resize, brush });
  const up = (event) => event.key === " " && surface.current.holdSpace(false);
  return html`<div class="create-easel">
    <div class="create-bar">${layer && html`<${Tools} tool=${tool} brush=${brush} layer=${layer} onSize=${resize} />`}
      <div class="row create-zoom"><${IconButton} icon="minus" label=${t("create.zoom.out")} onClick=${() => surface.current.zoom(0.8)} />
        <button type="button" class="button quiet numbers" title=${t("create.zoom.fit")} onClick=${() => surface.current.fit()}
          aria-label=${t("create.zoom.fit")}>${percent(zoom.value)}</button>
        <${IconButton} icon="add" label=${t("create.zoom.in")} onClick=${() => surface.current.zoom(1.25)} /></div></div>
    <div class="create-surface" ref=${node} tabindex="0" role="application" aria-label=${t(`create.surface.${layer ? kind : "shown"}`)}
      onKeyDown=${key} onKeyUp=${up}></div>
    ${layer && kind === "picture" && html`<${MaskBar} layer=${layer} box=${box} />`}
    ${layer && kind === "sketch" && html`<${SketchBar} layer=${layer} colour=${colour} />`}
    ${way === "extend" && kind === "picture" && html`<div class="create-below"><${WorkedAt} /></div>`}</div>`;
}

const STEP = 40; // CSS pixels that an arrow key pans

function keyed(event, { surface, tool, layer, resize, brush }) {
  const letter = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey;
  const ways = { arrowleft: [1, 0], arrowright: [-1, 0], arrowup: [0, 1], arrowdown: [0, -1] };
  if (command && letter === "z" && layer) event.shiftKey ? layer.redo() : layer.undo();
  else if (command && letter === "y" && layer) layer.redo();
  else if (command || event.altKey) return;
  else if (letter in TOOLS && layer) tool.value = TOOLS[letter];
  else if (letter === "[" || letter === "]") {
    const next = SIZES.findIndex((one) => one >= brush.value) + (letter === "]" ? 1 : -1);
    resize(SIZES[Math.min(SIZES.length - 1, Math.max(0, next))]);
  } else if (letter === "+" || letter === "=") surface.zoom(1.25);
  else if (letter === "-") surface.zoom(0.8);
  else if (letter === "0") surface.fit();
  else if (letter === " ") surface.holdSpace(true);
  else if (letter in ways) surface.pan(...ways[letter].map((way) => way * STEP * surface.ratio));
  else return;
  event.preventDefault();
}
