// The middle of Create: the works of one job as a sheet, coming out of the noise, or one of them large.
import { patch } from "../../api.js";
import { html, useEffect, useRef, useState } from "../../html.js";
import { duration, t } from "../../i18n.js";
import {
  Button, Empty, IconButton, JobButton, LinkButton, Picture, Progress, Slider, modelOf, subjectOf,
} from "../../parts/index.js";
import { address } from "../../router.js";
import { stepOf } from "../../state.js";
import { makeMoreLike } from "./make.js";
import { beginWith, change, model, settings } from "./settings.js";
import { ofWork } from "./source.js";
import { chosen, current, isMaking, job, ofCurrent, putWork, works } from "./works.js";

const SMALL = 128; // pixels: such works are enlarged with hard edges

export const nameOf = (work) => work.title || [subjectOf(work), t("create.work", { n: work.id })].filter(Boolean).join(", ");

function Shown({ work, eager }) {
  return html`<${Picture} src=${work.picture} alt=${nameOf(work)} width=${work.width} height=${work.height} eager=${eager}
    small=${Math.max(work.width, work.height) <= SMALL} />`;
}

function Facts({ work }) {
  const facts = [subjectOf(work), modelOf(work), t("create.work.seed", { seed: String(work.seed), n: work.number }),
    t("create.pixels", { width: work.width, height: work.height })];
  return html`<p class="quiet small-print">${facts.filter(Boolean).join(" · ")}</p>
    ${work.near_copy && html`<p class="notice">${t("create.near_copy")}</p>`}`;
}

async function star(work) {
  putWork(await patch(`/api/works/${work.id}`, { starred: !work.starred }));
}

// The same noise again under other settings.
const keepSeed = (work) => change({ seed: work.seed, number: work.number, locked: true, count: 1, best: false });

function Doings({ work }) {
  const { variations } = settings.value;
  const canVary = work.model_id && work.kind === "generate"; // another one's picture is not in its recipe
  return html`<div class="create-doings">
    ${canVary && html`<div class="create-like"><${Slider} label=${t("create.like.far")} min=${5} max=${100} unit="%"
        value=${Math.round(100 * variations)} onInput=${(value) => change({ variations: value / 100 })} />
      <${Button} onClick=${() => makeMoreLike(work)}>${t("create.like")}<//></div>`}
    <div class="row"><${Button} icon="image" onClick=${() => beginWith(ofWork(work))}>${t("create.begin_with")}<//>
      <${Button} icon="lock" onClick=${() => keepSeed(work)}>${t("create.keep_seed")}<//>
      <${IconButton} icon="star" filled=${work.starred} pressed=${Boolean(work.starred)} label=${t("create.star")}
        onClick=${() => star(work)} />
      <${LinkButton} kind="quiet" icon="gallery" href=${address("gallery", work.id)}>${t("create.in_gallery")}<//></div></div>`;
}

function One({ work, hasOthers }) {
  return html`<div class="create-one"><div class="create-shown"><${Shown} work=${work} eager=${true} /></div>
    <${Facts} work=${work} /><${Doings} work=${work} />
    ${hasOthers && html`<${Button} kind="quiet" icon="left" onClick=${() => (chosen.value = null)}>${t("create.back")}<//>`}</div>`;
}

// How wide and high an estimate is, once the first one has come: a picture that is filled or extended is seldom a square.
function useEstimated(step) {
  const [shape, setShape] = useState(null); // {job, width, height}
  const { job: of, picture, progress } = step ?? {};
  useEffect(() => {
    if (!picture || shape?.job === of) return;
    const image = new Image();
    image.onload = () => setShape({ job: of, width: image.naturalWidth / progress.columns, height: image.naturalHeight / progress.rows });
    image.src = picture;
  }, [of, Boolean(picture)]);
  return shape?.job === of ? shape : null;
}

// How wide and high the works of a job are, as far as it is known before they are there.
function shapeOf(asking, known) {
  if (known) return [known.width, known.height];
  const side = model.value?.size ?? 1;
  return [asking?.asked?.width ?? side, asking?.asked?.height ?? side];
}

function Cells({ asking, list }) {
  const step = current.value === null ? null : stepOf(current.value).value;
  const count = Math.max(asking?.count ?? list.length, list.length);
  const columns = Math.ceil(Math.sqrt(count));
  const estimated = useEstimated(step);
  const [width, height] = shapeOf(asking, list[0] ?? estimated);
  const byPlace = new Map(list.map((work) => [work.index, work]));
  const cells = Array.from({ length: count }, (_, index) => byPlace.get(index) ?? index).filter(
    (cell) => typeof cell === "object" || isMaking.value,
  );
  return html`<ol class="create-sheet" style=${{ "--columns": columns, "--shape": `${width} / ${height}`, "--ratio": width / height }}>
    ${cells.map((cell) => typeof cell === "number" ? html`<${Coming} key=${`at-${cell}`} index=${cell} step=${step} />`
      : html`<li key=${`at-${cell.index}`}><button type="button" class="create-cell" onClick=${() => (chosen.value = cell.id)}
        aria-label=${t("create.look", { work: nameOf(cell) })}><${Shown} work=${cell} eager=${true} /></button></li>`)}</ol>`;
}

function Coming({ index, step }) {
  return html`<li class="create-coming" style=${estimateOf(step, index)} aria-hidden="true"></li>`;
}

// A work's estimate, within the sheet of its batch that the last step brings.
function estimateOf(step, index) {
  const { indices = [], columns = 1, rows = 1 } = step?.progress ?? {};
  const at = indices.indexOf(index);
  if (at < 0 || !step.picture) return {};
  const share = (place, places) => (places > 1 ? `${(100 * place) / (places - 1)}%` : "0%");
  return {
    backgroundImage: `url("${step.picture}")`,
    backgroundSize: `${100 * columns}% ${100 * rows}%`,
    backgroundPosition: `${share(at % columns, columns)} ${share(Math.floor(at / columns), rows)}`,
  };
}

function Underway({ of }) {
  const progress = stepOf(of.id).value?.progress ?? of.progress ?? {};
  const { stage = "loading", done, total, step, steps, remaining_seconds: left } = progress;
  const words = [t(`create.at.${stage}`, { step, steps }), left > 1 && t("progress.left", { time: duration(left) })];
  return html`<${Progress} done=${done} total=${total} label=${t("create.at.label")} />
    <p class="quiet small-print">${words.filter(Boolean).join(" · ")}</p>`;
}

function State() {
  const of = job.value;
  if (!of) return null;
  if (of.state === "failed") {
    return html`<div class="notice"><p>${of.reason}</p><${JobButton} job=${of} what="retry" /></div>`;
  }
  const refused = of.result?.refused ?? [];
  if (!isMaking.value) return refused.length ? html`<p class="notice">${refused.join(" ")}</p>` : null;
  return html`<div class="create-state">
    ${of.state === "running" ? html`<${Underway} of=${of} />` : html`<p class="quiet">${t(`job.state.${of.state}`)}</p>`}
    <div class="row">${of.state === "running" && html`<${JobButton} job=${of} what="stop" kind="quiet" />`}
      <${JobButton} job=${of} what="cancel" kind="quiet" /></div></div>`;
}

export function Sheet() {
  const list = ofCurrent.value;
  const asking = job.value?.spec;
  const work = works.value.get(chosen.value) ?? (list.length === 1 && !isMaking.value ? list[0] : null);
  const said = useRef(null);
  useEffect(() => {
    if (said.current && isMaking.value === false && list.length) said.current.textContent = t("create.made", { n: list.length });
  }, [isMaking.value, current.value]);
  const nothing = !list.length && !isMaking.value && job.value?.state !== "failed";
  return html`<div class="create-works"><p class="unseen" role="status" ref=${said}></p>
    ${nothing && html`<${Empty} title=${t("create.nothing")} text=${t("create.nothing.text")} />`}
    ${work ? html`<${One} work=${work} hasOthers=${list.length > 1} />` : html`<${Cells} asking=${asking} list=${list} />`}
    <${State} /></div>`;
}
