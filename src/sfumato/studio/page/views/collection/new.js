// A new collection: of files that are dropped or chosen, of a folder on this machine, or of a museum.
import { html, signal, useRef, useState } from "../../html.js";
import { upload } from "../../api.js";
import { bytes, t } from "../../i18n.js";
import { Button, Choice, CloseButton, Drop, NumberField, Picture, Progress, SelectField, TextField } from "../../parts/index.js";
import { ask, limits, roots } from "../../state.js";

// The jobs that this page has begun, to whose collections it goes when they are made.
export const begun = signal(new Set());

const FIRST = 8; // files of the first request, so that something is seen soon
const MOST_BYTES = 64e6; // of a request, but for one file that is larger
const SEEN = 40; // thumbnails
const MUSEUMS = { "met:": "The Met", "artic:": "Art Institute of Chicago", "cleveland:": "Cleveland Museum of Art" };
const SENT = /\.(jpe?g|jfif|png|webp|gif|tiff?|bmp|avif|hei[cf]|zip|csv|tsv|jsonl?|txt|xmp|caption|tags)$/i;

// Files in requests of some hundred: the first one small.
function pieces(files, most) {
  const found = [];
  let piece = [];
  let size = 0;
  for (const [index, file] of files.entries()) {
    piece.push(index);
    size += file.size;
    const isFull = piece.length >= (found.length ? most : FIRST) || size > MOST_BYTES;
    if (isFull || index === files.length - 1) {
      found.push(piece);
      piece = [];
      size = 0;
    }
  }
  return found;
}

async function send({ files, paths }, { onSent, signal: aborting }) {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let id;
  let done = 0;
  for (const piece of pieces(files, Math.min(200, limits.value.files ?? 200))) {
    const answer = await upload(piece.map((index) => files[index]), {
      paths: piece.map((index) => paths[index]), upload: id, signal: aborting,
      onProgress: (sent) => onSent({ done: done + sent.done, total, files: [] }),
    });
    id = answer.id;
    done += piece.reduce((sum, index) => sum + files[index].size, 0);
    onSent({ done, total, files: answer.files });
  }
  return id;
}

// 'Sea studies' for files of 'Sea studies/…', or for 'Sea studies.zip'.
function nameOf(paths) {
  const first = paths[0].split("/")[0];
  const isOne = paths.every((path) => path.split("/")[0] === first);
  return isOne && (paths[0].includes("/") || paths.length === 1) ? first.replace(/\.\w{2,4}$/, "") : "";
}

function Sent({ sending }) {
  const { files, done, total, count, others } = sending;
  const shown = files.filter((file) => file.thumbnail).slice(0, SEEN);
  const wrong = files.filter((file) => file.error);
  return html`<div class="stack">
    <div class="sent" aria-hidden="true">${shown.map((file) => html`<${Picture} key=${file.number} src=${file.thumbnail} alt="" eager=${true} />`)}</div>
    <div class="stack tight"><${Progress} done=${done} total=${total || 1} label=${t("collection.sending")} />
      <p class="quiet small-print" role="status">${done < total ? t("collection.sent.of", { done: bytes(done), total: bytes(total) })
        : t("collection.sent", { n: count })}</p>
      ${wrong.length > 0 && html`<p class="quiet small-print">${t("collection.sent.wrong", { n: wrong.length, file: wrong[0].path, reason: wrong[0].error })}</p>`}
      ${others.length > 0 && html`<p class="quiet small-print">${t("collection.sent.others", { n: others.length, file: others[0] })}</p>`}</div></div>`;
}

export function New({ onDone, onClose }) {
  const [from, setFrom] = useState("files");
  const [name, setName] = useState("");
  const [said, setSaid] = useState({ licence: "", creator: "" });
  const [sending, setSending] = useState(null);
  const [path, setPath] = useState(roots.value[0] ?? "");
  const [museum, setMuseum] = useState({ host: "met:", query: "", limit: 100 });
  const sent = useRef(null);
  const aborting = useRef(null);
  const take = async (found) => {
    const kept = found.files.map((file, index) => [file, found.paths[index]]).filter(([file, at]) => SENT.test(at) || file.type.startsWith("image/"));
    if (!kept.length) throw Object.assign(new Error(t("collection.no_pictures")), { name: "ApiError" });
    const files = kept.map(([file]) => file);
    const paths = kept.map(([, at]) => at);
    if (!name) setName(nameOf(paths));
    const others = found.paths.filter((at) => !paths.includes(at));
    setSending({ files: [], done: 0, total: 0, count: files.length, others });
    aborting.current = new AbortController();
    const onSent = ({ done, total, files: more }) => setSending((before) => before && { ...before, done, total, files: [...before.files, ...more] });
    sent.current = send({ files, paths }, { onSent, signal: aborting.current.signal });
    try {
      await sent.current;
    } catch (error) {
      setSending(null);
      throw error;
    }
  };
  const stop = () => {
    aborting.current?.abort();
    setSending(null);
  };
  const place = { files: sending !== null, folder: path.trim() !== "", museum: museum.query.trim() !== "" }[from];
  const collect = async () => {
    const called = name.trim() || (from === "museum" ? museum.query.trim() : from === "folder" ? path.split(/[/\\]/).filter(Boolean).at(-1) : "") || t("collection.untitled");
    const source = {
      files: async () => ({ upload: await sent.current }),
      folder: async () => ({ path: path.trim() }),
      museum: async () => ({ path: museum.host, query: museum.query.trim(), limit: museum.limit }),
    }[from];
    const job = await ask({ kind: "collect", name: called.slice(0, 80), ...(await source()), ...said });
    begun.value = new Set([...begun.value, job.id]);
    onDone();
  };
  const ways = [
    { value: "files", label: t("collection.from.files") },
    ...(roots.value.length ? [{ value: "folder", label: t("collection.from.folder") }] : []),
    { value: "museum", label: t("collection.from.museum") },
  ];
  return html`<section class="panel new" aria-label=${t("collection.new")}>
    <div class="row spread"><h2>${t("collection.new")}</h2>${onClose && html`<${CloseButton} onClick=${() => (stop(), onClose())} />`}</div>
    <${Choice} label=${t("collection.from")} value=${from} options=${ways} onChange=${setFrom} />
    ${from === "files" && !sending && html`<${Drop} folder=${true} accept="image/*,.zip,.csv,.tsv,.json,.jsonl,.txt,.xmp" label=${t("collection.drop")} onFiles=${take}>
      <p class="lead">${t("collection.drop")}</p><p class="quiet small-print">${t("collection.drop.text")}</p><//>`}
    ${from === "files" && sending && html`<${Sent} sending=${sending} />`}
    ${from === "folder" && html`<${TextField} label=${t("collection.path")} hint=${t("collection.path.hint", { roots: roots.value.join(", ") })} value=${path}
      onInput=${setPath} spellcheck="false" />`}
    ${from === "museum" && html`<div class="fields">
      <${SelectField} label=${t("collection.museum")} value=${museum.host} options=${Object.entries(MUSEUMS).map(([value, label]) => ({ value, label }))}
        onChange=${(host) => setMuseum({ ...museum, host })} />
      <${TextField} label=${t("collection.museum.query")} value=${museum.query} maxlength="1000" onInput=${(query) => setMuseum({ ...museum, query })} />
      <${NumberField} label=${t("collection.museum.limit")} value=${museum.limit} min=${1} max=${10000} onInput=${(limit) => setMuseum({ ...museum, limit })} /></div>
      <p class="quiet small-print">${t("collection.museum.text")}</p>`}
    <div class="fields">
      <${TextField} label=${t("collection.name")} value=${name} maxlength="80" placeholder=${t("collection.untitled")} onInput=${setName} />
      ${from !== "museum" && html`<${TextField} label=${t("collection.all.creator")} value=${said.creator} maxlength="1000" onInput=${(creator) => setSaid({ ...said, creator })} />
      <${SelectField} label=${t("collection.all.licence")} value=${said.licence} onChange=${(licence) => setSaid({ ...said, licence })}
        options=${[{ value: "", label: t("collection.all.nothing") }, { value: "own", label: t("collection.all.own"), disabled: !said.creator.trim() },
          ...["CC0-1.0", "PDM-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "InC"].map((value) => ({ value, label: value }))]} />`}</div>
    ${from !== "museum" && html`<p class="quiet small-print">${t("collection.all.text")}</p>`}
    <div class="actions"><${Button} kind="primary" disabled=${!place} onClick=${collect}>${t("collection.begin")}<//>
      ${sending && html`<${Button} onClick=${stop}>${t("collection.other_files")}<//>`}</div></section>`;
}
