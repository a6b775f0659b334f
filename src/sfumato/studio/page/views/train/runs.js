import { html, useState } from "../../html.js";
import { duration, t } from "../../i18n.js";
import { Button, JobRow, Progress, progressInWords } from "../../parts/index.js";
import { address, go } from "../../router.js";
import { ENDED, jobs, stepOf, trainings } from "../../state.js";
import { Moment } from "./matrix.js";

const MOST_BESIDE = 4;

// The job that works, or last worked, on a training.
export const jobOf = (run) => jobs.value.get(run.job) ?? null;
export const isAtWork = (run) => !ENDED.includes(run.state);

function RunRow({ run, picked, onPick, full }) {
  const job = jobOf(run);
  const progress = (job && stepOf(job.id).value?.progress) ?? job?.progress ?? null;
  const state = job?.state ?? run.state;
  const last = run.snapshots.at(-1);
  return html`<li class="run-row">
    <a href=${address("train", run.id)} class="run-link">
      ${last && html`<${Moment} snapshot=${last} most=${6} alt="" />`}
      <span class="run-name">${run.name}</span>
      <span class="quiet small-print">${t(`job.state.${state}`)} · ${duration(run.elapsed_seconds)}
        ${run.held_out_loss != null && html` · ${t("train.held_out.now", { loss: run.held_out_loss })}`}</span></a>
    ${onPick && html`<label class="pick"><input type="checkbox" checked=${picked} disabled=${full && !picked}
      onChange=${onPick} /><span class="unseen">${t("train.pick", { name: run.name })}</span></label>`}
    ${state === "running" && html`<div class="run-progress">
      <${Progress} done=${progress?.done} total=${progress?.total} label=${run.name} />
      <p class="quiet small-print">${progressInWords(progress)}</p></div>`}</li>`;
}

export function Runs() {
  const [picked, setPicked] = useState([]);
  const runs = trainings.value;
  const known = new Set(runs.map((run) => run.job));
  // A job that has no run yet is preparing, or waits for its turn.
  const coming = [...jobs.value.values()].filter(
    (job) => ["train", "distill"].includes(job.kind) && !ENDED.includes(job.state) && !known.has(job.id),
  );
  if (!runs.length && !coming.length) return html`<p class="quiet">${t("train.none")}</p>`;
  const pick = (id) => setPicked(picked.includes(id) ? picked.filter((other) => other !== id) : [...picked, id]);
  return html`<section class="runs"><div class="head"><h2>${t("train.runs")}</h2>
      ${runs.length > 1 && html`<${Button} icon="compare" disabled=${picked.length < 2}
        onClick=${() => go("train", "compare", { query: { runs: picked.join(",") } })}>${t("train.compare")}<//>`}</div>
    ${runs.length > 1 && html`<p class="quiet small-print">${t("train.compare.hint", { n: MOST_BESIDE })}</p>`}
    <ul>${coming.map((job) => html`<${JobRow} key=${job.id} job=${job} />`)}
      ${runs.map((run) => html`<${RunRow} key=${run.id} run=${run} picked=${picked.includes(run.id)}
        full=${picked.length >= MOST_BESIDE} onPick=${runs.length > 1 ? () => pick(run.id) : null} />`)}</ul></section>`;
}
