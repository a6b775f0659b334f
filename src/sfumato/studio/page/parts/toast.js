import { html, signal } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

const toasts = signal([]);
let number = 0;

export function dismiss(id) {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}

// Says something for some seconds: toast(t('gallery.binned', {n: 3}), {action: {label: t('undo'), run}}). It stays while
// the pointer or the focus is on it. kind: 'plain' or 'error'. Returns its id.
export function toast(message, { action = null, kind = "plain", seconds = action || kind === "error" ? 10 : 5 } = {}) {
  number += 1;
  toasts.value = [...toasts.peek().slice(-3), { id: number, message, action, kind, seconds }];
  return number;
}

// Shows an error; what was stopped on purpose is none.
export function failed(error) {
  if (error.name === "AbortError") return;
  if (error.name !== "ApiError") console.error(error);
  toast(error.message || t("error.unknown"), { kind: "error" });
}

function Toast({ id, message, action, kind, seconds }) {
  const begin = (node) => {
    if (!node) return undefined;
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => dismiss(id), seconds * 1000);
    };
    const hold = () => clearTimeout(timer);
    wait();
    node.addEventListener("pointerenter", hold);
    node.addEventListener("focusin", hold);
    node.addEventListener("pointerleave", wait);
    node.addEventListener("focusout", wait);
    return hold;
  };
  const run = async () => {
    dismiss(id);
    try {
      await action.run();
    } catch (error) {
      failed(error);
    }
  };
  return html`<div class=${`toast ${kind}`} ref=${begin}>
    ${kind === "error" && html`<${Icon} name="warning" />`}
    <p>${message}</p>
    ${action && html`<button type="button" class="button quiet" onClick=${run}>${action.label}</button>`}
    <button type="button" class="button quiet only-icon" aria-label=${t("close")} onClick=${() => dismiss(id)}>
      <${Icon} name="close" size="16" /></button></div>`;
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite" aria-label=${t("messages")}>
    ${toasts.value.map((one) => html`<${Toast} key=${one.id} ...${one} />`)}</div>`;
}
