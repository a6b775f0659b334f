// What is known of one picture or of many, to be read and to be stated better.
import { html, useEffect, useId, useState } from "../../html.js";
import { bytes, t } from "../../i18n.js";
import { Button, Dialog, Field, IconButton, Picture, TextField, failed } from "../../parts/index.js";
import { FACTS, FIELDS, edit, forget, takeOut } from "./edits.js";

const LICENCES = ["own", "CC0-1.0", "PDM-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "InC", "unknown"];

const valueOf = (row, name) => (name === "licence" ? (row.licence === "unknown" ? "" : row.licence_name) : row[name]);

// The one value that all rows have; null where they differ.
function common(rows, name) {
  const first = valueOf(rows[0], name);
  return rows.every((row) => valueOf(row, name) === first) ? first : null;
}

function Known({ row }) {
  return html`<dl class="fact-list">
    <dt>${t("collection.file")}</dt><dd>${row.file}</dd>
    <dt>${t("collection.size")}</dt><dd>${t("collection.size.of", { width: row.width, height: row.height, bytes: bytes(row.bytes) })}</dd>
    ${FIELDS.filter((name) => row.found[name]).map((name) => html`<dt key=${name}>${t(`collection.fact.${name}`)}</dt>
      <dd>${row.edited.includes(name) ? t("collection.by_you") : t("collection.found_in", { where: row.found[name] })}
        ${row.conflicts.filter((other) => other.about === name).map((other) => html`<span class="quiet conflict"
          key=${other.where}>${t("collection.conflict", { where: other.where, text: other.text })}</span>`)}</dd>`)}
    ${row.caption && html`<dt>${t("collection.caption")}</dt><dd>${row.caption}</dd>`}
    ${row.generated && html`<dt>${t("collection.generated")}</dt><dd>${row.generated}</dd>`}</dl>`;
}

// rows: of the pictures; onStep(by): to the one before or after, where there is one picture.
export function FactsDialog({ id, rows, classes, onClose, onStep }) {
  const [typed, setTyped] = useState({});
  const list = useId();
  const names = useId();
  const key = rows.map((row) => row.sha256).join();
  useEffect(() => setTyped({}), [key]);
  if (!rows.length) return html`<${Dialog} side=${true} open=${false} title="" onClose=${onClose} />`;
  const one = rows.length === 1 ? rows[0] : null;
  const changed = Object.entries(typed).filter(([name, text]) => text.trim() !== (common(rows, name) ?? null));
  const save = async (isDone = true) => {
    const fields = Object.fromEntries(changed.map(([name, text]) => [name, text.trim()]));
    const said = t("collection.edited", { n: rows.length });
    if (isDone) onClose();
    await edit(id, rows, fields, said);
  };
  // What was typed is not lost on the way to the next picture.
  const step = (by) => {
    if (changed.length) save(false).catch(failed);
    onStep(by);
  };
  const out = async () => {
    onClose();
    await takeOut(id, rows);
  };
  const title = one ? one.title || one.file.split("/").at(-1) : t("collection.pictures.n", { n: rows.length });
  const field = (name) => {
    const value = common(rows, name);
    const control = (tied) => html`<input type="text" ...${tied} maxlength="1000" value=${typed[name] ?? value ?? ""}
      list=${name === "licence" ? list : name === "class" ? names : undefined}
      placeholder=${value === null && typed[name] === undefined ? t("collection.several") : t("collection.unknown")}
      onInput=${(event) => setTyped({ ...typed, [name]: event.currentTarget.value })} />`;
    return html`<${Field} key=${name} label=${t(`collection.fact.${name}`)} control=${control}
      hint=${name === "licence" ? t("collection.fact.licence.hint") : undefined} />`;
  };
  const actions = html`
    <${Button} kind="quiet" icon="bin" onClick=${out}>${t("collection.take_out")}<//>
    <${Button} kind="primary" disabled=${!changed.length} onClick=${() => save()}>${t("save")}<//>`;
  return html`<${Dialog} side=${true} open=${true} title=${title} onClose=${onClose} actions=${actions}>
    ${one && html`<div class="looked-at"><${Picture} src=${one.thumbnail.replace("side=256", "side=512")} alt=${title} width=${one.width}
      height=${one.height} eager=${true} small=${Math.max(one.width, one.height) < 160} />
      <div class="actions"><${IconButton} icon="left" label=${t("collection.previous")} onClick=${() => step(-1)} />
        <${IconButton} icon="right" label=${t("collection.next")} onClick=${() => step(1)} /></div></div>`}
    <form class="stack" onSubmit=${(event) => (event.preventDefault(), changed.length && save().catch(failed))}>
      ${[...FACTS, "class"].map(field)}
      <datalist id=${list}>${LICENCES.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
      <datalist id=${names}>${classes.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
      <input type="submit" class="unseen" tabindex="-1" aria-hidden="true" /></form>
    <p class="quiet small-print">${t("collection.edit.text")}</p>
    ${one && html`<h3>${t("collection.who_says")}</h3><${Known} row=${one} />`}
    ${rows.some((row) => row.edited.length) && html`<div class="actions"><${Button} kind="quiet" icon="undo"
      onClick=${() => (onClose(), forget(id, rows))}>${t("collection.forget")}<//></div>`}<//>`;
}

// Asks for the name of a class; onName(text).
export function ClassDialog({ open, title, first = "", onName, onClose }) {
  const [name, setName] = useState(first);
  useEffect(() => setName(first), [open, first]);
  const done = () => name.trim() && onName(name.trim());
  return html`<${Dialog} open=${open} title=${title} onClose=${onClose} actions=${html`
    <${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" disabled=${!name.trim()} onClick=${done}>${t("save")}<//>`}>
    <form onSubmit=${(event) => (event.preventDefault(), done())}><${TextField} label=${t("collection.class.name")} value=${name}
      maxlength="200" onInput=${setName} /></form><//>`;
}
