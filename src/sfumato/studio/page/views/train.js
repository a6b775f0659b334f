// Trainings: begin one, watch it, steer it, and look at several side by side.
import { html } from "../html.js";
import { Begin } from "./train/begin.js";
import { Compare } from "./train/compare.js";
import { Run } from "./train/run.js";

export default function Train({ id, query }) {
  if (id === "compare") return html`<${Compare} ids=${(query.runs ?? "").split(",").filter(Boolean)} />`;
  return id ? html`<${Run} key=${id} id=${id} />` : html`<${Begin} collection=${query.collection} />`;
}
