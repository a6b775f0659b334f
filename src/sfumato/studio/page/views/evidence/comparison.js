// Two pictures compared: one over the other with an edge that is drawn across, or side by side.
import { html, useRef, useState } from "../../html.js";
import { t } from "../../i18n.js";
import { Choice } from "../../parts/index.js";

const WAYS = ["edge", "beside"];

// first, second: {picture: address, name}.
export function Comparison({ first, second, begins = "edge" }) {
  const [way, setWay] = useState(begins);
  const options = WAYS.map((value) => ({ value, label: t(`evidence.compare_${value}`) }));
  return html`<div class="comparison">
    <${Choice} label=${t("evidence.how_compared")} hideLabel value=${way} options=${options} onChange=${setWay} />
    ${way === "edge" ? html`<${Edge} first=${first} second=${second} />` : html`<${Beside} first=${first} second=${second} />`}
  </div>`;
}

// The first left of the edge and the second right of it, both in the same square.
function Edge({ first, second }) {
  const [share, setShare] = useState(50);
  const frame = useRef(null);
  const held = useRef(false);
  const follow = (event) => {
    const box = frame.current.getBoundingClientRect();
    setShare(Math.round(Math.max(0, Math.min(100, (100 * (event.clientX - box.left)) / box.width)) * 2) / 2);
  };
  return html`<div class="compared-edge">
    <div
      class="compared-over"
      ref=${frame}
      onPointerDown=${(event) => {
        held.current = true;
        frame.current.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove=${(event) => held.current && follow(event)}
      onPointerUp=${() => (held.current = false)}
      onPointerCancel=${() => (held.current = false)}
    >
      <img ...${shown(second)} alt=${second.name} draggable=${false} />
      <div class="compared-first" style=${{ clipPath: `inset(0 ${100 - share}% 0 0)` }}>
        <img ...${shown(first)} alt=${first.name} draggable=${false} />
      </div>
      <span class="compared-line" style=${{ left: `${share}%` }} aria-hidden="true"></span>
    </div>
    <input
      type="range"
      class="compared-range"
      min="0"
      max="100"
      step="0.5"
      value=${share}
      aria-label=${t("evidence.edge")}
      onInput=${(event) => setShare(Number(event.target.value))}
    />
    <div class="compared-names"><span>${first.name}</span><span>${second.name}</span></div>
  </div>`;
}

function Beside({ first, second }) {
  return html`<div class="compared-beside">
    ${[first, second].map(
      (each) => html`<figure key=${each.picture}>
        <div class="compared-frame"><img ...${shown(each)} alt="" /></div>
        <figcaption>${each.name}</figcaption>
      </figure>`,
    )}
  </div>`;
}

const SMALL = 160; // pixels; a picture of so few is shown with sharp ones

// For an image whose size nobody has told: it is known once it has loaded.
export function sharpenSmall({ currentTarget: image }) {
  image.classList.toggle("hard", Math.max(image.naturalWidth, image.naturalHeight) <= SMALL);
}

const shown = ({ picture }) => ({ src: picture, onLoad: sharpenSmall, decoding: "async" });
