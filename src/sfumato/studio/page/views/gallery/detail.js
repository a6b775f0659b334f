// One work, as large as there is room, and all that is known of it.
import { get, patch } from "../../api.js";
import { Fragment, html, useEffect, useRef, useState } from "../../html.js";
import { moment, t } from "../../i18n.js";
import { Button, Empty, IconButton, LinkButton, Menu, failed, modelOf, toast } from "../../parts/index.js";
import { address } from "../../router.js";
import { Credentials } from "../evidence/credentials.js";
import { FIRST, nameOf, plainly, valueOf } from "./asked.js";
import { beginWith, bin, hasModel, makeAgain, restore, star, useSettings, vary } from "./doing.js";
import { titleOf, verbOf } from "./naming.js";
import { Nearest } from "../evidence/nearest.js";

// id: of the work; list: the WorkList that it was opened from; onClose(), onGo(id).
export function Detail({ id, list, onClose, onGo }) {
  const [work, setWork] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    let gone = false;
    setError(null);
    get(`/api/works/${id}`)
      .then((answer) => !gone && setWork(answer))
      .catch((failure) => !gone && setError(failure));
    return () => (gone = true);
  }, [id, list.found.value.version]);

  const { total } = list.found.value;
  const place = list.placeOf(id);
  const [before, after] = [list.at(place - 1), place < 0 ? undefined : list.at(place + 1)];
  useEffect(() => {
    if (place >= 0) list.want(place - 1, place + 1);
  }, [place]);

  const onKeyDown = (event) => {
    if (event.target.closest("input, textarea, select, [role=menu], dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft" && before) onGo(before.id);
    else if (event.key === "ArrowRight" && after) onGo(after.id);
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });

  // What the list knows is seen at once; the rest comes.
  const known = work?.id === id ? { ...work, ...list.byId(id) } : list.byId(id);
  if (error) {
    return html`<${Empty} title=${error.status === 404 ? t("gallery.no_such_work") : error.message}>
      <${Button} onClick=${onClose}>${t("gallery.back")}<//>
    <//>`;
  }
  if (!known) return html`<p class="quiet" role="status">${t("gallery.loading")}</p>`;
  return html`<article class="detail" aria-label=${titleOf(known)}>
    <div class="detail-bar">
      <${Button} kind="quiet" icon="left" onClick=${onClose}>${t("view.gallery")}<//>
      <span class="detail-place quiet">${place >= 0 && t("gallery.place", { place: place + 1, total })}</span>
      <${IconButton} icon="left" label=${t("gallery.previous")} disabled=${!before} onClick=${() => onGo(before.id)} />
      <${IconButton} icon="right" label=${t("gallery.next")} disabled=${!after} onClick=${() => onGo(after.id)} />
    </div>
    <${Plate} key=${id} work=${known} />
    <div class="detail-known">
      <${Heading} key=${id} work=${known} list=${list} />
      <${Doings} work=${known} list=${list} isWhole=${work?.id === id} onGone=${() => (after || before ? onGo((after ?? before).id) : onClose())} />
      ${work?.id === id && html`<${Known} work=${known} />`}
    </div>
  </article>`;
}

// The picture on its ground; small works with sharp pixels, enlarged by a whole number. A press shows single pixels.
function Plate({ work }) {
  const [near, setNear] = useState(false);
  const frame = useRef(null);
  const [times, setTimes] = useState(1);
  useEffect(() => {
    const look = () => {
      const box = frame.current;
      if (!box) return; // it is gone already
      const { paddingLeft, paddingTop } = getComputedStyle(box);
      const [width, height] = [box.clientWidth - 2 * parseFloat(paddingLeft), box.clientHeight - 2 * parseFloat(paddingTop)];
      const fits = Math.min(width / work.width, height / work.height);
      setTimes(fits >= 2 ? Math.floor(fits) : Math.min(1, fits));
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(frame.current);
    look();
    return () => sizes.disconnect();
  }, [work.width, work.height]);
  const scale = near ? Math.max(2, Math.ceil(times) * 2) : times;
  return html`<div class="plate">
    <div class=${`plate-frame ${near ? "plate-near" : ""}`} ref=${frame}>
      <img
        src=${work.picture}
        alt=${titleOf(work)}
        class=${scale >= 2 ? "hard" : ""}
        width=${Math.round(work.width * scale)}
        height=${Math.round(work.height * scale)}
        onClick=${() => setNear(!near)}
      />
    </div>
    <${IconButton} icon="search" label=${t(near ? "gallery.whole" : "gallery.nearer")} pressed=${near} onClick=${() => setNear(!near)} />
  </div>`;
}

function Heading({ work, list }) {
  const [title, setTitle] = useState(null); // while it is being written
  const write = async () => {
    const said = title.trim();
    setTitle(null);
    if (said === work.title) return;
    const before = work.title;
    list.change([work.id], { title: said });
    try {
      await patch(`/api/works/${work.id}`, { title: said });
    } catch (error) {
      list.change([work.id], { title: before });
      failed(error);
    }
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter") write();
    else if (event.key === "Escape") setTitle(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<header class="detail-heading">
    ${title === null
      ? html`<h1>${titleOf(work)}</h1>
          <${Button} kind="quiet" onClick=${() => setTitle(work.title)}>${t(work.title ? "gallery.retitle" : "gallery.give_title")}<//>`
      : html`<input
          class="detail-title"
          aria-label=${t("gallery.title")}
          value=${title}
          maxlength="200"
          ref=${(node) => node && document.activeElement !== node && node.focus()}
          onInput=${(event) => setTitle(event.currentTarget.value)}
          onKeyDown=${onKeyDown}
          onBlur=${write}
        />`}
    <p class="quiet">${[verbOf(work), modelOf(work), t("gallery.size", { width: String(work.width), height: String(work.height) }), moment(work.created_at)].filter(Boolean).join(" · ")}</p>
  </header>`;
}

function Doings({ work, list, isWhole, onGone }) {
  if (work.deleted_at) {
    return html`<div class="notice">
      <p>${t("gallery.in_bin", { date: moment(bydays(work.deleted_at, 30), { dateStyle: "long" }) })}</p>
      <${Button} icon="undo" onClick=${() => restore(list, [work.id]).then(onGone)}>${t("gallery.restore")}<//>
    </div>`;
  }
  const there = hasModel(work);
  const download = (recipe) => {
    const link = document.createElement("a");
    link.href = `/api/works/${work.id}/download?recipe=${recipe ? 1 : 0}`;
    link.download = "";
    link.click();
  };
  return html`<div class="detail-doings">
    <div class="actions">
      <${Button} icon="star" pressed=${work.starred} onClick=${() => star(list, [work], !work.starred)}>${t(work.starred ? "gallery.starred" : "gallery.star")}<//>
      <${Button} icon="brush" disabled=${!there || !isWhole} onClick=${() => useSettings(work)}>${t("gallery.use_settings")}<//>
      <${Menu}
        label=${t("gallery.more")}
        items=${[
          { label: t("gallery.again"), icon: "retry", disabled: !there, run: () => makeAgain(work).catch(failed) },
          { label: t("gallery.vary"), icon: "create", disabled: !there, run: () => vary(work).catch(failed) },
          { label: t("gallery.begin_with"), icon: "image", run: () => beginWith(work) },
          { label: t("gallery.download_with"), icon: "download", run: () => download(true) },
          { label: t("gallery.download_without"), icon: "download", run: () => download(false) },
          { label: t("gallery.delete"), icon: "bin", run: () => bin(list, [work.id]).then(onGone) },
        ]}
      />
    </div>
    ${!there && html`<p class="small-print">${t("gallery.model_gone")}</p>`}
  </div>`;
}

function bydays(iso, days) {
  const date = new Date(iso);
  date.setDate(date.getDate() + days);
  return date.toISOString();
}

function Known({ work }) {
  const asked = plainly(work);
  const rows = FIRST.filter((name) => name in asked);
  const others = Object.keys(asked).filter((name) => !FIRST.includes(name));
  return html`
    <section aria-labelledby="nearest-heading">
      <h2 id="nearest-heading">${t("gallery.nearest")}</h2>
      <${Nearest} first=${{ ...work, name: titleOf(work) }} nearest=${work.nearest} finding=${work.finding} />
    </section>
    <section aria-labelledby="recipe-heading">
      <h2 id="recipe-heading">${t("gallery.recipe")}</h2>
      ${work.recipe ? html`<${Facts} names=${rows} values=${asked} />` : html`<p class="quiet">${t("gallery.no_recipe")}</p>`}
      ${work.parent && html`<p><a href=${address("gallery", work.parent)}>${t("gallery.made_from")}</a></p>`}
      ${work.recipe &&
      html`<details>
        <summary>${t("gallery.all_settings")}</summary>
        <${Facts} names=${others} values=${asked} />
        ${work.parameters && html`<${Copied} text=${work.parameters} />`}
      </details>`}
    </section>
    <section aria-labelledby="credentials-heading">
      <h2 id="credentials-heading">${t("gallery.credentials")}</h2>
      <${Credentials} credentials=${work.credentials} />
      <div><${LinkButton} icon="verify" href=${address("verify", `work-${work.id}`)}>${t("gallery.verify")}<//></div>
    </section>
  `;
}

function Facts({ names, values }) {
  return html`<dl class="fact-list">
    ${names.map((name) => html`<${Fragment} key=${name}><dt>${nameOf(name)}</dt><dd>${valueOf(name, values[name])}</dd><//>`)}
  </dl>`;
}

// Text as other programs read it, to take along.
function Copied({ text }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    toast(t("gallery.copied"));
  };
  return html`<pre class="detail-parameters" tabindex="0">${text}</pre>
    <${Button} kind="quiet" icon="link" onClick=${copy}>${t("gallery.copy")}<//>`;
}
