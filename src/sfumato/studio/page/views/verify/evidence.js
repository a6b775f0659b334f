// What was found in a picture: the verdict in one sentence, and then each piece of evidence with what it is worth.
import { html } from "../../html.js";
import { moment, t } from "../../i18n.js";
import { Icon, classesInWords } from "../../parts/index.js";
import { Comparison } from "../evidence/comparison.js";
import { Lines, verdictOfResult, worth } from "../evidence/credentials.js";
import { Credit, Likeness, Nearest, creditOf } from "../evidence/nearest.js";

const ICON = { good: "verify", open: "info", bad: "warning" };

// result: of a job of kind verify; first: the picture, as Comparison has it.
export function Evidence({ result, first }) {
  const how = worth(result.status);
  const [shown] = result.nearest.filter((each) => each.picture);
  return html`
    <p class=${`verdict-large verdict-${how}`}><${Icon} name=${ICON[how]} size="28" /><span>${verdictOfResult(result)}</span></p>
    <h2>${t("verify.evidence")}</h2>
    <dl class="evidence-list">
      <${Piece} name="signature" how=${how}>
        ${result.details.length ? html`<${Lines} lines=${result.details} />` : t("verify.no_signature")}
      <//>
      <${Piece} name="mark" how=${result.mark ? "good" : "open"}>${result.mark ? saidOfMark(result.mark) : t("verify.no_mark")}<//>
      <${Piece} name="recipe" how=${result.recipe && how !== "bad" ? "good" : "open"}>${result.recipe ? saidOfRecipe(result.recipe) : t("verify.no_recipe")}<//>
      ${result.saved?.length > 0 &&
      html`<${Piece} name="saved" how="good">
        <ul class="evidence">${result.saved.map((each) => html`<li key=${each.file}>${t("verify.saved", { when: moment(each.when), file: each.file })}</li>`)}</ul>
      <//>`}
      ${result.again && html`<${Piece} name="again" how=${result.again.same ? "good" : "bad"}>${result.again.said}<//>`}
    </dl>
    <section aria-labelledby="verify-nearest">
      <h2 id="verify-nearest">${t("verify.nearest")}</h2>
      ${shown
        ? html`${result.finding && html`<${Likeness} finding=${result.finding} />`}
            <${Comparison} begins="beside" first=${first} second=${{ picture: shown.picture, name: creditOf(shown) }} />
            <ul class="nearest-credits">${result.nearest.map((each) => html`<li key=${each.file}><${Credit} picture=${each} /></li>`)}</ul>`
        : html`<${Nearest} first=${first} nearest=${result.nearest} finding=${result.finding ?? { found: "not compared" }} />`}
    </section>
  `;
}

function Piece({ name, how, children }) {
  return html`<div class=${`piece piece-${how}`}>
    <dt><${Icon} name=${ICON[how]} />${t(`verify.piece_${name}`)}</dt>
    <dd>${children}</dd>
  </div>`;
}

// A mark is its identity, or with what was signed of it.
const saidOfMark = (mark) => (typeof mark === "string" ? mark : (mark.said ?? t("verify.mark", { identity: mark.identity })));

function saidOfRecipe(recipe) {
  const { request, model } = recipe;
  const subject = request.prompt ?? (request.label && classesInWords(request.label));
  return t(subject ? "verify.recipe_of" : "verify.recipe", { subject: subject ?? "", seed: String(request.seed), model: model.name });
}
