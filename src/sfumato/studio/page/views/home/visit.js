// The first visit: pictures are drawn, a model learns from them, and makes works.
import { get } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Button, Icon, LinkButton, Picture, Progress, failed, progressInWords } from "../../parts/index.js";
import { address } from "../../router.js";
import { ENDED, ask, control, jobs, stepOf, subscribe, trainings } from "../../state.js";
import { stored } from "../../stored.js";
import { Moment } from "../train/matrix.js";

export const MINUTES = 2;
// The jobs of a first visit, so that it goes on after the page was closed: {collect, train, make}.
export const visit = stored("first-visit", null);

const ended = (job) => ["finished", "stopped"].includes(job?.state);
const failedJob = (job) => ["failed", "cancelled"].includes(job?.state);

async function begin() {
  const collect = await ask({ kind: "collect", name: t("home.drawn.name"), drawn: true });
  visit.value = { collect: collect.id };
}

// The training follows the collection by itself, once, in however many tabs this is seen.
const alone = (work) => (navigator.locks ? navigator.locks.request("sfumato.first-visit", work) : work());
let following = false;
async function follow(collect) {
  if (following) return;
  following = true;
  try {
    await alone(() => beginTraining(collect));
  } catch (error) {
    failed(error);
    visit.value = null;
  } finally {
    following = false;
  }
}

async function beginTraining(collect) {
  if (visit.again()?.collect !== collect.id || visit.value.train) return;
  const train = await ask({
    kind: "train", name: t("home.drawn.name"), collection: collect.result.collection, minutes: MINUTES, size: 32,
  });
  visit.value = { ...visit.value, train: train.id };
}

function Steps({ at }) {
  return html`<ol class="steps">${["draw", "train", "make"].map((name, index) => html`<li key=${name}
    class=${index < at ? "done" : index === at ? "now" : ""} aria-current=${index === at ? "step" : undefined}>
    <span class="numbers" aria-hidden="true">${index < at ? html`<${Icon} name="check" size="16" />` : index + 1}</span>
    ${t(`home.step.${name}`)}</li>`)}</ol>`;
}

// Some of the pictures that are learned from, to look at meanwhile.
function LearnedFrom({ collection }) {
  const [pictures, setPictures] = useState([]);
  useEffect(() => {
    get(`/api/collections/${collection}/pictures`, { query: { limit: 8, spread: true } }).then((page) => setPictures(page.pictures), failed);
  }, [collection]);
  if (!pictures.length) return null;
  return html`<div class="learned"><p class="quiet small-print">${t("home.learns_from")}</p><div class="strip">
    ${pictures.map((picture) => html`<${Picture} key=${picture.sha256} src=${picture.thumbnail} alt=${picture.class ?? ""} small=${true} />`)}</div></div>`;
}

function Underway({ job, collection }) {
  const progress = stepOf(job.id).value?.progress ?? job.progress ?? {};
  const run = trainings.value.find((training) => training.job === job.id);
  const last = run?.snapshots.at(-1);
  return html`<div class="underway">
    ${collection && html`<${LearnedFrom} collection=${collection} />`}
    ${last && html`<div class="learned"><p class="quiet small-print">${t("home.emerging")}</p>
      <${Moment} snapshot=${last} alt=${t("home.emerging")} /></div>`}
    <${Progress} done=${progress.done} total=${progress.total} label=${t(`job.kind.${job.kind}`)} />
    <p class="quiet">${job.state === "queued" ? t("job.state.queued") : progressInWords(progress)}</p></div>`;
}

// The works of a job, as they come.
function useWorks(job) {
  const [works, setWorks] = useState([]);
  useEffect(() => {
    if (!job) return undefined;
    const put = (more) =>
      setWorks((before) => [...before.filter((one) => !more.some((other) => other.id === one.id)), ...more]);
    const read = async () => {
      const { works: latest } = await get("/api/works", { query: { limit: 20 } });
      put(latest.filter((work) => work.job === job).reverse());
    };
    read().catch(failed);
    const stops = [
      subscribe("work", (event) => event.job === job && put([event.work])),
      subscribe("reload", () => read().catch(failed)),
    ];
    return () => stops.forEach((stop) => stop());
  }, [job]);
  return works;
}

function Works({ job }) {
  const works = useWorks(job.id);
  return html`${works.length > 0 && html`<div class="strip works">${works.map((work) => html`<a key=${work.id}
      href=${address("gallery", work.id)}><${Picture} src=${work.picture} width=${work.width} height=${work.height} small=${true}
      alt=${t("home.work", { n: work.index + 1 })} /></a>`)}</div>`}
    ${ENDED.includes(job.state) ? html`<p>${t("home.made")}</p><div class="actions">
      <${LinkButton} kind="primary" icon="create" href=${address("create")}>${t("home.more")}<//>
      <${Button} kind="quiet" onClick=${() => (visit.value = null)}>${t("home.done")}<//></div>` : html`<${Underway} job=${job} />`}`;
}

// Whoever leaves after the first works are there comes back to the studio, not to the visit.
function close() {
  if (ENDED.includes(jobs.peek().get(visit.peek()?.make)?.state)) visit.value = null;
}

export function Visit() {
  useEffect(() => close, []);
  const { collect, train, make } = Object.fromEntries(
    Object.entries(visit.value ?? {}).map(([name, id]) => [name, jobs.value.get(id)]),
  );
  useEffect(() => {
    if (ended(collect) && collect.result?.collection && !visit.value.train) follow(collect);
  }, [collect?.state, visit.value?.train]);
  const broken = [collect, train, make].find(failedJob);
  const model = ended(train) ? train.result?.model : null;
  const begun = async () => {
    const job = await ask({ kind: "generate", model, count: 4 });
    visit.value = { ...visit.value, make: job.id };
  };
  const now = make ?? train ?? collect;
  const again = () => html`<p class="notice">${broken.reason || t(`job.state.${broken.state}`)}</p>
    <div class="actions"><${Button} icon="retry" onClick=${() => control(broken.id, "retry")}>${t("retry")}<//>
      <${Button} kind="quiet" onClick=${() => (visit.value = null)}>${t("home.forget")}<//></div>`;
  return html`<section class="visit">
    <${Steps} at=${model ? 2 : train ? 1 : 0} />
    ${!now && html`<div class="actions"><${Button} kind="primary" onClick=${begin}>${t("home.begin")}<//></div>`}
    ${broken && again()}
    ${!broken && make && html`<${Works} job=${make} />`}
    ${!broken && !make && model && html`<p>${t("home.learned")}</p><div class="actions">
      <${Button} kind="primary" onClick=${begun}>${t("home.make")}<//></div>`}
    ${!broken && !make && !model && now && html`<${Underway} job=${now} collection=${collect?.result?.collection} />`}</section>`;
}

