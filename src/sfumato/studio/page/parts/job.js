import { html } from "../html.js";
import { ago, has, t } from "../i18n.js";
import { address } from "../router.js";
import { control, move, queuedJobs, stepOf, trainings } from "../state.js";
import { Button, IconButton } from "./button.js";
import { Menu } from "./menu.js";
import { Progress, progressInWords } from "./progress.js";
import { failed } from "./toast.js";
import { classesInWords } from "./work.js";

// What people may ask of a job in each of its states.
const CONTROLS = {
  queued: ["pause", "cancel"],
  running: ["pause", "stop", "cancel"],
  pausing: ["stop", "cancel"],
  paused: ["resume", "stop", "cancel"],
  failed: ["retry"],
  cancelled: ["retry"],
  stopped: ["retry"],
  finished: [],
};
const ICONS = { pause: "pause", stop: "stop", cancel: "close", resume: "play", retry: "retry", show: "eye" };

export const kindOf = (job) => (has(`job.kind.${job.kind}`) ? t(`job.kind.${job.kind}`) : job.kind);
// What people called it, or what it was asked for.
const titleOf = (job) => (job.title === job.spec.asked?.label ? classesInWords(job.title ?? "") : job.title) || kindOf(job);

const COLLECTING = ["collect", "edit", "report"];
const MAKING = ["generate", "reimagine", "inpaint", "outpaint", "upscale", "again"];

// The address where one sees what comes of a job, or null.
function addressOf({ id, kind, spec, result }) {
  if (MAKING.includes(kind)) return address("create", null, { job: id });
  if (kind === "verify") return address("verify", id);
  const made = COLLECTING.includes(kind) ? (result?.collection ?? spec.collection) : trainings.value.find(({ job }) => job === id)?.id;
  return made ? address(COLLECTING.includes(kind) ? "collection" : "train", made) : null;
}

// What was asked of a job at work is said until it is done.
export const stateOf = (job) =>
  t(job.control && ["running", "pausing"].includes(job.state) ? `job.asked.${job.control}` : `job.state.${job.state}`);

// A job's progress, from its last step, or from what the server kept of it.
export function JobProgress({ job }) {
  const progress = stepOf(job.id).value?.progress ?? job.progress ?? {};
  if (job.state !== "running" && job.state !== "pausing") return null;
  return html`<${Progress} done=${progress.done} total=${progress.total} label=${titleOf(job)} />
    <p class="quiet small-print">${progressInWords(progress)}</p>`;
}

// A job in one row: what, how far, and what can be asked of it.
export function JobRow({ job }) {
  const ask = (what) => control(job.id, what).catch(failed);
  const waiting = queuedJobs.value;
  const at = waiting.findIndex((other) => other.id === job.id);
  const orders = at < 0 ? [] : [
    { label: t("job.earlier"), icon: "up", disabled: at === 0, run: () => move(job.id, waiting[at - 1].id).catch(failed) },
    { label: t("job.later"), icon: "down", disabled: at === waiting.length - 1,
      run: () => move(job.id, waiting[at + 2]?.id ?? null).catch(failed) },
  ];
  const controls = CONTROLS[job.state];
  const rest = [...orders, ...controls.slice(1).map((what) => ({ label: t(`job.${what}`), icon: ICONS[what], run: () => ask(what) }))];
  const there = addressOf(job);
  const said = [job.title && kindOf(job), job.spec.count && t("works.count", { n: job.spec.count }), stateOf(job)];
  if (job.finished_at) said.push(ago(job.finished_at));
  return html`<li class=${`job ${job.state}`}>
    <div class="job-words"><p class="job-title">${there ? html`<a href=${there}>${titleOf(job)}</a>` : titleOf(job)}</p>
      <p class="quiet small-print">${said.filter(Boolean).join(" · ")}</p>
      ${job.reason && html`<p class="wrong small-print">${job.reason}</p>`}</div>
    <div class="job-controls">
      ${controls[0] && html`<${IconButton} icon=${ICONS[controls[0]]} label=${`${t(`job.${controls[0]}`)}: ${titleOf(job)}`}
        onClick=${() => ask(controls[0])} />`}
      ${rest.length > 0 && html`<${Menu} label=${t("job.more", { job: titleOf(job) })} items=${rest} />`}</div>
    <${JobProgress} job=${job} /></li>`;
}

export const JobButton = ({ job, what, kind, children }) => html`<${Button} kind=${kind} icon=${ICONS[what]}
  onClick=${() => control(job.id, what)}>${children ?? t(`job.${what}`)}<//>`;
