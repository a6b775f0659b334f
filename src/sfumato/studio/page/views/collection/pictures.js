// The pictures of a collection: found by words and by what is not known, sorted into classes by dragging or by a menu,
// and stated better one by one or many at once.
import { html, useEffect, useMemo, useRef, useState } from "../../html.js";
import { get } from "../../api.js";
import { number, t } from "../../i18n.js";
import { Button, IconButton, Menu, SelectField, TextField, failed, toast } from "../../parts/index.js";
import { go } from "../../router.js";
import { subscribe } from "../../state.js";
import { edit, shown, takeOut } from "./edits.js";
import { ClassDialog, FactsDialog } from "./facts.js";
import { DRAGGED, Grid, NOTHING } from "./grid.js";
import { Rows } from "./rows.js";

const UNKNOWN = ["creator", "title", "year", "source", "licence", "class"];

const nameOf = (name) => name || t("collection.class.none");

function useRows(id, { query, unknown, category, licence }) {
  const rows = useMemo(() => {
    const wanted = new URLSearchParams(Object.entries({ query, unknown, licence }).filter(([, value]) => value));
    if (category !== undefined) wanted.set("class", category);
    return new Rows(async (offset, limit) => {
      const { total, pictures } = await get(`/api/collections/${id}/pictures?offset=${offset}&limit=${limit}&${wanted}`);
      return { total, rows: pictures };
    });
  }, [id, query, unknown, category, licence]);
  useEffect(() => {
    rows.need(0, 1);
    const again = () => rows.refresh().catch(failed);
    const stops = [subscribe("collections", again), subscribe("reload", again)];
    return () => stops.forEach((stop) => stop());
  }, [rows]);
  return rows;
}

// A class in the list: shows its pictures when it is pressed, takes what is dropped on it.
function Group({ name, count, chosen, onChoose, onDrop }) {
  const [over, setOver] = useState(0);
  const takes = (event) => onDrop && event.dataTransfer.types.includes(DRAGGED);
  const drop = (event) => {
    event.preventDefault();
    setOver(0);
    onDrop();
  };
  return html`<li><button type="button" class=${`group ${over ? "over" : ""}`} aria-pressed=${String(chosen)} onClick=${onChoose}
    onDragEnter=${(event) => takes(event) && setOver((depth) => depth + 1)} onDragLeave=${() => setOver((depth) => Math.max(0, depth - 1))}
    onDragOver=${(event) => takes(event) && event.preventDefault()} onDrop=${(event) => takes(event) && drop(event)}>
    <span class="group-name">${name}</span>${" "}${count !== undefined && html`<span class="count quiet numbers">${number(count)}</span>`}
    </button></li>`;
}

function Groups({ classes, total, category, onChoose, onMove, onNew }) {
  return html`<nav class="groups" aria-label=${t("collection.classes")}>
    <h2>${t("collection.classes")}</h2>
    <ul>
      <${Group} name=${t("all")} count=${total} chosen=${category === undefined} onChoose=${() => onChoose(undefined)} />
      <${Group} name=${t("collection.class.none")} count=${total - classes.reduce((sum, [, count]) => sum + count, 0)}
        chosen=${category === ""} onChoose=${() => onChoose("")} onDrop=${() => onMove("")} />
      <${Group} name=${t("collection.class.new")} chosen=${false} onChoose=${onNew} onDrop=${onNew} />
      ${classes.map(([name, count]) => html`<${Group} key=${name} name=${name} count=${count} chosen=${category === name}
        onChoose=${() => onChoose(name)} onDrop=${() => onMove(name)} />`)}</ul>
    <p class="quiet small-print">${t("collection.classes.text")}</p></nav>`;
}

function Chosen({ rows, classes, onEdit, onMove, onNew, onOut, onClear }) {
  const items = [
    ...classes.map(([name]) => ({ label: name, run: () => onMove(name) })),
    { label: t("collection.class.none"), run: () => onMove("") },
    { label: t("collection.class.new"), icon: "add", run: onNew },
  ];
  return html`<div class="selection" role="region" aria-label=${t("collection.selection")}>
    <p role="status">${t("collection.chosen", { n: rows.length })}</p>
    <div class="actions">
      <${Button} kind="primary" onClick=${onEdit}>${t("collection.edit")}<//>
      <${Menu} label=${t("collection.class.move")} icon="folder" items=${items} align="up">${t("collection.fact.class")}<//>
      <${Button} kind="quiet" icon="bin" onClick=${onOut}>${t("collection.take_out")}<//>
      <${IconButton} icon="close" label=${t("collection.clear")} onClick=${onClear} /></div></div>`;
}

export function Pictures({ id, details, query }) {
  const category = query.class === undefined ? undefined : query.class === "-" ? "" : query.class.slice(1);
  const [words, setWords] = useState(query.query ?? "");
  const [selection, setSelection] = useState(NOTHING);
  const [opened, setOpened] = useState(null);
  const [naming, setNaming] = useState(null); // 'new' for those that are chosen, 'rename' for the whole class
  const asked = { query: query.query ?? "", unknown: query.unknown ?? "", licence: query.licence ?? "", category };
  const rows = useRows(id, asked);
  useEffect(() => setSelection(NOTHING), [rows]);
  const classes = Object.entries(details.classes).filter(([name]) => name);
  const to = (changes) => go("collection", id, { query: { ...query, ...changes }, replace: true });
  const timer = useRef(0);
  const search = (text) => {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => to({ query: text }), 250);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  void rows.changed.value;
  const chosen = [...selection.rows.values()].map((row) => shown(rows.fresh(row)));
  const move = (name, moved = chosen) => {
    if (!moved.length) return;
    setSelection({ ...selection, rows: new Map() });
    const said = t("collection.moved", { n: moved.length, name: nameOf(name) });
    edit(id, moved, { class: name }, said).catch(failed);
  };
  const named = async (name) => {
    setNaming(null);
    if (naming === "new") return move(name);
    const moved = await rows.between(0, rows.total.peek() ?? 0);
    move(name, moved);
    to({ class: `.${name}` });
  };
  const open = async (index) => {
    await rows.need(index, index + 1);
    if (rows.at(index)) setOpened([index]);
    setSelection((before) => ({ ...before, at: index }));
  };
  const step = (by) => {
    const index = Math.max(0, Math.min((rows.total.peek() ?? 1) - 1, opened[0] + by));
    open(index);
  };
  const looked = opened === null ? [] : opened === "chosen" ? chosen : opened.map((index) => shown(rows.at(index))).filter(Boolean);
  const total = rows.total.value;
  const isWhole = category !== undefined && category && !asked.query && !asked.unknown && !asked.licence;
  return html`<div class="sorting">
    <${Groups} classes=${classes} total=${details.pictures} category=${category} onMove=${move}
      onChoose=${(name) => to({ class: name === undefined ? undefined : name ? `.${name}` : "-" })}
      onNew=${() => (chosen.length ? setNaming("new") : toast(t("collection.class.choose_first")))} />
    <div class="stack">
      <div class="finding">
        <${TextField} label=${t("search")} type="search" value=${words} maxlength="200" onInput=${search} />
        <${SelectField} label=${t("collection.show")} value=${asked.unknown} onChange=${(value) => to({ unknown: value })}
          options=${[{ value: "", label: t("collection.show.all") }, ...UNKNOWN.map((name) => ({
            value: name, label: t(`collection.show.${name}`, { n: details.unknown[name] }),
          }))]} />
        ${isWhole && html`<${Button} kind="quiet" icon="pencil" onClick=${() => setNaming("rename")}>${t("collection.class.rename")}<//>`}</div>
      <p class="quiet" role="status">${total === null ? "" : t("collection.pictures.n", { n: total })}
        ${asked.licence && html` · ${details.licence_names[asked.licence] ?? asked.licence} <${Button} kind="quiet"
          onClick=${() => to({ licence: "" })}>${t("collection.show.all")}<//>`}</p>
      ${total === 0 && html`<p class="notice">${t("collection.nothing_found")}</p>`}
      <${Grid} rows=${rows} more=${category === undefined ? "class" : "creator"} selection=${selection} onSelect=${setSelection} onOpen=${open} label=${t("collection.pictures")} />
      ${total > 0 && html`<p class="quiet small-print keys">${t("collection.keys")}</p>`}
      ${chosen.length > 0 && html`<${Chosen} rows=${chosen} classes=${classes} onEdit=${() => setOpened("chosen")} onMove=${move}
        onNew=${() => setNaming("new")} onClear=${() => setSelection({ ...selection, rows: new Map() })}
        onOut=${() => (setSelection({ ...selection, rows: new Map() }), takeOut(id, chosen).catch(failed))} />`}
    </div>
    <${FactsDialog} id=${id} rows=${looked} classes=${classes.map(([name]) => name)} onClose=${() => setOpened(null)} onStep=${step} />
    <${ClassDialog} open=${naming !== null} first=${naming === "rename" ? category : ""} onName=${named} onClose=${() => setNaming(null)}
      title=${t(naming === "rename" ? "collection.class.rename" : "collection.class.new")} /></div>`;
}
