// Small drawings of one line, 24 units square, in the colour of the text around them.
import { html } from "../html.js";

const DRAWINGS = {
  collection: "M4 8.5h11.5V20H4zM7 8.5V5.8h11.5v11.4h-3M10 5.8V3h11v11.4h-2.5",
  train: "M3 17.5c2 0 2-3 4-3s2 5 4 5 2-12 4-12 2 7 4 7h2M3 21.5h18",
  create: "M4 20c0-3 1.5-4.5 3.5-4.5S11 17 11 18.5 9.5 21 7 21c-1.5 0-2.5-.5-3-1zM10 16.5 19.5 4c.8-1 2.3.2 1.6 1.3L13 18",
  gallery: "M3.5 7.5 12 3l8.5 4.5M4 8h7v6.5H4zM14 8h6v10h-6zM4 17.5h7V21H4z",
  verify: "M12 3l7.5 3v5.5c0 4.5-3 7.7-7.5 9.5-4.5-1.8-7.5-5-7.5-9.5V6zM8.5 12l2.5 2.5 4.7-5",
  home: "M4 11.5 12 4l8 7.5M6.5 9.5V20h11V9.5",
  jobs: "M4 6h16M4 12h10M4 18h6M17.5 15v4.5h4M17.5 19.5a4.5 4.5 0 1 0-4.5-4.5",
  queue: "M4 6h16M4 12h16M4 18h10",
  settings: "M4 7h10M18 7h2M16 5v4M4 17h3M11 17h9M9 15v4",
  close: "M6 6l12 12M18 6 6 18",
  add: "M12 5v14M5 12h14",
  check: "M5 12.5l4.5 4.5L19 7",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  pause: "M8.5 5v14M15.5 5v14",
  play: "M8 5l11 7-11 7z",
  stop: "M6.5 6.5h11v11h-11z",
  retry: "M19 8.5A7.5 7.5 0 1 0 19.5 12M19.5 4v4.5H15",
  undo: "M4 9h10a5.5 5.5 0 0 1 0 11H9M8 5 4 9l4 4",
  redo: "M20 9H10a5.5 5.5 0 0 0 0 11h5M16 5l4 4-4 4",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  star: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9L12 16.9l-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20.5 20.5",
  download: "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
  upload: "M12 16V5M7 9.5l5-5 5 5M4.5 20h15",
  bin: "M5 7h14M9 7V4.5h6V7M7 7l.8 13h8.4L17 7M10.5 10.5v6M13.5 10.5v6",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unlock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.8-1.2",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  light: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  dark: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z",
  warning: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5v.2",
  folder: "M3.5 6h6l2 2.5h9V19h-17z",
  image: "M4 5h16v14H4zM4 16l4.5-5 3.5 4 3-3 5 5M15.5 9.5h.01",
  brush: "M4 20c0-3 1.5-4.5 3.5-4.5S11 17 11 18.5 9.5 21 7 21c-1.5 0-2.5-.5-3-1zM10 16.5 19.5 4c.8-1 2.3.2 1.6 1.3L13 18",
  pencil: "M4.5 19.5l1-4.2L16.2 4.6a1.7 1.7 0 0 1 2.4 0l.8.8a1.7 1.7 0 0 1 0 2.4L8.7 18.5zM14.5 6.3l3.2 3.2",
  eraser: "M8.5 19.5 3.5 14.5l9-9.5 7.5 7-7 7.5zM8 10l7 6.5M8.5 19.5h11",
  rectangle: "M4 6h16v12H4z",
  hand: "M8.5 12V6.2a1.4 1.4 0 0 1 2.8 0V11m0-.5V4.9a1.4 1.4 0 0 1 2.8 0V11m0-.3V6.2a1.4 1.4 0 0 1 2.8 0v4.6m0 .2V8.7a1.3 1.3 0 0 1 2.6 0V15a6 6 0 0 1-6 6h-1.2c-2 0-3.3-.9-4.3-2.6L4.6 13.6a1.4 1.4 0 0 1 2.3-1.5L8.5 14",
  minus: "M5 12h14",
  dice: "M5 5h14v14H5zM8.4 9a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M14.4 9a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M8.4 15a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M14.4 15a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  compare: "M12 3v18M4 6h5v12H4M20 6h-5M20 6v12h-5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
};

// label: what it says to somebody who does not see it; without one it is decoration beside a word.
export function Icon({ name, label, size = 20, filled = false }) {
  const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} fill=${filled ? "currentColor" : "none"}
    stroke="currentColor" stroke-width=${name === "more" ? 3 : 1.5} stroke-linecap="round" stroke-linejoin="round"
    focusable="false" ...${said}><path d=${DRAWINGS[name]} /></svg>`;
}
