// The training pictures that a work is nearest to, with the credits that are due to them.
import { html, useState } from "../../html.js";
import { number, t } from "../../i18n.js";
import { Button, Dialog, Icon, Picture } from "../../parts/index.js";
import { Comparison } from "./comparison.js";

const DECIMALS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

// first: what they are near to, as Comparison has it; nearest: as the server has them; finding: {found, sentence}.
export function Nearest({ first, nearest, finding }) {
  const [beside, setBeside] = useState(null);
  if (!nearest.length) return html`<p class="quiet">${t(finding.found === "not compared" ? "evidence.not_compared" : "evidence.none_near")}</p>`;
  return html`<div class="nearest">
    <${Likeness} finding=${finding} />
    <ul class="nearest-pictures">
      ${nearest.map(
        (each) => html`<li key=${each.file}>
          ${each.picture
            ? html`<button class="nearest-picture" onClick=${() => setBeside(each)} aria-label=${t("evidence.beside", { title: titleOfPicture(each) })}>
                <${Picture} src=${each.picture} alt="" />
              </button>`
            : html`<span class="nearest-picture nearest-away"><${Icon} name="image" /></span>`}
          <${Credit} picture=${each} />
        </li>`,
      )}
    </ul>
    <${Dialog} open=${beside !== null} title=${beside ? titleOfPicture(beside) : ""} wide onClose=${() => setBeside(null)}>
      ${beside &&
      html`<${Comparison}
        begins="beside"
        first=${first}
        second=${{ picture: beside.picture, name: creditOf(beside) }}
      />`}
    <//>
  </div>`;
}

// Whether it is a near copy, as far as was found.
export function Likeness({ finding }) {
  const copy = finding.found === "near copy";
  return html`<p class=${`verdict verdict-${copy ? "bad" : "good"}`}>
    <${Icon} name=${copy ? "warning" : "check"} /><span>${t(copy ? "evidence.near_copy" : "evidence.no_near_copy")}</span>
  </p>`;
}

export function Credit({ picture }) {
  return html`<div class="credit">
    <span class="credit-title" title=${titleOfPicture(picture)}>${titleOfPicture(picture)}</span>
    <span class="quiet">${picture.creator || t("evidence.creator_unknown")}${picture.year && `, ${picture.year}`}</span>
    ${picture.licence && html`<span class="quiet">${picture.licence}</span>`}
    ${picture.similarity !== null && html`<span class="quiet">${t("evidence.similarity", { similarity: number(picture.similarity, DECIMALS) })}</span>`}
  </div>`;
}

export const titleOfPicture = (picture) => picture.title || picture.file.split("/").at(-1) || t("evidence.untitled");
export const creditOf = (picture) => [titleOfPicture(picture), picture.creator].filter(Boolean).join(", ");
