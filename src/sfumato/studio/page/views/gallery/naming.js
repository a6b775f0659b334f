// What a work is called where it has no title, and how large it is shown.
import { has, t } from "../../i18n.js";
import { modelOf, subjectOf } from "../../parts/index.js";

const LONGEST = 60;

// Its title; else its prompt, classes or model, and its seed.
export function titleOf(work) {
  if (work.title) return work.title;
  const subject = shortened(subjectOf(work) || modelOf(work) || t("gallery.unknown_model"));
  if (work.seed === null) return subject;
  // Of one seed there are as many works as one asks for, counted from 0 as in their recipes.
  const number = Number(work.number ?? 0);
  return t(number ? "gallery.work_numbered" : "gallery.work_called", { subject, seed: String(work.seed), number: String(number) });
}

export function shortened(text, most = LONGEST) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

// How it was made, in a word: 'filled', 'extended'.
export function verbOf(work) {
  const key = `gallery.kind_${work.kind}`;
  return has(key) ? t(key) : work.kind;
}

// The attributes of an image that shows a work in a square of so many pixels: small works are enlarged by whole numbers,
// so that each of their pixels stays a sharp square.
export function thumbnail(work, side) {
  const longest = Math.max(work.width, work.height);
  const times = Math.floor(side / longest);
  const scale = times >= 2 ? times : side / longest;
  const wanted = side * (window.devicePixelRatio || 1);
  return {
    src: `${work.thumbnail}${work.thumbnail.includes("?") ? "&" : "?"}side=${wanted > 256 ? 512 : 256}`,
    class: times >= 2 ? "hard" : "",
    width: Math.round(work.width * scale),
    height: Math.round(work.height * scale),
  };
}
