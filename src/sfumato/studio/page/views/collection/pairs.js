// Pictures that are the same, or nearly, side by side: which one is kept is a person's choice.
import { html, signal, useState } from "../../html.js";
import { get } from "../../api.js";
import { bytes, t } from "../../i18n.js";
import { Button, Checkbox, Empty, Picture, confirm, failed, toast } from "../../parts/index.js";
import { keep } from "./edits.js";
import { useGrowing } from "./more.js";

const choice = (kept, other, both = false) => ({
  sha256: kept.sha256, over: other.sha256, file: kept.file, over_file: other.file, both,
});
const keyOf = ({ kept, other }) => [`${kept.sha256} ${kept.file}`, `${other.sha256} ${other.file}`].sort().join(" ");
// What was chosen and is not in the collection yet: by the pair, the file that is kept, or 'both'.
const chosen = signal(new Map());

function Side({ row, is, onKeep, label }) {
  return html`<div class=${`pair-side ${is}`}>
    <div class="frame"><${Picture} src=${row.thumbnail} alt=${row.file} width=${row.width} height=${row.height} /></div>
    <p class="pair-file">${row.file}</p>
    <p class="quiet small-print">${[t("collection.size.of", { width: row.width, height: row.height, bytes: bytes(row.bytes) }),
      row.class, row.creator, row.licence !== "unknown" && row.licence_name].filter(Boolean).join(" · ")}</p>
    <div class="actions">${is === "kept-one"
      ? html`<p class="is-kept">${t("collection.kept")}</p>`
      : html`<${Button} onClick=${onKeep} aria-label=${`${label}: ${row.file}`}>${label}<//>`}</div></div>`;
}

function PairRow({ id, pair }) {
  const key = keyOf(pair);
  const now = chosen.value.get(key);
  const [first, second] = [pair.kept, pair.other].sort((one, other) => (one.file < other.file ? -1 : 1));
  const isBoth = now ? now === "both" : pair.both;
  const kept = now ?? pair.kept.file;
  const isDecided = now !== undefined || pair.decided;
  const decide = async (one, other, both) => {
    const put = (value) => {
      const all = new Map(chosen.peek());
      value ? all.set(key, value) : all.delete(key);
      chosen.value = all;
    };
    put(both ? "both" : one.file);
    try {
      await keep(id, [choice(one, other, both)]);
    } finally {
      setTimeout(() => put(null), 400);
    }
  };
  const side = (row, other) => html`<${Side} row=${row} label=${t("collection.keep")}
    is=${isBoth ? "" : row.file === kept ? "kept-one" : "left-one"} onKeep=${() => decide(row, other, false)} />`;
  return html`<li class="pair"><header><p>${t(pair.kind === "same" ? "collection.pair.same" : "collection.pair.near")}</p>
      ${isDecided && html`<p class="quiet small-print">${t(isBoth ? "collection.pair.both" : "collection.pair.decided")}</p>`}</header>
    <div class="pair-sides">${side(first, second)}${side(second, first)}</div>
    ${pair.kind === "near" && !(isBoth && isDecided) && html`<div class="actions"><${Button} kind="quiet"
      onClick=${() => decide(first, second, true)}>${t("collection.keep.both")}<//></div>`}</li>`;
}

// Of every near pair of which nobody has chosen, the one with more pixels.
async function keepLarger(id) {
  const choices = [];
  let total = 1;
  for (let offset = 0; offset < total; offset += 500) {
    const found = await get(`/api/collections/${id}/duplicates`, { query: { offset, limit: 500, undecided: true } });
    total = found.total;
    for (const { kept, other } of found.pairs) {
      const size = (row) => row.width * row.height * 1e10 + row.bytes;
      choices.push(size(kept) >= size(other) ? choice(kept, other) : choice(other, kept));
    }
  }
  if (!choices.length) return toast(t("collection.pairs.none_left"));
  const text = t("collection.keep.larger.text", { n: choices.length });
  if (!(await confirm({ title: t("collection.keep.larger"), text, action: t("collection.keep.larger") }))) return undefined;
  await keep(id, choices);
  return toast(t("collection.kept.n", { n: choices.length }));
}

export function Pairs({ id, details }) {
  const [undecided, setUndecided] = useState(false);
  const read = async (offset, limit) => {
    const found = await get(`/api/collections/${id}/duplicates`, { query: { offset, limit, undecided } });
    return { total: found.total, rows: found.pairs };
  };
  const { total, rows, end } = useGrowing(read, [id, undecided]);
  if (total === 0 && !undecided) {
    return html`<${Empty} title=${t("collection.pairs.none")} text=${t("collection.pairs.none.text")} />`;
  }
  return html`<section><p class="lead">${t("collection.pairs.text")}</p>
    <div class="row spread"><${Checkbox} label=${t("collection.pairs.undecided", { n: details.undecided })} checked=${undecided} onChange=${setUndecided} />
      <${Button} onClick=${() => keepLarger(id).catch(failed)}>${t("collection.keep.larger")}<//></div>
    ${total === 0 && html`<p class="notice">${t("collection.pairs.none_left")}</p>`}
    <ul class="pairs" aria-label=${t("collection.pairs")}>${rows.map((pair) => html`<${PairRow} key=${keyOf(pair)} id=${id} pair=${pair} />`)}</ul>
    ${end}</section>`;
}
