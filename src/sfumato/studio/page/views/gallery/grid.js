// A grid of works of which only those in view are elements of the page, however many there are. One thing to a keyboard:
// arrows go from work to work, and what is done with one stands beside each key below.
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { thumbnail, titleOf } from "./naming.js";

const GAP = 8;
const BEYOND = 2; // rows above and below the window that are drawn already
const FAST = 2.5; // windows a second; faster than that nobody sees a picture, so that none is asked for
const rowOf = (place, columns) => Math.floor(place / columns);

// list: a WorkList; side: of a cell, in pixels, which grow to fill the width; fewest: columns, on a narrow page; selected: a Set of ids; active: the place
// that the keyboard is at. onOpen(work), onSelect(ids, {add, toggle}), onStar(work), onRemove(work), onActive(place).
export function Grid({ list, side, fewest, selected, active, onOpen, onSelect, onStar, onRemove, onActive }) {
  const element = useRef(null);
  const anchor = useRef(null); // where a range of the selection begins
  const [view, setView] = useState({ width: 0, top: 0, height: 0, fast: false });
  const { total } = list.found.value;

  const columns = Math.max(fewest, Math.floor((view.width + GAP) / (side + GAP)));
  const cell = (view.width - GAP * (columns - 1)) / columns;
  const row = cell + GAP;
  const rows = Math.ceil((total ?? 0) / columns);
  const firstRow = Math.max(0, Math.floor(view.top / row) - BEYOND);
  const lastRow = Math.min(rows - 1, Math.ceil((view.top + view.height) / row) + BEYOND);
  const [first, last] = [firstRow * columns, Math.min((total ?? 0) - 1, (lastRow + 1) * columns - 1)];

  useView(element, setView);
  useLayoutEffect(() => {
    if (view.width && !view.fast) list.want(first, last);
  });

  const go = useCallback(
    (place) => {
      const to = Math.max(0, Math.min((total ?? 1) - 1, place));
      onActive(to);
      show(element.current, rowOf(to, columns) * row, cell);
    },
    [total, columns, row, cell, onActive],
  );
  const range = (place) => {
    const [from, to] = [anchor.current ?? active, place].sort((one, other) => one - other);
    return Array.from({ length: to - from + 1 }, (_, index) => list.at(from + index)?.id).filter(Boolean);
  };

  const onKeyDown = (event) => {
    const work = list.at(active);
    const page = Math.max(1, Math.floor(view.height / row)) * columns;
    const moves = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page,
      Home: -active, End: (total ?? 1) - 1 - active,
    };
    if (event.key in moves && !event.altKey && !event.metaKey) {
      const to = Math.max(0, Math.min((total ?? 1) - 1, active + moves[event.key]));
      if (event.shiftKey) {
        anchor.current ??= active;
        onSelect(range(to), { add: false });
      } else {
        anchor.current = null;
      }
      go(to);
    } else if (event.key === "Enter" && work) {
      onOpen(work, active);
    } else if (event.key === " " && work) {
      onSelect([work.id], { toggle: true });
      anchor.current = active;
    } else if (event.key === "s" && work && !event.ctrlKey && !event.metaKey) {
      onStar(work);
    } else if (event.key === "Delete" && work) {
      onRemove(work);
    } else if (event.key === "Escape" && selected.size) {
      onSelect([], { add: false });
    } else {
      return;
    }
    event.preventDefault();
  };

  const onClick = (event, place, work) => {
    onActive(place);
    const onCheck = event.target.closest(".work-check");
    if (event.shiftKey) {
      onSelect(range(place), { add: true });
    } else if (onCheck || event.ctrlKey || event.metaKey) {
      onSelect([work.id], { toggle: true });
      anchor.current = place;
    } else {
      onOpen(work, place);
    }
  };

  const places = [];
  for (let place = first; place <= last; place++) places.push(place);
  if (total && active < total && (active < first || active > last)) places.push(active);
  const current = total && list.at(active);

  return html`<div
    class=${`works ${selected.size ? "works-selecting" : ""}`}
    ref=${element}
    role="listbox"
    aria-multiselectable="true"
    aria-label=${t("gallery.works")}
    aria-busy=${total === null}
    aria-activedescendant=${current ? `work-${current.id}` : undefined}
    tabindex="0"
    style=${{ height: `${Math.max(0, rows * row - GAP)}px` }}
    onKeyDown=${onKeyDown}
  >
    ${places.map((place) => {
      const work = list.at(place);
      const at = { left: (place % columns) * (cell + GAP), top: rowOf(place, columns) * row };
      return html`<${Cell}
        key=${work ? `work-${work.id}` : `place-${place}`}
        work=${work}
        place=${place}
        total=${total}
        left=${at.left}
        top=${at.top}
        side=${cell}
        isActive=${place === active}
        isSelected=${Boolean(work) && selected.has(work.id)}
        waits=${view.fast}
        onClick=${onClick}
      />`;
    })}
  </div>`;
}

function Cell({ work, place, total, left, top, side, isActive, isSelected, waits, onClick }) {
  const shown = useRef(false);
  const style = { transform: `translate(${left}px, ${top}px)`, width: `${side}px`, height: `${side}px` };
  if (!work) return html`<div class="work work-awaited" role="presentation" style=${style}></div>`;
  // A picture that was shown once stays.
  shown.current ||= !waits;
  return html`<div
    class=${`work ${isActive ? "work-active" : ""} ${isSelected ? "work-selected" : ""}`}
    id=${`work-${work.id}`}
    role="option"
    aria-selected=${isSelected}
    aria-posinset=${place + 1}
    aria-setsize=${total}
    aria-label=${work.starred ? t("gallery.starred_work", { work: titleOf(work) }) : titleOf(work)}
    style=${style}
    onClick=${(event) => onClick(event, place, work)}
  >
    ${shown.current && html`<img ...${thumbnail(work, side)} alt="" draggable=${false} decoding="async" />`}
    <span class="work-check" aria-hidden="true"></span>
    ${work.starred && html`<span class="work-star" aria-hidden="true"></span>`}
    ${work.near_copy && html`<span class="work-copy" aria-hidden="true"></span>`}
  </div>`;
}

// Keeps what of the grid is in the window, whatever it is that scrolls.
function useView(element, setView) {
  useEffect(() => {
    let frame = 0;
    let rest = 0;
    let before = { top: 0, time: 0 };
    const look = () => {
      frame = 0;
      if (!element.current?.isConnected) return;
      const box = element.current.getBoundingClientRect();
      const [top, time] = [-box.top, performance.now()];
      const height = window.innerHeight;
      const speed = Math.abs(top - before.top) / height / Math.max(1e-3, (time - before.time) / 1000);
      const fast = before.time > 0 && time - before.time < 200 && speed > FAST;
      before = { top, time };
      setView((view) => {
        const now = { width: box.width, top, height, fast };
        return Object.keys(now).every((name) => now[name] === view[name]) ? view : now;
      });
      clearTimeout(rest);
      if (fast) rest = setTimeout(soon, 90);
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    const sizes = new ResizeObserver(soon);
    sizes.observe(element.current);
    // Captured, since a scroll is told to no parent.
    document.addEventListener("scroll", soon, { capture: true, passive: true });
    window.addEventListener("resize", soon);
    look();
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(rest);
      sizes.disconnect();
      document.removeEventListener("scroll", soon, { capture: true });
      window.removeEventListener("resize", soon);
    };
  }, []);
}

// Scrolls as little as shows what lies at a distance from the grid's upper edge.
function show(grid, top, height) {
  if (!grid) return;
  const probe = document.createElement("div");
  probe.className = "works-probe";
  probe.style.top = `${top}px`;
  probe.style.height = `${height}px`;
  grid.append(probe);
  probe.scrollIntoView({ block: "nearest" });
  probe.remove();
}
