import { html } from "../../html.js";
import { duration, number, t } from "../../i18n.js";
import { Empty, Icon, LinkButton } from "../../parts/index.js";
import { address } from "../../router.js";
import { trainings } from "../../state.js";
import { Chart, LINES } from "./chart.js";
import { useLog } from "./log.js";
import { Matrix, Moment } from "./matrix.js";

const MOST = LINES.length;

// A training's held-out loss; of one without measurements, that of its steps.
function curveOf(run, log, style) {
  const measured = log?.held_out.steps.length > 1;
  return {
    name: run.name,
    style,
    x: (measured ? log.held_out.seconds : log?.seconds) ?? [],
    y: (measured ? log.held_out.held_out : log?.loss) ?? [],
  };
}

function Column({ run }) {
  const last = run.snapshots.at(-1);
  return html`<section class="beside"><h2><a href=${address("train", run.id)}>${run.name}</a></h2>
    <dl class="fact-list small-print">
      <dt>${t("train.fact.trained")}</dt><dd>${duration(run.elapsed_seconds, "long")}</dd>
      <dt>${t("train.fact.held_out")}</dt><dd class="numbers">${run.held_out_loss == null ? "–" : number(run.held_out_loss, { maximumFractionDigits: 4 })}</dd>
      <dt>${t("train.fact.plan")}</dt><dd>${run.plan}</dd></dl>
    ${last && html`<div class="plinth latest"><${Moment} snapshot=${last} alt=${t("train.latest.alt")} /></div>`}
    ${run.snapshots.length > 1 && html`<${Matrix} snapshots=${run.snapshots} most=${6} seeds=${4} />`}</section>`;
}

// One component reads one log by its hook, and hands its curve to the next.
function Curves({ runs, found = [] }) {
  const [run, ...rest] = runs;
  const log = useLog(run);
  const curves = [...found, curveOf(run, log, LINES[found.length])];
  if (rest.length) return html`<${Curves} key=${rest[0].id} runs=${rest} found=${curves} />`;
  const says = t("train.compare.says", { names: curves.map(({ name }) => name).join(", ") });
  return html`<${Chart} curves=${curves.filter((curve) => curve.x.length > 1)} says=${says} />`;
}

export function Compare({ ids }) {
  const runs = ids.map((id) => trainings.value.find((run) => run.id === id)).filter(Boolean).slice(0, MOST);
  if (!runs.length) {
    return html`<${Empty} title=${t("train.gone")} text=${t("train.gone.text")}>
      <${LinkButton} href=${address("train")}>${t("train.back")}<//><//>`;
  }
  return html`<header><div><p><a class="back quiet" href=${address("train")}><${Icon} name="left" size="16" />${t("view.train")}</a></p>
      <h1>${t("train.compare.title")}</h1></div></header>
    <section><h2>${t("train.compare.loss")}</h2><${Curves} runs=${runs} /></section>
    <div class="side-by-side">${runs.map((run) => html`<${Column} key=${run.id} run=${run} />`)}</div>`;
}
