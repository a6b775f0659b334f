// What a work was made of, in words: the classes and their shares, and the model by the name that people gave it.
import { percent } from "../i18n.js";
import { models } from "../state.js";
import { mixtureOf, plain } from "./mixture.js";

// 'waves 70%, circles 30%' for the mixture 'waves:0.7,circles:0.3'; the name of one class as it is.
export function classesInWords(label) {
  const mixture = mixtureOf(label);
  return mixture ? mixture.map(([name, share]) => `${name} ${percent(share)}`).join(", ") : plain(label);
}

export const subjectOf = (work) => work.prompt || classesInWords(work.class || "");

// The name in a recipe is that of the model's folder; people may have called it otherwise.
export const modelOf = (work) => models.value.find(({ id }) => id === work.model_id)?.name ?? work.model;
