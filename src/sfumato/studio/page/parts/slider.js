import { html } from "../html.js";
import { Field, NumberInput } from "./field.js";

// A slider and the same number to be typed. scale 'log': equal ways on the slider are equal factors, rounded to what
// people say (1, 2, 5, 10, 15, 30 ...), for lengths of time and sizes. says(value): the value in words, for who listens.
const PLACES = 1000;

export function Slider({ label, hint, error, value, min, max, step = 1, scale = "linear", unit, says, onInput, ...rest }) {
  const logarithmic = scale === "log";
  const place = logarithmic ? (PLACES * Math.log(value / min)) / Math.log(max / min) : value;
  const valueAt = (at) => {
    if (!logarithmic) return Number(at);
    if (at >= PLACES) return max;
    const exact = min * (max / min) ** (at / PLACES);
    const size = 10 ** Math.floor(Math.log10(exact));
    const round = Math.max(step, exact / size < 2 ? size / 10 : exact / size < 5 ? size / 4 : size / 2);
    return Math.min(max, Math.max(min, Number((Math.round(exact / round) * round).toPrecision(6))));
  };
  // The keys of a slider go by its own step, which would be a thousandth of the way.
  const key = (event) => {
    const ways = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (!logarithmic || !ways) return;
    event.preventDefault();
    for (let at = place + ways * 10; at >= -PLACES && at <= 2 * PLACES; at += Math.sign(ways) * 10) {
      const next = valueAt(Math.min(PLACES, Math.max(0, at)));
      if (next !== value || at < 0 || at > PLACES) return void onInput(next);
    }
  };
  const share = `${(100 * (place - (logarithmic ? 0 : min))) / (logarithmic ? PLACES : max - min)}%`;
  const control = (tied) => html`<div class="slider">
    <input ...${rest} type="range" aria-label=${label} aria-valuetext=${says?.(value)} min=${logarithmic ? 0 : min}
      max=${logarithmic ? PLACES : max} step=${logarithmic ? 1 : step} value=${place} style=${{ "--share": share }}
      onInput=${(event) => onInput(valueAt(event.currentTarget.value))} onKeyDown=${key} />
    <span class="amount"><${NumberInput} ...${tied} value=${value} min=${min} max=${max} step=${step} onInput=${onInput} />
      ${unit && html`<span class="unit">${unit}</span>`}</span></div>`;
  return html`<${Field} label=${label} hint=${hint} error=${error} control=${control} />`;
}
