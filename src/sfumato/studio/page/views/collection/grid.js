// The pictures of a collection as a list box of which only what is in view is drawn: chosen by pointer and by keyboard.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Icon, Picture } from "../../parts/index.js";
import { shown } from "./edits.js";

const GAP = 12;
const CAPTION = 44; // px below a picture
export const DRAGGED = "application/x-sfumato-pictures";

// What is chosen: a map of the rows by their digests, and the places from which ranges go. A value, replaced as a whole.
export const NOTHING = { rows: new Map(), anchor: 0, at: 0 };

// Where the window looks at the element: the places of the first and last row of cells, and how many stand in one.
function useWindow(node, total, least) {
  const [seen, setSeen] = useState({ columns: 1, side: least, from: 0, to: 0 });
  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const box = node.current?.getBoundingClientRect();
      if (!box) return;
      const columns = Math.max(2, Math.floor((box.width + GAP) / (least + GAP)));
      const side = Math.floor((box.width + GAP) / columns) - GAP;
      const height = side + CAPTION + GAP;
      const first = Math.max(0, Math.floor(-box.top / height) - 1);
      const last = Math.ceil((window.innerHeight - box.top) / height) + 1;
      const next = { columns, side, from: first * columns, to: Math.min(total, Math.max(0, last) * columns) };
      setSeen((before) => (Object.keys(next).every((name) => next[name] === before[name]) ? before : next));
    };
    const soon = () => (frame ||= requestAnimationFrame(look));
    look();
    const sizes = new ResizeObserver(soon);
    sizes.observe(node.current);
    window.addEventListener("scroll", soon, { passive: true });
    window.addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      window.removeEventListener("scroll", soon);
      window.removeEventListener("resize", soon);
    };
  }, [total, least]);
  return seen;
}

function Cell({ row, more, index, total, side, place, chosen, active, onPress, onOpen, onDrag }) {
  const name = row ? row.title || row.file.split("/").at(-1) : "";
  return html`<div id=${`picture-${index}`} class=${`cell ${chosen ? "chosen" : ""} ${active ? "active" : ""}`} role="option"
    aria-selected=${String(chosen)} aria-setsize=${total} aria-posinset=${index + 1} aria-label=${row ? undefined : t("collection.reading")}
    style=${{ transform: `translate(${place.left}px, ${place.top}px)`, width: `${side}px` }} draggable=${Boolean(row)}
    onClick=${(event) => onPress(event, index)} onDblClick=${() => row && onOpen(index)} onDragStart=${(event) => onDrag(event, index)}>
    <div class="frame" style=${{ height: `${side}px` }}>${row && html`<${Picture} src=${row.thumbnail} alt="" width=${row.width}
      height=${row.height} small=${Math.max(row.width, row.height) < 128} />`}
      <span class="mark-chosen" data-mark="" aria-hidden="true">${chosen && html`<${Icon} name="check" size="16" />`}</span></div>
    <p class="cell-name">${name}</p>
    <p class="cell-more quiet">${row && (row[more] || row.creator)}</p></div>`;
}

// rows: a Rows; more: the fact in the second line below each; selection, onSelect(selection); onOpen(index); label: of the list.
export function Grid({ rows, more, selection, onSelect, onOpen, label, least = 132 }) {
  const node = useRef(null);
  const total = rows.total.value ?? 0;
  void rows.changed.value;
  const seen = useWindow(node, total, least);
  const height = seen.side + CAPTION + GAP;
  useEffect(() => {
    if (total) rows.need(seen.from, seen.to);
  }, [rows, rows.changed.value, seen.from, seen.to, total]);

  const only = (index) => {
    const row = rows.at(index);
    onSelect({ rows: row ? new Map([[row.sha256, row]]) : new Map(), anchor: index, at: index });
  };
  const toggle = (index) => {
    const row = rows.at(index);
    if (!row) return;
    const all = new Map(selection.rows);
    if (!all.delete(row.sha256)) all.set(row.sha256, row);
    onSelect({ rows: all, anchor: index, at: index });
  };
  const reach = async (index) => {
    const [from, to] = [Math.min(selection.anchor, index), Math.max(selection.anchor, index) + 1];
    const found = await rows.between(from, to);
    onSelect({ rows: new Map(found.map((row) => [row.sha256, row])), anchor: selection.anchor, at: index });
  };
  const all = async () => {
    const found = await rows.between(0, total);
    onSelect({ rows: new Map(found.map((row) => [row.sha256, row])), anchor: 0, at: selection.at });
  };
  const press = (event, index) => {
    node.current.focus({ preventScroll: true });
    if (event.shiftKey) reach(index);
    else if (event.ctrlKey || event.metaKey || event.target.closest("[data-mark]") || event.pointerType === "touch") toggle(index);
    else only(index);
  };
  const show = (index) => {
    const top = node.current.getBoundingClientRect().top + Math.floor(index / seen.columns) * height;
    if (top < 8) window.scrollBy(0, top - 8);
    else if (top + height > window.innerHeight - 96) window.scrollBy(0, top + height - window.innerHeight + 96);
  };
  const key = (event) => {
    if (!total) return;
    const page = Math.max(1, Math.floor(window.innerHeight / height)) * seen.columns;
    const by = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: seen.columns, ArrowUp: -seen.columns, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity,
    }[event.key];
    if (by !== undefined) {
      const to = Math.max(0, Math.min(total - 1, selection.at + by));
      if (event.shiftKey) reach(to);
      else onSelect({ ...selection, at: to, anchor: event.ctrlKey ? selection.anchor : to });
      rows.need(to, to + 1).then(() => show(to));
      show(to);
    } else if (event.key === " ") toggle(selection.at);
    else if (event.key === "Enter") onOpen(selection.at);
    else if (event.key === "Escape") onSelect({ ...selection, rows: new Map() });
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) all();
    else return;
    event.preventDefault();
  };
  const drag = (event, index) => {
    const row = rows.at(index);
    if (!row) return event.preventDefault();
    if (!selection.rows.has(row.sha256)) only(index);
    event.dataTransfer.setData(DRAGGED, row.sha256);
    event.dataTransfer.effectAllowed = "move";
  };
  const cells = [];
  for (let index = seen.from; index < Math.min(seen.to, total); index += 1) {
    const row = shown(rows.at(index));
    if (row?.gone) continue;
    const place = { left: (index % seen.columns) * (seen.side + GAP), top: Math.floor(index / seen.columns) * height };
    cells.push(html`<${Cell} key=${row?.sha256 ?? index} row=${row} more=${more} index=${index} total=${total} side=${seen.side} place=${place}
      chosen=${Boolean(row && selection.rows.has(row.sha256))} active=${index === selection.at} onPress=${press} onOpen=${onOpen}
      onDrag=${drag} />`);
  }
  const whole = Math.ceil(total / seen.columns) * height;
  // A browser brings what gets the focus into view. Of a list that is taller than the window that is the row in the middle
  // of what is seen, so that nothing moves.
  const middle = Math.floor((seen.from + Math.min(seen.to, total)) / 2 / seen.columns) * height;
  const isThere = selection.at >= seen.from && selection.at < seen.to && total > 0;
  return html`<div class="grid" ref=${node} role="listbox" tabindex="0" aria-label=${label} aria-multiselectable="true"
    aria-activedescendant=${isThere ? `picture-${selection.at}` : undefined} onKeyDown=${key}
    style=${{ height: `${whole}px`, scrollMargin: `${-middle}px 0 ${Math.min(0, middle + height - whole)}px` }}>${cells}</div>`;
}
