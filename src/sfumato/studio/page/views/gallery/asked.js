// What a work was asked for, in words.
import { has, percent, t } from "../../i18n.js";
import { classesInWords, modelOf } from "../../parts/index.js";

// What is seen first, in this order; all else stands under 'all settings'.
export const FIRST = ["model", "class", "prompt", "negative", "seed", "number", "strength", "steps", "guidance", "sampler"];

// By plain names, without what is not said and what is no plain value.
export function plainly(work) {
  const { label: _, ...asked } = work.asked ?? {};
  const all = { model: modelOf(work), class: classesInWords(work.class ?? ""), prompt: work.prompt, ...asked, strength: work.strength };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== null && value !== undefined && value !== "" && typeof value !== "object"),
  );
}

export const nameOf = (name) => (has(`gallery.asked_${name}`) ? t(`gallery.asked_${name}`) : name.replaceAll("_", " "));

export function valueOf(name, value) {
  if (value === undefined) return "–";
  if (name === "strength") return percent(value);
  return typeof value === "boolean" ? t(value ? "gallery.yes" : "gallery.no") : String(value);
}
