import { html, useEffect, useId, useState } from "../html.js";

const described = (id, hint, error) =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

// A label, its control, what helps, and what is wrong with it. control: a function of the attributes that tie them
// together, which returns the control.
export function Field({ label, hint, error, control, class: name = "" }) {
  const id = useId();
  return html`<div class=${`field ${name}`}>
    <label for=${id}>${label}</label>
    ${control({ id, "aria-describedby": described(id, hint, error), "aria-invalid": error ? "true" : undefined })}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="wrong" id=${`${id}-error`} role="alert">${error}</p>`}</div>`;
}

// One line of text, or several with rows. onInput(text) at each key, onChange(text) when it is done.
export function TextField({ label, hint, error, value, onInput, onChange, rows, type = "text", ...rest }) {
  const say = (listener) => listener && ((event) => listener(event.currentTarget.value));
  const control = (tied) =>
    rows
      ? html`<textarea ...${rest} ...${tied} rows=${rows} value=${value} onInput=${say(onInput)} onChange=${say(onChange)} />`
      : html`<input ...${rest} ...${tied} type=${type} value=${value} onInput=${say(onInput)} onChange=${say(onChange)} />`;
  return html`<${Field} label=${label} hint=${hint} error=${error} control=${control} />`;
}

// A control for a number that may be typed in pieces: it speaks when what stands there is a number within its bounds, and
// on leaving shows the value that holds. Without a label of its own; give the attributes that tie it to one.
export function NumberInput({ value, min, max, step = 1, onInput, ...rest }) {
  const [typed, setTyped] = useState(null);
  useEffect(() => setTyped(null), [value]);
  const input = (event) => {
    const text = event.currentTarget.value;
    setTyped(text);
    const asked = Number(text);
    if (text !== "" && Number.isFinite(asked) && asked >= (min ?? -Infinity) && asked <= (max ?? Infinity)) onInput(asked);
  };
  return html`<input ...${rest} type="number" inputmode=${step % 1 ? "decimal" : "numeric"} min=${min} max=${max}
    step=${step} value=${typed ?? value} onInput=${input} onBlur=${() => setTyped(null)} />`;
}

export function NumberField({ label, hint, error, ...rest }) {
  const control = (tied) => html`<${NumberInput} ...${rest} ...${tied} />`;
  return html`<${Field} label=${label} hint=${hint} error=${error} control=${control} class="short" />`;
}

// options: [{value, label, disabled}].
export function SelectField({ label, hint, error, value, options, onChange, ...rest }) {
  const control = (tied) => html`<select ...${rest} ...${tied} value=${value}
    onChange=${(event) => onChange(event.currentTarget.value)}>
    ${options.map((option) => html`<option key=${option.value} value=${option.value} disabled=${option.disabled}
      selected=${option.value === value}>${option.label}</option>`)}</select>`;
  return html`<${Field} label=${label} hint=${hint} error=${error} control=${control} />`;
}

export function Checkbox({ label, hint, checked, onChange, ...rest }) {
  const id = useId();
  return html`<div class="checkbox"><label><input ...${rest} type="checkbox" checked=${checked}
      aria-describedby=${hint ? id : undefined} onChange=${(event) => onChange(event.currentTarget.checked)} />
    <span>${label}</span></label>${hint && html`<p class="hint" id=${id}>${hint}</p>`}</div>`;
}

// One of a few, all of them seen: options [{value, label, icon}].
export function Choice({ label, value, options, onChange, hideLabel = false }) {
  const id = useId();
  return html`<fieldset class="choice"><legend class=${hideLabel ? "unseen" : ""}>${label}</legend><div class="choices">
    ${options.map((option) => html`<label key=${option.value} class=${option.value === value ? "chosen" : ""}>
      <input type="radio" name=${id} value=${option.value} checked=${option.value === value}
        onChange=${() => onChange(option.value)} /><span>${option.label}</span></label>`)}</div></fieldset>`;
}

// Any of many: options [{value, label, count}], value an array of those that are chosen.
export function Chips({ label, value, options, onChange, hideLabel = false }) {
  const id = useId();
  const toggle = (one) => onChange(value.includes(one) ? value.filter((other) => other !== one) : [...value, one]);
  return html`<div class="field"><span id=${id} class=${hideLabel ? "unseen" : "label"}>${label}</span>
    <div class="chips" role="group" aria-labelledby=${id}>
    ${options.map((option) => html`<button type="button" key=${option.value} class="chip"
      aria-pressed=${String(value.includes(option.value))} onClick=${() => toggle(option.value)}>${option.label}
      ${option.count != null && html`<span class="count">${option.count}</span>`}</button>`)}</div></div>`;
}
