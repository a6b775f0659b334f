import { html, useState } from "../../html.js";
import { duration, number, t } from "../../i18n.js";
import { Button, Dialog, Empty, Icon, JobButton, LinkButton, Menu, Progress, Slider, failed, progressInWords, stateOf, toast } from "../../parts/index.js";
import { address, go } from "../../router.js";
import { ENDED, ask, collections, handover, stepOf, trainings } from "../../state.js";
import { Chart } from "./chart.js";
import { smoothed, useLog } from "./log.js";
import { Matrix, Moment } from "./matrix.js";
import { Measured } from "./measured.js";
import { jobOf } from "./runs.js";

// What can be asked of the training in each state of its job.
const STEERING = { queued: ["pause", "cancel"], running: ["show", "pause", "stop"], pausing: ["stop"], paused: ["resume", "stop"] };

function Longer({ run, open, onClose }) {
  const [minutes, setMinutes] = useState(15);
  const start = async () => {
    await ask({ kind: "train", name: run.name, run: run.id, minutes });
    onClose();
    toast(t("train.longer.asked"));
  };
  return html`<${Dialog} open=${open} title=${t("train.longer.title")} onClose=${onClose} actions=${html`
      <${Button} onClick=${onClose}>${t("cancel")}<//>
      <${Button} kind="primary" onClick=${start}>${t("train.longer.start", { time: duration(60 * minutes) })}<//>`}>
    <${Slider} label=${t("train.longer.minutes")} value=${minutes} min=${1} max=${720} scale="log" unit=${t("train.unit")}
      says=${(value) => duration(60 * value, "long")} onInput=${setMinutes} /><//>`;
}

// Further jobs on what was learned.
const further = (spec) => ask(spec).then(() => toast(t("train.asked")), failed);

function Steering({ run, job }) {
  const [longer, setLonger] = useState(false);
  const state = job?.state ?? run.state;
  const ended = ENDED.includes(state);
  const make = () => {
    handover.value = { model: run.model };
    go("create");
  };
  return html`<div class="actions">
    ${run.model && ended && html`<${Button} kind="primary" icon="create" onClick=${make}>${t("train.make")}<//>`}
    ${job && (STEERING[state] ?? []).map((what) => html`<${JobButton} key=${what} job=${job} what=${what} />`)}
    ${job && ["failed", "cancelled"].includes(state) && html`<${JobButton} job=${job} what="retry" />`}
    ${ended && html`<${Button} icon="add" onClick=${() => setLonger(true)}>${t("train.longer")}<//>`}
    ${run.model && ended && html`<${Menu} label=${t("train.more", { name: run.name })} items=${[
      { label: t("train.distill"), icon: "train", run: () => further({ kind: "distill", run: run.id, name: t("train.distill.name", { name: run.name }) }) },
      { label: t("train.measure"), icon: "verify", disabled: !run.collection,
        run: () => further({ kind: "evaluate", model: run.model, collection: run.collection }) },
    ]} />`}
    <${Longer} run=${run} open=${longer} onClose=${() => setLonger(false)} /></div>`;
}

function TimeLeft({ run, job }) {
  const state = job?.state ?? run.state;
  if (state !== "running" && state !== "pausing") {
    return html`<p class="time-left"><span class="quiet">${t(`job.state.${state}`)}</span></p>
      ${job?.reason && html`<p class="wrong">${job.reason}</p>`}`;
  }
  const progress = stepOf(job?.id).value?.progress ?? job?.progress ?? {};
  const left = progress.remaining_seconds ?? run.remaining_seconds;
  const step = progress.step ?? run.step;
  const steps = progress.steps ?? run.steps;
  return html`<p class="time-left numbers">${left == null ? progressInWords(progress) || t("job.state.running") : t("progress.left", { time: duration(left) })}</p>
    <${Progress} done=${step} total=${steps} label=${run.name} />
    <p class="quiet small-print numbers">${t("train.step", { step, steps })}${job?.control && html` · ${stateOf(job)}`}</p>`;
}

function Losses({ run }) {
  const log = useLog(run);
  if (!log || log.steps.length < 2) return html`<p class="quiet">${t("train.loss.none")}</p>`;
  const { held_out: evaluated } = log;
  const curves = [
    { name: t("train.loss.steps"), style: "faint", x: log.seconds, y: smoothed(log.steps, log.loss) },
    { name: t("train.loss.training"), style: "second", x: evaluated.seconds, y: evaluated.training },
    { name: t("train.loss.held_out"), style: "main", x: evaluated.seconds, y: evaluated.held_out },
  ].filter((curve) => curve.x.length > 1);
  const now = { loss: evaluated.training.at(-1) ?? log.loss.at(-1), held_out: evaluated.held_out.at(-1) };
  const says = now.held_out == null
    ? t("train.loss.now", { loss: number(now.loss, { maximumFractionDigits: 4 }) })
    : t("train.loss.both", { loss: number(now.loss, { maximumFractionDigits: 4 }), held_out: number(now.held_out, { maximumFractionDigits: 4 }) });
  return html`<${Chart} curves=${curves} says=${says} /><p class="quiet small-print">${says} ${t("train.loss.about")}</p>`;
}

function Facts({ run }) {
  const collection = collections.value.find((one) => one.id === run.collection);
  const facts = [
    ["plan", run.plan],
    ["learned_from", collection && html`<a href=${address("collection", collection.id)}>${collection.name}</a>`],
    ["seen", run.pictures ? t("train.seen.count", { n: run.pictures }) : null],
    ["trained", run.elapsed_seconds ? duration(run.elapsed_seconds, "long") : null],
  ].filter(([, value]) => value);
  return html`<dl class="fact-list">${facts.map(([name, value]) => html`<dt key=${name}>${t(`train.fact.${name}`)}</dt>
    <dd key=${`${name}-value`}>${value}</dd>`)}</dl>`;
}

export function Run({ id }) {
  const run = trainings.value.find((one) => one.id === id);
  if (!run) {
    return html`<${Empty} title=${t("train.gone")} text=${t("train.gone.text")}>
      <${LinkButton} href=${address("train")}>${t("train.back")}<//><//>`;
  }
  const job = jobOf(run);
  const last = run.snapshots.at(-1);
  const step = job && stepOf(job.id).value;
  // The picture of the moment arrives before the list of snapshots does.
  const preview = step?.picture && step.progress.snapshot > (last?.step ?? 0) ? step.picture : null;
  return html`<header><div><p><a class="back quiet" href=${address("train")}><${Icon} name="left" size="16" />${t("view.train")}</a></p>
      <h1>${run.name}</h1></div><${Steering} run=${run} job=${job} /></header>
    <div class="now" aria-live="off"><${TimeLeft} run=${run} job=${job} /></div>
    ${run.notes.map((note) => html`<p class="notice" key=${note}>${note}</p>`)}
    ${last && html`<section><h2>${t("train.latest", { time: duration(last.seconds, "long") })}</h2>
      <div class="plinth latest">${preview
        ? html`<${Moment} snapshot=${{ picture: preview }} alt=${t("train.latest.alt")} />`
        : html`<${Moment} snapshot=${last} alt=${t("train.latest.alt")} />`}</div></section>`}
    ${!last && html`<p class="quiet">${t("train.no_snapshot")}</p>`}
    ${run.snapshots.length > 1 && html`<section><h2>${t("train.by_time")}</h2>
      <p class="quiet small-print">${t("train.by_time.about")}</p><${Matrix} snapshots=${run.snapshots} /></section>`}
    <section><h2>${t("train.loss")}</h2><${Losses} run=${run} /></section>
    ${run.model && html`<${Measured} run=${run} />`}
    <section><h2>${t("train.facts")}</h2><${Facts} run=${run} /></section>`;
}
