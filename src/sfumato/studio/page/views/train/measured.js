import { get } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { moment, t } from "../../i18n.js";
import { JobProgress, failed, stateOf } from "../../parts/index.js";
import { ENDED, jobs } from "../../state.js";

// The jobs that measured a model, the newest first; the page's own list holds the last ones alone.
function useMeasurements(model) {
  const [older, setOlder] = useState([]);
  useEffect(() => {
    get("/api/jobs", { query: { kind: "evaluate", limit: 100 } }).then(setOlder, failed);
  }, [model]);
  const all = new Map(older.map((job) => [job.id, job]));
  for (const job of jobs.value.values()) if (job.kind === "evaluate") all.set(job.id, job);
  return [...all.values()].filter((job) => job.spec.model === model).sort((one, other) => other.id - one.id);
}

// What measuring the model's works against the pictures has found: the last time that it was done, or is being done.
export function Measured({ run }) {
  const [job] = useMeasurements(run.model);
  if (!job) return null;
  return html`<section><h2>${t("train.measured")}</h2>
    ${job.result?.headline && html`<p>${job.result.headline}</p>
      <ul class="sentences">${job.result.sentences.map((sentence) => html`<li key=${sentence}>${sentence}</li>`)}</ul>
      <p class="quiet small-print">${moment(job.finished_at ?? job.created_at)}</p>`}
    ${!ENDED.includes(job.state) && html`<p class="quiet">${stateOf(job)}</p><${JobProgress} job=${job} />`}
    ${job.state === "failed" && html`<p class="wrong">${job.reason}</p>`}</section>`;
}
