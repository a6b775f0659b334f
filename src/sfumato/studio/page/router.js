// Where the page is, from the address after '#': '#/gallery/12?query=class%3Awaves' is
// {view: 'gallery', id: '12', query: {query: 'class:waves'}}.
import { signal } from "@preact/signals";

function parsed() {
  const [path, words = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path.split("/").map(decodeURIComponent);
  return { view, id: rest.join("/") || null, query: Object.fromEntries(new URLSearchParams(words)) };
}

function safely() {
  try {
    return parsed();
  } catch {
    return { view: "", id: null, query: {} }; // a '%' that is no escape
  }
}

export const route = signal(safely());
window.addEventListener("hashchange", () => (route.value = safely()));

export function address(view, id = null, query = {}) {
  const path = [view, id].filter((part) => part !== null && part !== "").map(encodeURIComponent).join("/");
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
  return `#/${path}${words.size ? `?${words}` : ""}`;
}

// Goes there; replace: without a step in the browser's history.
export function go(view, id = null, { query = {}, replace = false } = {}) {
  const target = address(view, id, query);
  if (replace) {
    history.replaceState(null, "", target);
    route.value = safely();
  } else {
    location.hash = target;
  }
}
