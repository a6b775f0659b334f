// What surrounds every view: navigation, the queue, language and theme, and what is said when something is amiss.
import { signedOut } from "./api.js";
import { connection } from "./events.js";
import { effect, html, useEffect, useRef, useState } from "./html.js";
import { LANGUAGES, choose, language, t } from "./i18n.js";
import { Button, Dialog, Empty, Icon, JobRow, Menu, Toasts, failed } from "./parts/index.js";
import { address, route } from "./router.js";
import { activeJobs, ENDED, failure, jobs, load, queuedJobs, ready } from "./state.js";
import { stored } from "./stored.js";
import { VIEWS, isView, viewOf } from "./views.js";

const theme = stored("theme", "system", (name) => ["system", "light", "dark"].includes(name));
effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

function Settings() {
  const languages = Object.entries(LANGUAGES).map(([name, label]) => ({
    label, chosen: language.value === name, run: () => choose(name).catch(failed),
  }));
  const themes = ["system", "light", "dark"].map((name) => ({
    label: t(`theme.${name}`), chosen: theme.value === name, run: () => (theme.value = name),
  }));
  return html`<${Menu} label=${t("settings")} icon="settings" align="up"
    items=${[{ heading: t("language") }, ...languages, { heading: t("theme") }, ...themes]} />`;
}

function Jobs({ open, onClose }) {
  // A plan is a question, asked anew whenever a slider rests.
  const seen = (job) => job.kind !== "plan";
  const ended = [...jobs.value.values()].filter((job) => ENDED.includes(job.state) && seen(job));
  const parts = {
    running: activeJobs.value.filter((job) => job.state !== "queued" && seen(job)).sort((one, other) => one.id - other.id),
    queued: queuedJobs.value.filter(seen),
    ended: ended.sort((one, other) => other.id - one.id).slice(0, 20),
  };
  const leave = (event) => event.target.closest("a") && onClose(); // it leads to another view
  const shown = Object.entries(parts).filter(([, list]) => list.length);
  return html`<${Dialog} side=${true} open=${open} title=${t("jobs.title")} onClose=${onClose}>
    ${shown.length === 0 && html`<${Empty} title=${t("jobs.none")} text=${t("jobs.none.text")} />`}
    ${shown.map(([name, list]) => html`<section key=${name} onClick=${leave}><h3>${t(`jobs.${name}`)}</h3>
      <ul class="jobs">${list.map((job) => html`<${JobRow} key=${job.id} job=${job} />`)}</ul></section>`)}<//>`;
}

function JobsButton({ onClick }) {
  const count = activeJobs.value.filter((job) => job.kind !== "plan").length;
  return html`<button type="button" class=${`button quiet jobs-button ${count ? "at-work" : ""}`} onClick=${onClick}
    title=${t("jobs.title")} aria-label=${count ? t("jobs.count", { n: count }) : t("jobs.title")}>
    <span class="smoke" aria-hidden="true"></span>
    <span class="words">${count ? t("jobs.count", { n: count }) : t("jobs.title")}</span></button>`;
}

function Bar({ current, onJobs }) {
  return html`<header class="bar">
    <a class="mark" href="#/" aria-label=${t("home")}>sfumato</a>
    <nav aria-label=${t("navigation")}><ul>
      ${VIEWS.map((name) => html`<li key=${name}><a href=${address(name)} aria-current=${name === current ? "page" : undefined}>
        <${Icon} name=${name} size="22" /><span>${t(`view.${name}`)}</span></a></li>`)}</ul></nav>
    <div class="tools">
      <${JobsButton} onClick=${onJobs} /><${Settings} /></div></header>`;
}

function Connection() {
  if (connection.value !== "lost") return null;
  return html`<p class="connection" role="status"><${Icon} name="warning" size="18" />${t("connection.lost")}</p>`;
}

function Loaded({ name }) {
  const { id, query } = route.value;
  const view = viewOf(name).value;
  if (view?.error) {
    return html`<${Empty} title=${t("view.failed")} text=${t("view.failed.text")}>
      <${Button} icon="retry" onClick=${() => location.reload()}>${t("retry")}<//><//>`;
  }
  return view ? html`<${view.View} key=${name} id=${id} query=${query} />` : null;
}

export function Shell() {
  const asked = route.value.view;
  const current = isView(asked) ? asked : "home";
  const main = useRef(null);
  const first = useRef(true);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    document.title = current === "home" ? "sfumato" : `${t(`view.${current}`)} · sfumato`;
  }, [current, language.value]);
  useEffect(() => {
    // Who does not see the page is told that it is another one, by the focus; at the first view it stays where it is.
    if (!first.current) main.current.focus({ preventScroll: true });
    first.current = false;
    window.scrollTo(0, 0);
  }, [current]);
  if (signedOut.value) {
    return html`<main class="alone"><${Empty} title=${t("signed_out")} text=${t("signed_out.text")} /></main>`;
  }
  const skip = (event) => {
    event.preventDefault();
    main.current.focus();
  };
  return html`<div class="studio">
    <a class="skip button primary" href="#main" onClick=${skip}>${t("skip")}</a>
    <${Bar} current=${current} onJobs=${() => setOpen(true)} />
    <main id="main" ref=${main} tabindex="-1" class=${`view-${current}`}>
      <${Connection} />
      ${ready.value && html`<${Loaded} name=${current} />`}
      ${!ready.value && failure.value && html`<${Empty} title=${t("connection.none")} text=${failure.value.message}>
        <${Button} icon="retry" onClick=${load}>${t("retry")}<//><//>`}</main>
    <${Jobs} open=${open} onClose=${() => setOpen(false)} />
    <${Toasts} /></div>`;
}
