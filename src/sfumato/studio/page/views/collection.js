// Collections: all of them and how to begin one; and one with its pictures, duplicates, what is left out, and its facts.
import { html } from "../html.js";
import { Collections } from "./collection/list.js";
import { One } from "./collection/one.js";

export default function Collection({ id, query }) {
  return id ? html`<${One} key=${id} id=${id} query=${query} />` : html`<${Collections} />`;
}
