import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";
import { failed } from "./toast.js";

// A button. kind: 'plain', 'primary' (one a view), 'quiet' (no frame) or 'danger'. onClick may return a promise: the
// button is busy until it settles, and what it throws is shown as a toast. pressed: for a toggle.
export function Button({ kind = "plain", icon, pressed, busy = false, disabled = false, onClick, children, ...rest }) {
  const [working, setWorking] = useState(false);
  const click = async (event) => {
    const answer = onClick?.(event);
    if (!(answer instanceof Promise)) return;
    setWorking(true);
    try {
      await answer;
    } catch (error) {
      failed(error);
    } finally {
      setWorking(false);
    }
  };
  const atWork = busy || working;
  return html`<button type="button" ...${rest} class=${`button ${kind} ${rest.class ?? ""}`} onClick=${click}
    disabled=${disabled} aria-disabled=${atWork ? "true" : undefined} aria-busy=${atWork ? "true" : undefined}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}>
    ${icon && html`<${Icon} name=${icon} />`}<span class="words">${children}</span></button>`;
}

// A button with a drawing alone; label: what it does, also shown on hovering.
export function IconButton({ icon, label, kind = "quiet", pressed, filled, size, ...rest }) {
  return html`<button type="button" ...${rest} class=${`button only-icon ${kind} ${rest.class ?? ""}`} title=${label}
    aria-label=${label} aria-pressed=${pressed === undefined ? undefined : String(pressed)}>
    <${Icon} name=${icon} filled=${filled} size=${size} /></button>`;
}

// A link that looks like a button.
export function LinkButton({ kind = "plain", icon, children, ...rest }) {
  return html`<a ...${rest} class=${`button ${kind} ${rest.class ?? ""}`}>${icon && html`<${Icon} name=${icon} />`}<span
    class="words">${children}</span></a>`;
}

export const CloseButton = ({ onClick }) => html`<${IconButton} icon="close" label=${t("close")} onClick=${onClick} />`;
