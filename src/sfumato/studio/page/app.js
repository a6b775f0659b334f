import { html, render } from "./html.js";
import { wordsOf } from "./i18n.js";
import { Shell } from "./shell.js";
import { begin } from "./state.js";

await wordsOf("shared");
begin();
render(html`<${Shell} />`, document.getElementById("app"));
