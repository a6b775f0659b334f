// The picture to begin with: a file that is chosen, dropped or pasted, a work, or a picture of a collection.
import { get, upload } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { number, t } from "../../i18n.js";
import { Button, Choice, Dialog, IconButton, Menu, Picture, SelectField, Slider, failed } from "../../parts/index.js";
import { collections } from "../../state.js";
import { size } from "./canvases.js";
import { beginWith, change, model, settings, source, upscalers, withoutPicture } from "./settings.js";
import { newest } from "./works.js";

const SHOWN = 200;

// A file as a picture that the studio keeps. Throws ApiError for what is none.
export async function uploaded(file) {
  const { id, files } = await upload([file]);
  const [one] = files;
  if (one.error) throw new Error(one.error);
  const url = `/api/uploads/${id}/${one.number}`;
  return {
    reference: { upload: id, file: one.number }, url: `${url}/picture`, thumbnail: one.thumbnail ?? `${url}/thumbnail`,
    width: one.width, height: one.height, name: file.name || t("create.pasted"),
  };
}

export const ofWork = (work) => ({
  reference: { work: work.id }, url: work.picture, thumbnail: work.thumbnail, width: work.width, height: work.height,
  name: work.title || t("create.work", { n: work.id }),
});

const ofCollection = (collection, picture) => {
  const url = `/api/collections/${collection}/pictures/${picture.sha256}`;
  return {
    reference: { collection, sha256: picture.sha256 }, url: `${url}/picture`, thumbnail: picture.thumbnail,
    width: picture.width, height: picture.height, name: picture.title || picture.file,
  };
};

export async function beginWithFiles(files) {
  const image = files.find((file) => file.type.startsWith("image/")) ?? files[0];
  if (image) beginWith(await uploaded(image));
}

export function chooseFile(take) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
  input.onchange = () => input.files.length && uploaded(input.files[0]).then(take).catch(failed);
  input.click();
}

function Choices({ pictures, onChoose }) {
  return html`<ul class="create-choices">${pictures.map((picture) => html`<li key=${picture.key}>
    <button type="button" onClick=${() => onChoose(picture)} title=${picture.name}>
      <${Picture} src=${picture.thumbnail} alt=${picture.name} width=${picture.width} height=${picture.height} /></button>
  </li>`)}</ul>`;
}

function FromCollection({ onChoose }) {
  const [id, setId] = useState(collections.value[0]?.id ?? "");
  const [pictures, setPictures] = useState([]);
  useEffect(() => {
    if (!id) return;
    get(`/api/collections/${id}/pictures`, { query: { limit: SHOWN } })
      .then((answer) => setPictures(answer.pictures.map((one) => ({ ...ofCollection(id, one), key: one.sha256 }))))
      .catch(failed);
  }, [id]);
  const options = collections.value.map((one) => ({ value: one.id, label: one.name }));
  return html`<${SelectField} label=${t("create.collection")} value=${id} options=${options} onChange=${setId} />
    <${Choices} pictures=${pictures} onChoose=${onChoose} />`;
}

// A button with the places that a picture can come from. take(picture)
export function PictureMenu({ label, take }) {
  const [from, setFrom] = useState(null);
  const choose = (picture) => {
    setFrom(null);
    take(picture);
  };
  const items = [
    { label: t("create.from.file"), icon: "upload", run: () => chooseFile(take) },
    { label: t("create.from.gallery"), icon: "gallery", disabled: !newest.value.length, run: () => setFrom("gallery") },
    { label: t("create.from.collection"), icon: "collection", disabled: !collections.value.length,
      run: () => setFrom("collection") },
  ];
  const works = newest.value.map((work) => ({ ...ofWork(work), key: work.id }));
  return html`<${Menu} label=${label} icon="image" items=${items} align="start">${label}<//>
    <${Dialog} open=${from !== null} wide=${true} title=${label} onClose=${() => setFrom(null)}>
      ${from === "gallery" && html`<${Choices} pictures=${works} onChoose=${choose} />`}
      ${from === "collection" && html`<${FromCollection} onChoose=${choose} />`}<//>`;
}

function Ways() {
  const { way, upscaler } = settings.value;
  const ways = ["remake", "fill", "extend", ...(upscalers.value.length ? ["enlarge"] : [])];
  const choose = (value) =>
    change({ way: value, upscaler: value === "enlarge" ? (upscaler ?? upscalers.value[0].id) : upscaler });
  return html`<${Choice} label=${t("create.way")} value=${way} onChange=${choose}
    options=${ways.map((value) => ({ value, label: t(`create.way.${value}`) }))} />`;
}

function Strength() {
  const { strength, fillStrength, way } = settings.value;
  const [name, value] = way === "fill" ? ["fillStrength", fillStrength] : ["strength", strength];
  const hint = t(strength >= 1 && way === "remake" ? "create.strength.all" : `create.strength.${way}`);
  return html`<${Slider} label=${t("create.strength")} hint=${hint} min=${1} max=${100} unit="%"
    value=${Math.round(100 * value)} onInput=${(percents) => change({ [name]: percents / 100 })} />`;
}

// In pixels of the picture as it is worked at.
function Margins() {
  const { margins } = settings.value;
  const set = (side, value) => change({ margins: { ...margins, [side]: value } });
  const all = (share) => {
    const { width, height } = size.value;
    const [across, down] = [Math.round(width * share), Math.round(height * share)];
    change({ margins: { left: across, right: across, top: down, bottom: down } });
  };
  return html`<fieldset class="create-margins"><legend>${t("create.margins")}</legend>
    ${["left", "top", "right", "bottom"].map((side) => html`<${Slider} key=${side} label=${t(`create.margins.${side}`)}
      min=${0} max=${Math.max(64, size.value.width, size.value.height)} unit="px" value=${margins[side]}
      onInput=${(value) => set(side, value)} />`)}
    <div class="row">${[0.25, 0.5, 0].map((share) => html`<${Button} key=${share} onClick=${() => all(share)}>
      ${share ? t("create.margins.all", { share: number(share, { style: "percent" }) }) : t("create.margins.none")}<//>`)}</div>
  </fieldset>`;
}

export function Source() {
  if (model.value?.kind === "gan") return null; // it makes whole pictures from noise alone
  const picture = source.value;
  if (!picture) {
    return html`<section class="create-source"><h2>${t("create.source")}</h2><p class="hint">${t("create.source.hint")}</p>
      <${PictureMenu} label=${t("create.source.choose")} take=${beginWith} /></section>`;
  }
  const { way } = settings.value;
  return html`<section class="create-source"><h2>${t("create.source")}</h2>
    <div class="create-begun"><${Picture} src=${picture.thumbnail} alt="" width=${picture.width} height=${picture.height} />
      <div><p>${picture.name}</p>
        <p class="quiet small-print">${t("create.pixels", { width: picture.width, height: picture.height })}</p></div>
      <${IconButton} icon="close" label=${t("create.source.remove")} onClick=${withoutPicture} /></div>
    <${Ways} />
    ${(way === "remake" || way === "fill") && html`<${Strength} />`}
    ${way === "extend" && html`<${Margins} />`}</section>`;
}
