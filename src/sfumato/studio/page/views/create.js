// Create: what to make at one side, how it comes out of the noise in the middle, what was made before below.
import { get } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { Choice, Empty, LinkButton, failed, filesOf } from "../parts/index.js";
import { address } from "../router.js";
import { handover } from "../state.js";
import { Easel } from "./create/easel.js";
import { HowMany, MakeBar, make } from "./create/make.js";
import { More } from "./create/more.js";
import { beginWith, chooseModel, compositionOf, makers, model, source, stage, use } from "./create/settings.js";
import { Sheet } from "./create/sheet.js";
import { Source, beginWithFiles, ofWork } from "./create/source.js";
import { Strip } from "./create/strip.js";
import { Subject } from "./create/subject.js";
import { chosen, current, follow, look, putWork } from "./create/works.js";

// The work whose settings are used is the one that is seen beside them.
function showWork(work) {
  putWork(work);
  look(work);
  stage.value = "works";
}

// What another view hands over: settings of a work, a work to begin with, or a job to look at.
async function take({ model: id, asked, picture, job, work }) {
  if (asked) {
    use({ model: id, asked });
    if (work) showWork(await get(`/api/works/${work}`));
  } else if (id) chooseModel(id);
  if (job) {
    current.value = job;
    chosen.value = null;
    stage.value = "works";
  }
  if (picture?.work) beginWith(ofWork(await get(`/api/works/${picture.work}`)));
}

function Stages() {
  const stages = ["works", ...(source.value ? ["picture"] : []), ...(compositionOf.value?.sketched ? ["sketch"] : [])];
  if (stages.length === 1) return null;
  return html`<${Choice} label=${t("create.stage")} hideLabel=${true} value=${stage.value}
    options=${stages.map((value) => ({ value, label: t(`create.stage.${value}`) }))} onChange=${(value) => (stage.value = value)} />`;
}

function Nothing() {
  return html`<${Empty} title=${t("create.no_model")} text=${t("create.no_model.text")}>
    <${LinkButton} kind="primary" href=${address("train")}>${t("create.no_model.train")}<//><//>`;
}

export default function Create({ query }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (query.job) take({ job: Number(query.job) }).catch(failed);
  }, [query.job]);
  useEffect(() => follow(failed), []);
  useEffect(() => {
    const given = handover.value;
    if (!given) return;
    handover.value = null;
    take(given).catch(failed);
  }, [handover.value]);
  useEffect(() => {
    const paste = (event) => {
      if (!event.clipboardData.files.length || model.value?.kind === "gan") return;
      event.preventDefault();
      beginWithFiles([...event.clipboardData.files]).catch(failed);
    };
    const key = (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      make().catch(failed);
    };
    document.addEventListener("paste", paste);
    document.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("paste", paste);
      document.removeEventListener("keydown", key);
    };
  }, []);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    filesOf(event.dataTransfer).then(({ files }) => beginWithFiles(files)).catch(failed);
  };
  const drag = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  if (!makers.value.length) return html`<header><h1>${t("create.title")}</h1></header><${Nothing} />`;
  return html`<header><h1>${t("create.title")}</h1><${Stages} /></header>
    <div class=${`create ${over ? "is-over" : ""}`} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
      <div class="create-left"><section class="create-stage" aria-label=${t(`create.stage.${stage.value}`)}>
          ${stage.value === "works" ? html`<${Sheet} />` : html`<${Easel} key=${stage.value} kind=${stage.value} />`}</section>
        <${Strip} /></div>
      <section class="create-settings" aria-label=${t("create.settings")}>
        <${Subject} /><${Source} /><${HowMany} /><${More} /><${MakeBar} /></section></div>`;
}
