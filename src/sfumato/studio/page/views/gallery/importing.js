// Works that were made elsewhere, as on the command line, come into the gallery with what their files say of them.
import { upload } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Button, Dialog, Drop, Progress, TextField, failed, toast } from "../../parts/index.js";
import { ask, roots } from "../../state.js";

export function Importing({ open, onClose }) {
  const [sent, setSent] = useState(null);
  const [path, setPath] = useState("");
  const begun = (spec) => ask({ kind: "import", ...spec }).then(() => {
    toast(t("gallery.importing"));
    onClose();
  });
  const onFiles = async ({ files, paths }) => {
    try {
      const { id } = await upload(files, { paths, onProgress: setSent });
      await begun({ upload: id });
    } catch (error) {
      failed(error);
    } finally {
      setSent(null);
    }
  };
  return html`<${Dialog} open=${open} title=${t("gallery.import_title")} onClose=${onClose}>
    <p>${t("gallery.import_text")}</p>
    <${Drop} onFiles=${onFiles} accept="image/png" folder label=${t("gallery.import_drop")}><p>${t("gallery.import_drop")}</p><//>
    ${sent && html`<${Progress} done=${sent.done} total=${sent.total} label=${t("gallery.sending")} />`}
    ${roots.value.length > 0 &&
    html`<form onSubmit=${(event) => (event.preventDefault(), begun({ path }).catch(failed))}>
      <${TextField} label=${t("gallery.import_path")} hint=${t("gallery.import_roots", { roots: roots.value.map(nameOfRoot).join(", ") })} value=${path} onInput=${setPath} />
      <${Button} type="submit" disabled=${!path.trim()}>${t("gallery.import_begin")}<//>
    </form>`}
  <//>`;
}

const nameOfRoot = (root) => (typeof root === "string" ? root : root.path);
