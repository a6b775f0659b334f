// What to make: classes and their shares, or words where the model reads them.
import { html } from "../../html.js";
import { percent, t } from "../../i18n.js";
import { Chips, SelectField, Slider, TextField } from "../../parts/index.js";
import { change, chooseModel, makers, model, settings } from "./settings.js";
import { knownShares } from "./spec.js";

function ModelField() {
  const options = makers.value.map(({ id, name, size }) => ({ value: id, label: t("create.model.named", { name, size }) }));
  return html`<${SelectField} label=${t("create.model")} value=${model.value.id} options=${options} onChange=${chooseModel} />`;
}

function Words() {
  const { prompt } = settings.value;
  return html`<${TextField} label=${t("create.prompt")} hint=${t("create.prompt.hint")} rows=${3} maxlength=${10000}
    value=${prompt} onInput=${(text) => change({ prompt: text })} />`;
}

function Classes() {
  const of = model.value;
  const shares = knownShares(settings.value.shares, of);
  const chosen = Object.keys(shares);
  const choose = (names) => change({ shares: Object.fromEntries(names.map((name) => [name, shares[name] ?? 50])) });
  const options = of.classes.map((name) => ({ value: name, label: name }));
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  return html`<${Chips} label=${t("create.classes")} value=${chosen} options=${options} onChange=${choose} />
    ${chosen.length === 0 && html`<p class="hint">${t("create.classes.any")}</p>`}
    ${chosen.length > 1 && html`<div class="create-mixture">${chosen.map((name) => html`<${Slider} key=${name} min=${1}
      max=${100} label=${t("create.share", { name, share: percent(shares[name] / total) })} value=${shares[name]}
      onInput=${(value) => change({ shares: { ...shares, [name]: value } })} />`)}</div>`}`;
}

export function Subject() {
  const { kind } = model.value;
  return html`<section class="create-subject"><${ModelField} />
    ${kind === "text" && html`<${Words} />`}
    ${kind === "classes" && html`<${Classes} />`}
    ${(kind === "unconditional" || kind === "gan") && html`<p class="hint">${t("create.unconditional")}</p>`}</section>`;
}
