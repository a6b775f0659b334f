import { html } from "../html.js";
import { duration, has, t } from "../i18n.js";

// How far something is. done, total: total null or 0 while nobody knows. label: of what, for who does not see it.
export function Progress({ done = 0, total = null, label }) {
  const known = total > 0;
  const share = known ? Math.min(1, done / total) : 0;
  const said = known
    ? { "aria-valuenow": Math.round(100 * share), "aria-valuemin": 0, "aria-valuemax": 100 }
    : {};
  return html`<div class=${`progress ${known ? "" : "unknown"}`} role="progressbar" aria-label=${label} ...${said}>
    <div class="done" style=${known ? { width: `${100 * share}%` } : {}}></div></div>`;
}

// What a step says of itself, in one line: 'Reading · 120 of 400 pictures · 2 min left'.
export function progressInWords(progress) {
  if (!progress) return "";
  const { stage, unit, done, total: n, remaining_seconds: left } = progress;
  const words = [];
  if (has(`stage.${stage}`)) words.push(t(`stage.${stage}`));
  else if (progress.text) words.push(progress.text);
  if (n) words.push(t(has(`progress.${unit}`) ? `progress.${unit}` : "progress.of", { done: Math.floor(done ?? 0), n }));
  if (left != null) words.push(t("progress.left", { time: duration(left) }));
  return words.join(" · ");
}
