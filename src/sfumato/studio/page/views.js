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

export function viewOf(name) {
  if (!loaded.has(name)) {
    const view = signal(null);
    loaded.set(name, view);
    Promise.all([MODULES[name](), wordsOf(name), styles(name)]).then(
      ([module]) => (view.value = { View: module.default }),
      (error) => {
        console.error(error);
        loaded.delete(name); // so that going there again tries again
        view.value = { error };
      },
    );
  }
  return loaded.get(name);
}
