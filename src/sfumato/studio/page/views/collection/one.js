// One collection: its name and counts, and the ways to look at it.
import { html, useEffect, useState } from "../../html.js";
import { get, patch } from "../../api.js";
import { t } from "../../i18n.js";
import { Button, Dialog, Empty, Icon, IconButton, LinkButton, TextField, failed } from "../../parts/index.js";
import { address } from "../../router.js";
import { activeJobs, subscribe } from "../../state.js";
import { About } from "./about.js";
import { LeftOut } from "./left_out.js";
import { Pairs } from "./pairs.js";
import { Pictures } from "./pictures.js";

const PARTS = { pictures: Pictures, duplicates: Pairs, "left-out": LeftOut, about: About };

function useDetails(id) {
  const [details, setDetails] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let gone = false;
    const read = () =>
      get(`/api/collections/${id}`).then(
        (found) => gone || (setDetails(found), setError(null)),
        (fault) => gone || setError(fault),
      );
    read();
    const stops = [subscribe("collections", read), subscribe("reload", read)];
    return () => {
      gone = true;
      stops.forEach((stop) => stop());
    };
  }, [id]);
  return { details, error };
}

function Name({ id, name }) {
  const [typed, setTyped] = useState(null);
  const save = async () => {
    if (!typed.trim()) return;
    await patch(`/api/collections/${id}`, { name: typed.trim() });
    setTyped(null);
  };
  return html`<h1>${name}</h1>
    <${IconButton} icon="pencil" label=${t("collection.rename")} onClick=${() => setTyped(name)} />
    <${Dialog} open=${typed !== null} title=${t("collection.rename")} onClose=${() => setTyped(null)} actions=${html`
      <${Button} onClick=${() => setTyped(null)}>${t("cancel")}<//><${Button} kind="primary" onClick=${save}>${t("save")}<//>`}>
      <form onSubmit=${(event) => (event.preventDefault(), save().catch(failed))}><${TextField} label=${t("collection.name")} value=${typed ?? ""}
        maxlength="80" onInput=${setTyped} /></form><//>`;
}

export function One({ id, query }) {
  const { details, error } = useDetails(id);
  if (error) {
    return html`<${Empty} title=${t("collection.gone")} text=${error.message}><${LinkButton} href=${address("collection")}>${t("collection.all")}<//><//>`;
  }
  if (!details) return null;
  const part = query.part in PARTS ? query.part : "pictures";
  const Part = PARTS[part];
  const counts = { pictures: details.pictures, duplicates: details.pairs, "left-out": Object.values(details.left_out_reasons).reduce((sum, count) => sum + count, 0) };
  const isChanging = activeJobs.value.some((job) => job.kind === "edit" && job.spec?.collection === id);
  return html`<header><div>
      <a class="back" href=${address("collection")}><${Icon} name="left" size="16" />${t("collection.all")}</a>
      <div class="row"><${Name} id=${id} name=${details.name} /></div></div>
    <div class="actions"><p class="quiet small-print" role="status">${isChanging ? t("collection.changing") : ""}</p>
      <${LinkButton} kind="primary" icon="train" href=${address("train", null, { collection: id })}>${t("collection.train")}<//></div></header>
    <nav class="tabs" aria-label=${t("collection.parts")}><ul>${Object.keys(PARTS).map((name) => html`<li key=${name}>
      <a href=${address("collection", id, name === "pictures" ? {} : { part: name })} aria-current=${name === part ? "true" : undefined}>
      ${counts[name] === undefined ? t(`collection.part.${name}`) : t("collection.counted", { name: t(`collection.part.${name}`), count: counts[name] })}</a></li>`)}</ul></nav>
    <${Part} id=${id} details=${details} query=${query} />`;
}
