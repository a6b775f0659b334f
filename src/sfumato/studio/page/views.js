// The views, in the order of the navigation. Each is fetched when it is first asked for, with its words and its styles.
import { signal } from "./html.js";
import { wordsOf } from "./i18n.js";

export const VIEWS = ["collection", "train", "create", "gallery", "verify"];
const MODULES = {
  home: () => import("./views/home.js"),
  collection: () => import("./views/collection.js"),
  train: () => import("./views/train.js"),
  create: () => import("./views/create.js"),
  gallery: () => import("./views/gallery.js"),
  verify: () => import("./views/verify.js"),
};
export const isView = (name) => name in MODULES;

const loaded = new Map(); // name: signal of {View} or {error}, or null while it is on its way

function styles(name) {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `/${name}.css` });
    link.onload = resolve;
    link.onerror = () => reject(new Error(`${name}.css`));
    document.head.append(link);
  });
}

async function fetched(name, view) {
  try {
    const [module] = await Promise.all([MODULES[name](), wordsOf(name), styles(name)]);
    view.value = { View: module.default };
  } catch (error) {
    console.error(error);
    // A module that failed once is not fetched again by its name; the page as a whole is.
    view.value = { error };
  }
}

export function viewOf(name) {
  if (!loaded.has(name)) {
    loaded.set(name, signal(null));
    fetched(name, loaded.get(name));
  }
  return loaded.get(name);
}
