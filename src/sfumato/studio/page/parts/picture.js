import { html, useState } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

// A picture that keeps its place while it loads. width, height: of the picture, in pixels, where they are known. small:
// drawn with hard pixels when it is enlarged, as works of 32 or 64 px are. alt: what it shows; '' beside words that say so.
export function Picture({ src, alt, width, height, small = false, eager = false, ...rest }) {
  const [missing, setMissing] = useState(null);
  if (missing === src) {
    return html`<span class="picture missing" style=${width ? { aspectRatio: `${width} / ${height}` } : {}}>
      <${Icon} name="image" label=${t("picture.missing")} /></span>`;
  }
  return html`<img ...${rest} class=${`picture ${small ? "small" : ""} ${rest.class ?? ""}`} src=${src} alt=${alt}
    width=${width} height=${height} loading=${eager ? "eager" : "lazy"} decoding="async" draggable=${rest.draggable ?? false}
    onError=${() => setMissing(src)} />`;
}
