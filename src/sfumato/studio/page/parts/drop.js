import { html, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";
import { failed } from "./toast.js";

async function* filesBelow(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    yield { file, path: entry.fullPath.replace(/^\//, "") };
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred at a time, and an empty list at the end.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const one of entries) yield* filesBelow(one);
  }
}

// All files of what was dropped or pasted, with those of folders: {files, paths}.
export async function filesOf(transfer) {
  // What an event brings is gone once it is over, so all entries are taken before the first is waited for.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  if (entries.length) {
    for (const entry of entries) for await (const one of filesBelow(entry)) found.push(one);
  } else {
    for (const file of transfer.files) found.push({ file, path: file.webkitRelativePath || file.name });
  }
  const seen = found.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  return { files: seen.map(({ file }) => file), paths: seen.map(({ path }) => path) };
}

// Where files are dropped, or chosen by a button. onFiles({files, paths}) may return a promise. folder: whole folders can
// be chosen too.
export function Drop({ onFiles, accept, multiple = true, folder = false, label, children }) {
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const files = useRef(null);
  const folders = useRef(null);
  const take = async (found) => {
    setBusy(true);
    try {
      const taken = await found;
      if (taken.files.length) await onFiles(taken);
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(filesOf(event.dataTransfer));
  };
  const chosen = (event) => {
    const list = [...event.currentTarget.files];
    event.currentTarget.value = ""; // so that the same file can be chosen again
    take({ files: list, paths: list.map((file) => file.webkitRelativePath || file.name) });
  };
  return html`<div class=${`drop ${over ? "over" : ""}`} role="group" aria-label=${label}
    onDragOver=${(event) => (event.preventDefault(), setOver(true))} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    ${children}
    <div class="actions">
      <${Button} icon="image" busy=${busy} onClick=${() => files.current.click()}>${t(multiple ? "drop.files" : "drop.file")}<//>
      ${folder && html`<${Button} icon="folder" busy=${busy} onClick=${() => folders.current.click()}>${t("drop.folder")}<//>`}
    </div>
    <input ref=${files} class="unseen" type="file" accept=${accept} multiple=${multiple} tabindex="-1" aria-hidden="true"
      onChange=${chosen} />
    ${folder && html`<input ref=${folders} class="unseen" type="file" webkitdirectory tabindex="-1" aria-hidden="true"
      onChange=${chosen} />`}</div>`;
}
