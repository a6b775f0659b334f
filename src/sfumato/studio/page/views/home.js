// Where one arrives: without any art, at the way from drawn pictures to the first works; otherwise at what is at work, and
// the ways on.
import { get } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { duration, rich, t } from "../i18n.js";
import { Icon, JobRow, Picture, failed, subjectOf } from "../parts/index.js";
import { address } from "../router.js";
import { activeJobs, collections, jobs, models, subscribe, trainings } from "../state.js";
import { Emergence } from "./home/emergence.js";
import { MINUTES, Visit, visit } from "./home/visit.js";

const SHOWN = 8; // of the newest works

function Ways() {
  const ways = [
    ["collection", collections.value.length],
    ["train", trainings.value.length],
    ["create", models.value.length],
    ["gallery", null],
    ["verify", null],
  ];
  return html`<ul class="ways">${ways.map(([name, n]) => html`<li key=${name}><a href=${address(name)}>
    <${Icon} name=${name} size="28" /><span class="way-name">${t(`view.${name}`)}</span>
    <span class="quiet">${t(`home.way.${name}`)}</span>
    ${n > 0 && html`<span class="quiet small-print">${t(`home.count.${name}`, { n })}</span>`}</a></li>`)}</ul>`;
}

// The newest works, as they come.
function Latest() {
  const [works, setWorks] = useState([]);
  useEffect(() => {
    const read = () => get("/api/works", { query: { limit: SHOWN } }).then((page) => setWorks(page.works), failed);
    read();
    const stops = [
      subscribe("work", ({ work }) => setWorks((before) => [work, ...before.filter((one) => one.id !== work.id)].slice(0, SHOWN))),
      subscribe("works", read),
      subscribe("reload", read),
    ];
    return () => stops.forEach((stop) => stop());
  }, []);
  if (!works.length) return null;
  return html`<section><h2>${t("home.latest")}</h2><div class="strip latest-works">${works.map((work) => html`<a key=${work.id}
    href=${address("gallery", work.id)}><${Picture} src=${work.thumbnail} width=${work.width} height=${work.height}
    small=${Math.max(work.width, work.height) < 256} alt=${work.title || subjectOf(work) || t("home.untitled", { n: work.id })} /></a>`)}</div></section>`;
}

export default function Home() {
  const nothing = !collections.value.length && !models.value.length;
  const visiting = visit.value && jobs.value.get(visit.value.collect);
  const active = activeJobs.value.filter((job) => job.state !== "queued");
  return html`<header><div>
      <h1>${nothing || visiting ? t("home.welcome") : t("home.title")}</h1>
      <p class="lede quiet">${nothing || visiting ? t("home.welcome.text", { time: duration(60 * MINUTES, "long") }) : t("home.text")}</p>
    </div></header>
    ${nothing && !visiting && html`<${Emergence} label=${t("home.emergence")} />`}
    ${(nothing || visiting) && html`<${Visit} />
      ${!visiting && html`<p class="quiet">${rich("home.own", {
        link: html`<a href=${address("collection")}>${t("home.own.link")}</a>` })}</p>`}`}
    ${!nothing && active.length > 0 && !visiting && html`<section><h2>${t("jobs.running")}</h2>
      <ul class="jobs">${active.map((job) => html`<${JobRow} key=${job.id} job=${job} />`)}</ul></section>`}
    ${!nothing && !visiting && html`<${Latest} />`}
    <${Ways} />`;
}
