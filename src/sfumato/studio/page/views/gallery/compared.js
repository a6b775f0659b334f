// Two works compared, and in what they were asked for otherwise.
import { get } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Button, Empty } from "../../parts/index.js";
import { address } from "../../router.js";
import { Comparison } from "../evidence/comparison.js";
import { nameOf, plainly, valueOf } from "./asked.js";
import { titleOf } from "./naming.js";

// one, other: ids; list: the WorkList that they were chosen from, which shows them before all is known of them.
export function Compared({ one, other, list, onClose }) {
  const [asked, setAsked] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let gone = false;
    setAsked(null);
    Promise.all([one, other].map((id) => get(`/api/works/${id}`)))
      .then((answers) => !gone && setAsked(answers))
      .catch((failure) => !gone && setError(failure));
    return () => (gone = true);
  }, [one, other]);
  useEffect(() => {
    const leave = (event) => event.key === "Escape" && onClose();
    document.addEventListener("keydown", leave);
    return () => document.removeEventListener("keydown", leave);
  });
  if (error) return html`<${Empty} title=${error.message}><${Button} onClick=${onClose}>${t("gallery.back")}<//><//>`;
  const works = asked ?? [one, other].map((id) => list.byId(id));
  if (!works.every(Boolean)) return html`<p class="quiet" role="status">${t("gallery.loading")}</p>`;
  const [first, second] = works.map((work) => ({ ...work, name: titleOf(work) }));
  return html`<header class="gallery-head">
      <h1>${t("gallery.compare")}</h1>
      <${Button} kind="quiet" icon="left" onClick=${onClose}>${t("view.gallery")}<//>
    </header>
    <${Comparison} first=${first} second=${second} />
    ${asked && html`<${Differences} works=${asked} />`}`;
}

// Only what differs: what both were asked alike says nothing of why they look as they do.
function Differences({ works }) {
  const [first, second] = works.map(plainly);
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])].filter((name) => first[name] !== second[name]);
  if (!names.length) return html`<p class="quiet">${t("gallery.no_difference")}</p>`;
  return html`<table class="differences">
    <caption>${t("gallery.differences")}</caption>
    <thead>
      <tr><td></td>${works.map((work) => html`<th scope="col" key=${work.id}><a href=${address("gallery", work.id)}>${titleOf(work)}</a></th>`)}</tr>
    </thead>
    <tbody>
      ${names.map((name) => html`<tr key=${name}><th scope="row">${nameOf(name)}</th><td>${valueOf(name, first[name])}</td><td>${valueOf(name, second[name])}</td></tr>`)}
    </tbody>
  </table>`;
}
