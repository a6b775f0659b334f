// Curves over minutes of training, drawn by uPlot, which is fetched when the first chart is shown.
import { html, useEffect, useRef } from "../../html.js";
import { duration, language, number } from "../../i18n.js";

let fetched = null;
function plotter() {
  fetched ??= Promise.all([
    import("uplot"),
    new Promise((resolve) => {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/vendor/uplot/uPlot.min.css" });
      link.onload = link.onerror = resolve;
      document.head.append(link);
    }),
  ]).then(([module]) => module.default);
  return fetched;
}

// Seconds between the marks of the axis, as people count them.
const INCREMENTS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

// uPlot has one list of places for all curves; where a curve has none it is joined over the gap.
function joined(curves) {
  const places = [...new Set(curves.flatMap((curve) => curve.x))].sort((one, other) => one - other);
  const at = new Map(places.map((place, index) => [place, index]));
  const columns = curves.map((curve) => {
    const column = new Array(places.length).fill(null);
    curve.x.forEach((place, index) => (column[at.get(place)] = curve.y[index]));
    return column;
  });
  return [places, ...columns];
}

const STYLES = {
  main: { colour: "--accent", width: 2 },
  second: { colour: "--ink", width: 2, dash: [6, 4] },
  third: { colour: "--good", width: 2, dash: [2, 4] },
  fourth: { colour: "--quiet", width: 2, dash: [10, 4, 2, 4] },
  faint: { colour: "--edge", width: 1 },
};
export const LINES = ["main", "second", "third", "fourth"];

// curves: [{name, style, x: seconds, y}]; says: what the chart shows, in a sentence, for who does not see it.
export function Chart({ curves, says }) {
  const place = useRef(null);
  const plot = useRef(null);
  const latest = useRef(null);
  latest.current = joined(curves);
  const shape = JSON.stringify(curves.map(({ name, style }) => [name, style]));
  const draw = async (alive) => {
    const UPlot = await plotter();
    if (!alive() || !place.current) return;
    plot.current?.destroy();
    const colours = getComputedStyle(place.current);
    const colour = (name) => {
      // Custom properties are not resolved by themselves: a property of the element is.
      place.current.style.outlineColor = `var(${name})`;
      return colours.outlineColor;
    };
    const font = `12px ${colours.fontFamily}`;
    const axis = { stroke: colour("--quiet"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    plot.current = new UPlot(
      {
        width: place.current.clientWidth,
        height: Math.min(300, Math.max(180, place.current.clientWidth * 0.45)),
        scales: { x: { time: false } },
        legend: { show: false },
        cursor: { drag: { x: true, y: false }, points: { show: false } },
        axes: [
          { ...axis, space: 70, size: 32, incrs: INCREMENTS, values: (_, all) => all.map((value) => duration(value, "narrow")) },
          { ...axis, size: 52, values: (_, all) => all.map((value) => number(value, { maximumFractionDigits: 3 })) },
        ],
        series: [
          {},
          ...curves.map(({ name, style }) => ({
            label: name, stroke: colour(STYLES[style].colour), width: STYLES[style].width, dash: STYLES[style].dash,
            spanGaps: true, points: { show: false },
          })),
        ],
      },
      latest.current,
      place.current,
    );
  };
  useEffect(() => {
    let current = true;
    const again = () => draw(() => current);
    again();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const themes = new MutationObserver(again);
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    scheme.addEventListener("change", again);
    let width = place.current.clientWidth;
    const sizes = new ResizeObserver(() => {
      if (place.current && place.current.clientWidth !== width) {
        width = place.current.clientWidth;
        again();
      }
    });
    sizes.observe(place.current);
    return () => {
      current = false;
      themes.disconnect();
      sizes.disconnect();
      scheme.removeEventListener("change", again);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, language.value]);
  useEffect(() => plot.current?.setData(latest.current));
  return html`<figure class="chart"><div ref=${place} role="img" aria-label=${says}></div>
    <figcaption><ul class="legend">${curves.map(({ name, style }) => html`<li key=${name} class=${`line ${style}`}>
      <svg width="28" height="8" aria-hidden="true"><line x1="1" x2="27" y1="4" y2="4" stroke-width=${STYLES[style].width}
        stroke-dasharray=${STYLES[style].dash?.join(" ")} /></svg>${name}</li>`)}</ul></figcaption></figure>`;
}
