// What a work was made of, in words: the classes and their shares, and the model by the name that people gave it.
import { percent } from "../i18n.js";
import { models } from "../state.js";

const PIECE = /("(?:[^"]|"")*"|[^":,]+):([\d.]+)(?:,|$)/y;

// 'waves 70%, circles 30%' for the mixture 'waves:0.7,circles:0.3'; the name of one class as it is.
export function classesInWords(label) {
  const pieces = [];
  for (PIECE.lastIndex = 0; PIECE.lastIndex < label.length; ) {
    const found = PIECE.exec(label);
    if (!found) return label;
    const [, name, share] = found;
    pieces.push([name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.trim(), Number(share)]);
  }
  const total = pieces.reduce((sum, [, share]) => sum + share, 0);
  return pieces.map(([name, share]) => `${name} ${percent(share / total)}`).join(", ");
}

export const subjectOf = (work) => work.prompt || classesInWords(work.class || "");

// The name in a recipe is that of the model's folder; people may have called it otherwise.
export const modelOf = (work) => models.value.find(({ id }) => id === work.model_id)?.name ?? work.model;
