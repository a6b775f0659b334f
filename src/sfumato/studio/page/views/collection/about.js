// What a collection holds as a whole: counts, what is not known, what its licences ask for, and its report.
import { html } from "../../html.js";
import { bytes, moment, number, t } from "../../i18n.js";
import { Button, JobProgress, LinkButton, toast } from "../../parts/index.js";
import { address } from "../../router.js";
import { activeJobs, askAndWait } from "../../state.js";
import { FIELDS } from "./edits.js";

const about = (id, changes) => address("collection", id, changes);

function Counts({ title, entries, total, link }) {
  return html`<section><h2>${title}</h2><ul class="bars">${entries.map(([name, label, count]) => html`<li key=${name}>
    <a href=${link(name)}>${label}</a><span class="bar-line" aria-hidden="true"><span style=${{ width: `${(100 * count) / total}%` }}></span></span>
    <span class="numbers quiet">${number(count)}</span></li>`)}</ul></section>`;
}

export function About({ id, details }) {
  const job = activeJobs.value.find((one) => one.kind === "report" && one.spec?.collection === id);
  const total = details.pictures;
  const licences = Object.entries(details.licences).map(([name, count]) => [name, name === "unknown" ? t("collection.unknown") : details.licence_names[name], count]);
  const classes = Object.entries(details.classes).sort((one, other) => other[1] - one[1]).slice(0, 20)
    .map(([name, count]) => [name, name || t("collection.class.none"), count]);
  const unknown = FIELDS.map((name) => [name, t(`collection.fact.${name}`), details.unknown[name]]).filter(([, , count]) => count);
  const looking = activeJobs.value.find((one) => one.kind === "collect" && one.spec?.collection === id);
  const look = async () => {
    const done = await askAndWait({ kind: "collect", name: details.name, collection: id });
    if (done.state !== "finished") throw new Error(done.reason || t(`job.state.${done.state}`));
    toast(t("collection.looked", { n: done.result.pictures }));
  };
  const report = async () => {
    const done = await askAndWait({ kind: "report", collection: id });
    if (done.state !== "finished") throw new Error(done.reason || t(`job.state.${done.state}`));
  };
  return html`<div class="about">
    <section><h2>${t("collection.about.whole")}</h2><dl class="fact-list">
      <dt>${t("collection.about.pictures")}</dt><dd>${t("collection.about.size", { n: total, bytes: bytes(details.bytes) })}</dd>
      <dt>${t("collection.about.sides")}</dt><dd>${t("collection.about.sides.of", { least: details.sides[0], middle: details.sides[1], most: details.sides[2] })}</dd>
      <dt>${t("collection.about.from")}</dt><dd>${details.origin ?? details.path}</dd>
      ${details.stated.creator && html`<dt>${t("collection.about.stated")}</dt><dd>${[details.stated.creator, details.stated.licence].filter(Boolean).join(", ")}</dd>`}
      <dt>${t("collection.about.changed")}</dt><dd>${moment(details.changed_at)}</dd></dl>
      <p class="quiet small-print">${t("collection.look.text")}</p>
      <div class="actions"><${Button} icon="retry" busy=${Boolean(looking)} onClick=${look}>${t("collection.look")}<//></div>
      ${looking && html`<${JobProgress} job=${looking} />`}</section>
    <section><h2>${t("collection.report")}</h2><p class="quiet">${t("collection.report.text")}</p>
      <div class="actions">${details.report && html`<${LinkButton} icon="eye" href=${`/api/collections/${id}/report`} target="_blank"
        rel="noopener">${t("collection.report.open")}<//>`}
        <${Button} busy=${Boolean(job)} onClick=${report}>${t(details.report ? "collection.report.again" : "collection.report.make")}<//></div>
      ${job && html`<${JobProgress} job=${job} />`}</section>
    <${Counts} title=${t("collection.about.licences")} entries=${licences} total=${total} link=${(name) => about(id, { licence: name })} />
    ${unknown.length > 0 && html`<${Counts} title=${t("collection.about.unknown")} entries=${unknown} total=${total} link=${(name) => about(id, { unknown: name })} />`}
    <${Counts} title=${t("collection.classes")} entries=${classes} total=${total} link=${(name) => about(id, { class: name ? `.${name}` : "-" })} />
    ${details.terms.length > 0 && html`<section><h2>${t("collection.about.terms")}</h2><ul class="sentences">${details.terms.map((text) => html`<li key=${text}>${text}</li>`)}</ul>
      <p class="quiet small-print">${t("collection.about.terms.text")}</p></section>`}
    ${details.notes.length > 0 && html`<section><h2>${t("collection.about.notes")}</h2><ul class="sentences">${details.notes.map((text) => html`<li key=${text}>${text}</li>`)}</ul></section>`}
  </div>`;
}

