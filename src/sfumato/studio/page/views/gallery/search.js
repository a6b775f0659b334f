// The field that works are searched with, what can be asked in it, and how many were found.
import { html, useEffect, useRef, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Icon, IconButton } from "../../parts/index.js";

// What is written, as it is put into the field; what it means stands in the catalogue.
const EXAMPLES = {
  words: "waves", class: "class:", model: "model:", seed: "seed:", kind: "kind:", before: "before:", after: "after:",
  starred: "is:starred", copy: "is:copy", without: "-class:",
};

export function Search({ value, total, error, onSearch }) {
  const [written, setWritten] = useState(value);
  const [helped, setHelped] = useState(false);
  const field = useRef(null);
  useEffect(() => {
    // A search that began elsewhere, as by an address.
    if (document.activeElement !== field.current) setWritten(value);
  }, [value]);
  const write = (words) => {
    setWritten(words);
    onSearch(words);
  };
  const add = (example) => {
    write(`${written.trim()} ${example}`.trim());
    field.current.focus();
  };
  return html`<search class="gallery-search">
    <form role="search" onSubmit=${(event) => (event.preventDefault(), onSearch(written))}>
      <${Icon} name="search" />
      <input type="search" ref=${field} value=${written} autocomplete="off" spellcheck=${false} aria-label=${t("gallery.search")}
        placeholder=${t("gallery.search_hint")} aria-describedby="gallery-found" onInput=${(event) => write(event.currentTarget.value)} />
      <${IconButton} icon="info" label=${t("gallery.search_help")} pressed=${helped} onClick=${() => setHelped(!helped)} />
    </form>
    <p class=${error ? "wrong" : "quiet"} id="gallery-found" role="status">
      ${error ? error.message : total === null ? "" : t("gallery.found", { n: total })}
    </p>
    ${helped &&
    html`<dl class="gallery-syntax">
      ${Object.entries(EXAMPLES).map(
        ([name, example]) => html`<div key=${name}>
          <dt><button type="button" class="chip" onClick=${() => add(example)}><code>${example}</code></button></dt>
          <dd>${t(`gallery.syntax_${name}`)}</dd>
        </div>`,
      )}
    </dl>`}
  </search>`;
}
