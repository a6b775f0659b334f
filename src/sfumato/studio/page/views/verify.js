// Any picture: one sentence of what it is, and then the evidence. What was found stands at an address of its own, that of
// the job that looked.
import { get, upload } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { t, wordsOf } from "../i18n.js";
import { Button, Drop, Empty, JobProgress, LinkButton, Picture, Progress, failed, filesOf } from "../parts/index.js";
import { address, go } from "../router.js";
import { ENDED, ask, jobs } from "../state.js";
import { Evidence } from "./verify/evidence.js";
import { sharpenSmall } from "./evidence/comparison.js";
import { verdictOfResult } from "./evidence/credentials.js";

await wordsOf("evidence");

const EARLIER = 12;

export default function Verify({ id }) {
  const job = id && /^\d+$/.test(id) ? Number(id) : null;
  const work = id && /^work-(\d+)$/.exec(id);
  useEffect(() => {
    if (work) begin({ work: Number(work[1]) }, { replace: true }).catch(failed);
  }, [id]);
  return html`
    <header><h1>${t("view.verify")}</h1></header>
    ${job === null ? html`<${Asking} />` : html`<${Looked} key=${job} id=${job} />`}
  `;
}

async function begin(picture, { again = false, replace = false } = {}) {
  const { id } = await ask({ kind: "verify", picture, again });
  go("verify", id, { replace });
}

function Asking() {
  const [sent, setSent] = useState(null);
  const onFiles = async ({ files, paths }) => {
    try {
      const answer = await upload(files.slice(0, 1), { paths: paths.slice(0, 1), onProgress: setSent });
      const [file] = answer.files;
      if (file.error) throw new Error(file.error);
      await begin({ upload: answer.id, file: file.number });
    } catch (error) {
      failed(error);
    } finally {
      setSent(null);
    }
  };
  useEffect(() => {
    const paste = async (event) => {
      if (![...event.clipboardData.items].some((item) => item.kind === "file")) return;
      event.preventDefault();
      await onFiles(await filesOf(event.clipboardData));
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  });
  const earlier = [...jobs.value.values()].filter((job) => job.kind === "verify" && job.result).sort((one, other) => other.id - one.id);
  return html`
    <p class="lead">${t("verify.lead")}</p>
    <${Drop} onFiles=${onFiles} accept="image/*,video/mp4" multiple=${false} label=${t("verify.drop")}><p>${t("verify.drop")}</p><//>
    ${sent && html`<${Progress} done=${sent.done} total=${sent.total} label=${t("verify.sending")} />`}
    ${earlier.length > 0 &&
    html`<section aria-labelledby="verify-earlier">
      <h2 id="verify-earlier">${t("verify.earlier")}</h2>
      <ul class="verify-earlier">
        ${earlier.slice(0, EARLIER).map(
          (job) => html`<li key=${job.id}>
            <a href=${address("verify", job.id)}>
              <${Picture} src=${thumbnailOf(job.spec.picture)} alt="" />
              <span>${verdictOfResult(job.result)}</span>
            </a>
          </li>`,
        )}
      </ul>
    </section>`}
  `;
}

function Looked({ id }) {
  const [asked, setAsked] = useState(null); // of a job that is not among those that the page knows
  const [error, setError] = useState(null);
  const job = jobs.value.get(id) ?? asked;
  useEffect(() => {
    if (!jobs.peek().has(id)) get(`/api/jobs/${id}`).then(setAsked, setError);
  }, [id]);
  if (error || (job && job.kind !== "verify")) {
    return html`<${Empty} title=${error?.message ?? t("verify.other")}>
      <${LinkButton} href=${address("verify")}>${t("verify.another")}<//>
    <//>`;
  }
  if (!job) return null;
  const { picture } = job.spec;
  return html`<div class="verified">
    <div class="verified-picture">
      <${Picture} src=${pictureOf(picture)} alt=${t("verify.picture")} eager onLoad=${sharpenSmall} />
      <${LinkButton} icon="verify" href=${address("verify")}>${t("verify.another")}<//>
    </div>
    <div class="verified-found" aria-live="polite">
      ${!ENDED.includes(job.state) && html`<p class="verdict-large">${t("verify.looking")}</p><${JobProgress} job=${job} />`}
      ${job.state === "failed" && html`<p class="verdict-large">${job.reason}</p>`}
      ${["cancelled", "stopped"].includes(job.state) && html`<p class="verdict-large">${t("verify.stopped")}</p>`}
      ${job.result &&
      html`<${Evidence} result=${job.result} first=${{ picture: pictureOf(picture), name: t("verify.picture") }} />
        ${job.result.recipe &&
        !job.result.again &&
        html`<div class="actions"><${Button} icon="retry" onClick=${() => begin(picture, { again: true })}>${t("verify.again")}<//></div>
          <p class="small-print">${t("verify.again_text")}</p>`}`}
    </div>
  </div>`;
}

function pictureOf(picture) {
  if (picture.work !== undefined) return `/api/works/${picture.work}/picture`;
  if (picture.sha256 !== undefined) return `/api/collections/${picture.collection}/pictures/${picture.sha256}/picture`;
  return `/api/uploads/${picture.upload}/${picture.file ?? 0}/picture`;
}

function thumbnailOf(picture) {
  return pictureOf(picture).replace(/picture$/, "thumbnail");
}
