import { html, render, useEffect, useId, useRef } from "../html.js";
import { t } from "../i18n.js";
import { Button, CloseButton } from "./button.js";

// A window over the page, by the browser's own <dialog>: it keeps the focus, and Escape closes it. side: at the edge of
// the page, for what is looked at beside it. actions: buttons below.
export function Dialog({ open, title, onClose, side = false, wide = false, actions, children }) {
  const node = useRef(null);
  const id = useId();
  useEffect(() => {
    const dialog = node.current;
    if (open && !dialog.open) dialog.showModal();
    else if (!open && dialog.open) dialog.close();
  }, [open]);
  // Beside the window's own content, which is pressed inside .dialog-body.
  const press = (event) => event.target === node.current && onClose();
  return html`<dialog ref=${node} class=${`dialog ${side ? "side" : ""} ${wide ? "wide" : ""}`} aria-labelledby=${id}
    onClose=${() => open && onClose()} onPointerDown=${press}>
    ${open && html`<div class="dialog-body">
      <div class="dialog-head"><h2 id=${id}>${title}</h2><${CloseButton} onClick=${onClose} /></div>
      <div class="dialog-content">${children}</div>
      ${actions && html`<div class="dialog-foot">${actions}</div>`}</div>`}</dialog>`;
}

// Asks before what cannot be undone: await confirm({title, text, action: t('…'), kind: 'danger'}) is true or false.
export function confirm({ title, text, action, kind = "primary" }) {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    document.body.append(place);
    const answer = (value) => {
      render(null, place);
      place.remove();
      resolve(value);
    };
    const actions = html`<${Button} onClick=${() => answer(false)}>${t("cancel")}<//>
      <${Button} kind=${kind} onClick=${() => answer(true)}>${action}<//>`;
    render(
      html`<${Dialog} open=${true} title=${title} onClose=${() => answer(false)} actions=${actions}><p>${text}</p><//>`,
      place,
    );
  });
}
