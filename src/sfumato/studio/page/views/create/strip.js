// The last works in a row, the newest first.
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { Picture } from "../../parts/index.js";
import { stage } from "./settings.js";
import { nameOf } from "./sheet.js";
import { chosen, look, newest } from "./works.js";

export function Strip() {
  if (!newest.value.length) return null;
  const see = (work) => {
    look(work);
    stage.value = "works";
  };
  return html`<section class="create-strip" aria-label=${t("create.strip")}><ul>${newest.value.map((work) => html`<li key=${work.id}>
    <button type="button" aria-label=${t("create.look", { work: nameOf(work) })} aria-pressed=${String(chosen.value === work.id)}
      onClick=${() => see(work)}><${Picture} src=${work.thumbnail} alt="" width=${work.width} height=${work.height} /></button>
  </li>`)}</ul></section>`;
}
