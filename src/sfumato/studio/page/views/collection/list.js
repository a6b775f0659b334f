// All collections, those that are being made among them, and the way to a new one.
import { html, useEffect, useState } from "../../html.js";
import { get } from "../../api.js";
import { ago, t } from "../../i18n.js";
import { Button, Icon, JobRow } from "../../parts/index.js";
import { address, go } from "../../router.js";
import { activeJobs, collections, jobs } from "../../state.js";
import { New, begun } from "./new.js";

function Few({ id, changed }) {
  const [pictures, setPictures] = useState([]);
  useEffect(() => {
    get(`/api/collections/${id}/pictures`, { query: { limit: 6, spread: true } }).then((found) => setPictures(found.pictures), () => {});
  }, [id, changed]);
  return html`<div class="few" aria-hidden="true">${pictures.map((row) => html`<img key=${row.sha256} src=${row.thumbnail} alt="" loading="lazy"
    draggable=${false} />`)}</div>`;
}

function Card({ row }) {
  const unknown = row.licences.unknown ?? 0;
  const classes = Object.keys(row.classes).filter(Boolean).length;
  return html`<li class="card"><a href=${address("collection", row.id)}>
    <${Few} id=${row.id} changed=${row.changed_at} />
    <h2>${row.name}</h2>
    <p>${[t("collection.pictures.n", { n: row.pictures }), classes > 0 && t("collection.classes.n", { n: classes })].filter(Boolean).join(" · ")}</p>
    <p class="quiet small-print">${[
      row.left_out + row.exact_duplicates > 0 && t("collection.left_out.n", { n: row.left_out + row.exact_duplicates }),
      row.near_duplicates > 0 && t("collection.near.n", { n: row.near_duplicates }),
      unknown > 0 && t("collection.no_licence.n", { n: unknown }),
    ].filter(Boolean).join(" · ")}</p>
    <p class="quiet small-print">${ago(row.changed_at)}</p></a></li>`;
}

export function Collections() {
  const making = activeJobs.value.filter((job) => job.kind === "collect");
  const broken = [...jobs.value.values()].filter((job) => job.kind === "collect" && job.state === "failed" && begun.value.has(job.id));
  const [open, setOpen] = useState(false);
  const isFirst = !collections.value.length && !making.length;
  const done = [...jobs.value.values()].find((job) => begun.value.has(job.id) && job.state === "finished" && job.result?.collection);
  useEffect(() => {
    if (!done) return;
    begun.value = new Set([...begun.value].filter((id) => id !== done.id));
    go("collection", done.result.collection);
  }, [done?.id]);
  return html`<header><div><h1>${t("collection.title")}</h1><p class="lead">${t("collection.text")}</p></div>
      ${!isFirst && !open && html`<${Button} kind="primary" icon="add" onClick=${() => setOpen(true)}>${t("collection.new")}<//>`}</header>
    ${(isFirst || open) && html`<${New} onDone=${() => setOpen(false)} onClose=${isFirst ? null : () => setOpen(false)} />`}
    ${making.length + broken.length > 0 && html`<section><h2>${t("collection.making")}</h2><ul class="jobs">${[...making, ...broken].map((job) =>
      html`<${JobRow} key=${job.id} job=${job} />`)}</ul></section>`}
    ${collections.value.length > 0 && html`<ul class="cards" aria-label=${t("collection.title")}>${collections.value.map((row) =>
      html`<${Card} key=${row.id} row=${row} />`)}</ul>`}
    ${!isFirst && !open && html`<p class="quiet small-print note"><${Icon} name="info" size="16" />${t("collection.sacred")}</p>`}`;
}
