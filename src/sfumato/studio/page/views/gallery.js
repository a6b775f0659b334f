// Every work that was made here or brought in: looked through, searched, starred, compared, and put into the bin.
import { html, useCallback, useEffect, useRef, useState } from "../html.js";
import { t, wordsOf } from "../i18n.js";
import { Button, Choice, Empty, LinkButton } from "../parts/index.js";
import { address, go } from "../router.js";
import { subscribe } from "../state.js";
import { stored } from "../stored.js";
import { Compared } from "./gallery/compared.js";
import { Detail } from "./gallery/detail.js";
import { bin, restore, star } from "./gallery/doing.js";
import { Grid } from "./gallery/grid.js";
import { Importing } from "./gallery/importing.js";
import { WorkList } from "./gallery/list.js";
import { Search } from "./gallery/search.js";

await wordsOf("evidence");

// What was found, and where one was in it, is there still after a look at another view.
const list = new WorkList();
const SIDES = { small: 120, medium: 190, large: 300 }; // pixels, at least
const COLUMNS = { small: 3, medium: 2, large: 1 }; // at least, where the page is narrow
const size = stored("gallery.size", "medium", (name) => name in SIDES);
const SOON = 400; // ms within which many new works are one

export default function Gallery({ id, query }) {
  const [asked, setAsked] = useState(list.asked);
  const [selected, setSelected] = useState(new Set());
  const [active, setActive] = useState(0);
  const [newer, setNewer] = useState(0); // works that were made since, while one looks at others
  const [importing, setImporting] = useState(false);
  const scrolled = useRef(0);
  const { total, error } = list.found.value;

  const search = useCallback((changes) => {
    const now = { ...list.asked, ...changes };
    setAsked(now);
    setActive(0);
    setNewer(0);
    setSelected(new Set());
    return list.search(now);
  }, []);
  useEffect(() => {
    if (query.query !== undefined && query.query !== list.asked.query) search({ query: query.query });
    else list.refresh();
  }, [query.query]);
  useNews(setNewer);

  const opened = id && /^\d+$/.test(id) ? Number(id) : null;
  const pair = id && /^(\d+)-(\d+)$/.exec(id);
  const inGrid = opened === null && !pair;
  // The grid is where it was when one comes back to it.
  useEffect(() => {
    if (inGrid && scrolled.current) window.scrollTo(0, scrolled.current);
    if (!inGrid) window.scrollTo(0, 0);
  }, [inGrid]);

  const open = (work, place) => {
    scrolled.current = window.scrollY;
    setActive(place);
    go("gallery", work.id);
  };
  const select = (ids, { add = false, toggle = false }) => {
    setSelected((before) => {
      const now = new Set(add || toggle ? before : []);
      for (const each of ids) if (toggle && now.has(each)) now.delete(each);
        else now.add(each);
      return now;
    });
  };
  const remove = (ids) => {
    setSelected(new Set());
    return (asked.only === "bin" ? restore : bin)(list, ids);
  };

  if (pair) return html`<${Compared} one=${Number(pair[1])} other=${Number(pair[2])} list=${list} onClose=${() => go("gallery")} />`;
  if (opened !== null) {
    return html`<${Detail}
      id=${opened}
      list=${list}
      onClose=${() => go("gallery")}
      onGo=${(next) => {
        setActive(Math.max(0, list.placeOf(next)));
        go("gallery", next, { replace: true });
      }}
    />`;
  }
  const isEmpty = total === 0 && !asked.query && asked.only === "all";
  return html`
    <header class="gallery-head">
      <h1>${t("view.gallery")}</h1>
      <div class="actions">
        <${Button} kind="quiet" icon="upload" onClick=${() => setImporting(true)}>${t("gallery.import")}<//>
      </div>
    </header>
    ${!isEmpty &&
    html`<div class="gallery-tools">
      <${Search} value=${asked.query} total=${total} error=${error} onSearch=${(words) => search({ query: words })} />
      <${Choice} label=${t("gallery.which")} hideLabel value=${asked.only} onChange=${(only) => search({ only })}
        options=${["all", "starred", "bin"].map((value) => ({ value, label: t(`gallery.only_${value}`) }))} />
      <${Choice} label=${t("gallery.how_large")} hideLabel value=${size.value} onChange=${(value) => (size.value = value)}
        options=${Object.keys(SIDES).map((value) => ({ value, label: t(`gallery.size_${value}`) }))} />
    </div>`}
    ${asked.only === "bin" && html`<p class="quiet">${t("gallery.bin_kept")}</p>`}
    ${newer > 0 &&
    html`<div class="gallery-newer"><${Button} icon="up" onClick=${() => (window.scrollTo(0, 0), setNewer(0), list.refresh())}>${t("gallery.newer", { n: newer })}<//></div>`}
    ${isEmpty &&
    html`<${Empty} title=${t("gallery.empty")} text=${t("gallery.empty_text")}>
      <${LinkButton} kind="primary" icon="create" href=${address("create")}>${t("gallery.empty_create")}<//>
    <//>`}
    ${total === 0 && !isEmpty && html`<p class="gallery-none quiet" role="status">${t(asked.only === "bin" && !asked.query ? "gallery.bin_empty" : "gallery.none_found")}</p>`}
    <${Grid} list=${list} side=${SIDES[size.value]} fewest=${COLUMNS[size.value]} selected=${selected} active=${active} onOpen=${open} onSelect=${select}
      onActive=${setActive} onStar=${(work) => star(list, [work], !work.starred)} onRemove=${(work) => remove([work.id])} />
    ${selected.size > 0 && html`<${Selection} selected=${selected} only=${asked.only} onRemove=${remove} onClear=${() => setSelected(new Set())} />`}
    <${Importing} open=${importing} onClose=${() => setImporting(false)} />
  `;
}

function Selection({ selected, only, onRemove, onClear }) {
  const ids = [...selected];
  const works = ids.map((id) => list.byId(id)).filter(Boolean);
  const starred = works.length > 0 && works.every((work) => work.starred);
  return html`<div class="selection" role="region" aria-label=${t("gallery.selection")}>
    <span class="selection-count" role="status">${t("gallery.selected", { n: ids.length })}</span>
    ${only === "bin"
      ? html`<${Button} icon="undo" onClick=${() => onRemove(ids)}>${t("gallery.restore")}<//>`
      : html`
          <${Button} kind="quiet" icon="star" onClick=${() => star(list, works, !starred)}>${t(starred ? "gallery.unstar" : "gallery.star")}<//>
          <${Button} kind="quiet" icon="compare" disabled=${ids.length !== 2} title=${t("gallery.compare_two")}
            onClick=${() => go("gallery", `${ids[0]}-${ids[1]}`)}>${t("gallery.compare")}<//>
          <${Button} kind="quiet" icon="bin" onClick=${() => onRemove(ids)}>${t("gallery.delete")}<//>
        `}
    <${Button} kind="quiet" icon="close" onClick=${onClear}>${t("gallery.clear")}<//>
  </div>`;
}

// Works that are made, starred or binned meanwhile, here or in another window.
function useNews(setNewer) {
  useEffect(() => {
    let timer = 0;
    const refresh = () => {
      clearTimeout(timer);
      timer = setTimeout(() => list.refresh(), SOON);
    };
    const stops = [
      subscribe("works", refresh),
      subscribe("reload", refresh),
      subscribe("work", () => {
        if (list.asked.only === "bin") return;
        if (window.scrollY < 200) refresh();
        else if (!list.asked.query && list.asked.only === "all") setNewer((before) => before + 1);
      }),
    ];
    return () => {
      clearTimeout(timer);
      stops.forEach((stop) => stop());
    };
  }, []);
}
