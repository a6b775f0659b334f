import { html, useEffect, useMemo, useState } from "../../html.js";
import { duration, moment, number, t } from "../../i18n.js";
import { Button, Checkbox, Empty, LinkButton, Progress, SelectField, Slider, TextField } from "../../parts/index.js";
import { address, go } from "../../router.js";
import { ask, askAndWait, collections, models, trainings } from "../../state.js";
import { stored } from "../../stored.js";
import { Runs } from "./runs.js";

// One that is being collected holds nothing yet.
const isReady = (collection) => collection.pictures > 0;
const MOST_MINUTES = 24 * 60;
const SIZES = [32, 48, 64, 96, 128, 192, 256, 512, 1024];
const minutes = stored("train.minutes", 30, (value) => value >= 1 && value <= MOST_MINUTES);

// The plan for what is asked, its figures or {error}; null while it is made. It is asked for once the slider rests.
function usePlan(collection, minutes, size) {
  const [plan, setPlan] = useState(null);
  useEffect(() => {
    setPlan(null);
    if (!collection) return undefined;
    const aborting = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const spec = { kind: "plan", collection, minutes, size };
        const job = await askAndWait(spec, { signal: aborting.signal });
        if (aborting.signal.aborted) return;
        if (job.state === "finished") setPlan(job.result);
        else setPlan({ error: job.reason || t(`job.state.${job.state}`) });
      } catch (error) {
        if (error.name !== "AbortError") setPlan({ error: error.message });
      }
    }, 700);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [collection, minutes, size]);
  return plan;
}

const compact = (value) => number(value, { notation: "compact", maximumSignificantDigits: 2 });

function Plan({ plan }) {
  return html`<div class="plan" aria-live="polite">
    <h3>${t("train.plan")}</h3>
    ${plan?.steps && html`<p>${t("train.plan.sentence", {
      ...plan, n: plan.pictures - plan.held_out, parameters: compact(plan.parameters), time: duration(60 * plan.minutes, "long") })}</p>`}
    ${plan?.error && html`<p class="wrong">${plan.error}</p>`}
    ${!plan && html`<p class="quiet">${t("train.planning")}</p><${Progress} label=${t("train.planning")} />`}</div>`;
}

function Form({ preferred }) {
  const ready = collections.value.filter(isReady);
  const [chosen, choose] = useState(preferred ?? "");
  const collection = ready.find((one) => one.id === chosen) ?? ready[0];
  // Several trainings on one collection are told apart by a number.
  const before = trainings.value.filter((run) => run.collection === collection.id).length;
  const usual = before ? t("train.name.again", { name: collection.name, n: before + 1 }) : collection.name;
  const [name, setName] = useState("");
  const [size, setSize] = useState("");
  const [model, setModel] = useState("");
  const [pixelArt, setPixelArt] = useState(false);
  const pixels = size ? Number(size) : null;
  const plan = usePlan(collection.id, minutes.value, pixels);
  const done = useMemo(() => new Date(Date.now() + 60_000 * minutes.value), [minutes.value]);
  const start = async () => {
    const begun = models.value.find((one) => one.id === model);
    await ask({
      kind: "train",
      name: name.trim() || usual,
      collection: collection.id,
      minutes: minutes.value,
      size: pixels,
      pixel_art: pixelArt,
      model: begun?.id ?? null,
      adapt: begun?.kind === "text",
    });
  };
  const options = (list) => list.map((one) => ({ value: one.id, label: one.name }));
  return html`<form class="panel" onSubmit=${(event) => event.preventDefault()}>
    <h2>${t("train.new")}</h2>
    <${SelectField} label=${t("train.collection")} value=${collection.id} options=${options(ready)} onChange=${choose}
      hint=${t("train.pictures", { n: collection.pictures })} />
    <${Slider} label=${t("train.minutes")} value=${minutes.value} min=${1} max=${MOST_MINUTES} scale="log"
      unit=${t("train.unit")} says=${(value) => duration(60 * value, "long")} onInput=${(value) => (minutes.value = value)}
      hint=${t("train.until", { time: duration(60 * minutes.value, "long"), clock: moment(done, clockOf(done)) })} />
    <${Plan} plan=${plan} />
    <details><summary>${t("more")}</summary><div class="stack">
      <${TextField} label=${t("train.name")} value=${name} placeholder=${usual} maxlength="80" onInput=${setName} />
      <${SelectField} label=${t("train.size")} value=${size} onChange=${setSize} hint=${t("train.size.hint")} options=${[
        { value: "", label: t("train.size.auto") },
        ...SIZES.map((side) => ({ value: String(side), label: t("train.size.of", { side }) })),
      ]} />
      <${SelectField} label=${t("train.from")} value=${model} onChange=${setModel} hint=${t("train.from.hint")} options=${[
        { value: "", label: t("train.from.noise") },
        ...options(models.value.filter((one) => one.kind !== "upscaler")),
      ]} />
      <${Checkbox} label=${t("train.pixel_art")} hint=${t("train.pixel_art.hint")} checked=${pixelArt} onChange=${setPixelArt} />
    </div></details>
    <div class="actions"><${Button} kind="primary" icon="play" onClick=${start}>${t("train.start")}<//></div></form>`;
}

const clockOf = (date) =>
  date.toDateString() === new Date().toDateString() ? { timeStyle: "short" } : { weekday: "short", hour: "numeric", minute: "2-digit" };

export function Begin({ collection }) {
  return html`<header><div><h1>${t("view.train")}</h1><p class="quiet">${t("train.about")}</p></div></header>
    <div class="columns">
      ${collections.value.some(isReady)
        ? html`<${Form} preferred=${collection} />`
        : html`<${Empty} title=${t("train.no_pictures")} text=${t("train.no_pictures.text")}>
          <${LinkButton} kind="primary" href=${address("collection")}>${t("train.collect")}<//>
          <${Button} onClick=${() => go("")}>${t("train.drawn")}<//><//>`}
      <${Runs} /></div>`;
}
