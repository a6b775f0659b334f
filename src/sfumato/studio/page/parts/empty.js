import { html } from "../html.js";

// What stands where nothing is yet: what would be here, and how to begin.
export function Empty({ title, text, children }) {
  return html`<div class="empty"><h2>${title}</h2>${text && html`<p>${text}</p>`}<div class="actions">${children}</div></div>`;
}
