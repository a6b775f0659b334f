// What a file's credentials are worth, in a sentence, and what it says of itself.
import { html } from "../../html.js";
import { has, t } from "../../i18n.js";
import { Icon } from "../../parts/index.js";

const GOOD = ["trusted"];
const OPEN = ["untrusted", "none", "elsewhere", "expired", "not yet valid", "missing"];

export const worth = (status) => (GOOD.includes(status) ? "good" : OPEN.includes(status) ? "open" : "bad");
const ICON = { good: "verify", open: "info", bad: "warning" };

// The verdict in the page's language, where there are words for it.
export function verdictOf({ status, sentence, signer, is_own: isOwn }) {
  const key = `evidence.status_${status.replaceAll(" ", "_")}${status === "trusted" && isOwn ? "_own" : ""}`;
  return has(key) && (signer || !t(key).includes("{signer}")) ? t(key, { signer: signer ?? "" }) : sentence;
}

// The same of the result of a job of kind verify.
export function verdictOfResult(result) {
  const { signer, is_own: isOwn } = result.credentials ?? {};
  return verdictOf({ ...result, signer: signer?.name ?? null, is_own: Boolean(isOwn) });
}

export function Credentials({ credentials }) {
  const how = worth(credentials.status);
  return html`<div class="credentials">
    <p class=${`verdict verdict-${how}`}><${Icon} name=${ICON[how]} /><span>${verdictOf(credentials)}</span></p>
    ${credentials.details.length > 0 &&
    html`<${Lines} lines=${credentials.details} />`}
  </div>`;
}

// What a file says of itself, a line each. Digests are shortened: who compares them has the rest on hovering.
export function Lines({ lines }) {
  const short = (line) => line.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1…");
  return html`<ul class="evidence">${lines.map((line) => html`<li key=${line} title=${line}>${short(line)}</li>`)}</ul>`;
}
