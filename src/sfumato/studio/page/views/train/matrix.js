// What a training made of the same seeds, by time. A snapshot's file is a row of square pictures; here each is a cell, so
// that the way of one seed can be followed.
import { html, useEffect, useRef, useState } from "../../html.js";
import { clock, duration, t } from "../../i18n.js";

// How many pictures a snapshot's file holds, known once one was loaded.
function useCount(address) {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const image = new Image();
    image.onload = () => setCount(Math.max(1, Math.round(image.naturalWidth / image.naturalHeight)));
    image.src = address;
    return () => (image.onload = null);
  }, [address]);
  return count;
}

const Cell = ({ address, at, count, alt }) => html`<img class="cell" src=${address} alt=${alt} loading="lazy"
  decoding="async" style=${{ objectPosition: `${count > 1 ? (100 * at) / (count - 1) : 50}% 50%` }} />`;

// One snapshot as cells; most: how many of its pictures.
export function Moment({ snapshot, most = Infinity, alt }) {
  const count = useCount(snapshot.picture);
  const cells = Array.from({ length: Math.min(count, most) }, (_, at) => at);
  return html`<span class="moment-cells" role=${alt ? "img" : undefined} aria-label=${alt || undefined}>
    ${cells.map((at) => html`<${Cell} key=${at} address=${snapshot.picture} at=${at} count=${count} alt="" />`)}</span>`;
}

// Moments that are few enough to be seen at once: the last is always among them.
function shown(snapshots, most) {
  if (snapshots.length <= most) return snapshots;
  return Array.from({ length: most }, (_, at) => snapshots[Math.round((at * (snapshots.length - 1)) / (most - 1))]);
}

export function Matrix({ snapshots, most = 12, seeds = Infinity }) {
  const scroller = useRef(null);
  const moments = shown(snapshots, most);
  const last = moments.at(-1);
  // The newest is what is looked for, and a narrow page does not show it by itself.
  useEffect(() => {
    scroller.current.scrollLeft = scroller.current.scrollWidth;
  }, [last?.step]);
  return html`<div class="matrix" ref=${scroller} tabindex="0" role="group" aria-label=${t("train.matrix")}>
    <ol>${moments.map((snapshot) => html`<li key=${snapshot.step}>
      <span class="small-print quiet numbers" aria-hidden="true">${clock(snapshot.seconds)}</span>
      <${Moment} snapshot=${snapshot} most=${seeds}
        alt=${t("train.moment", { time: duration(snapshot.seconds, "long"), step: snapshot.step })} /></li>`)}</ol></div>`;
}
