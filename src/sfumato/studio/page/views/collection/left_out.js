// Files that are not used, and why.
import { html, useState } from "../../html.js";
import { get } from "../../api.js";
import { has, t } from "../../i18n.js";
import { Button, Choice, Empty, Icon, Picture } from "../../parts/index.js";
import { takeIn } from "./edits.js";
import { useGrowing } from "./more.js";

export const kindOf = (kind) => {
  const key = `collection.kind.${kind.replaceAll(" ", "_")}`;
  return has(key) ? t(key) : kind;
};

export function LeftOut({ id, details }) {
  const [kind, setKind] = useState("");
  const read = async (offset, limit) => {
    const found = await get(`/api/collections/${id}/left-out`, { query: { offset, limit, kind } });
    return { total: found.total, rows: found.files };
  };
  const { rows, end } = useGrowing(read, [id, kind]);
  const kinds = Object.entries(details.left_out_reasons);
  if (!kinds.length) return html`<${Empty} title=${t("collection.left_out.none")} text=${t("collection.left_out.none.text")} />`;
  const options = [{ value: "", label: t("all") }, ...kinds.map(([value, count]) => ({
    value, label: t("collection.counted", { name: kindOf(value), count }),
  }))];
  return html`<section><p class="lead">${t("collection.left_out.text")}</p>
    ${kinds.length > 1 && html`<${Choice} label=${t("collection.left_out.why")} value=${kind} options=${options} onChange=${setKind} />`}
    <ul class="left-out" aria-label=${t("collection.left_out")}>${rows.map((file) => html`<li key=${file.file}>
      <span class="frame">${file.thumbnail ? html`<${Picture} src=${file.thumbnail} alt="" />` : html`<${Icon} name="image" />`}</span>
      <div><p class="pair-file">${file.file}</p><p class="quiet small-print">${kindOf(file.kind)}: ${file.reason}</p></div>
      ${file.kind === "taken out on request" && html`<${Button} onClick=${() => takeIn(id, [file.sha256])}
        aria-label=${`${t("collection.take_in")}: ${file.file}`}>${t("collection.take_in")}<//>`}</li>`)}</ul>
    ${end}</section>`;
}
