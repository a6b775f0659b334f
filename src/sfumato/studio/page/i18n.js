// Words of the page, one catalogue a language: locales/LANGUAGE/NAME.json, with dotted keys and named slots.
//
//   t('create.made', {model: 'Waves'})     "Made with {model}"
//   t('works.count', {n: 3})               {"one": "{n} work", "other": "{n} works"}, by the language's plural rules
//   rich('home.try', {link: html`<a …>`})  the same with elements in the slots: an array for a template
//
// Numbers in slots are written as the language writes them. In a component t() follows the language by itself.
import { computed, effect, signal } from "@preact/signals";
import { stored } from "./stored.js";

export const LANGUAGES = { en: "English", th: "ไทย" };
const preferred = navigator.languages.map((name) => name.split("-")[0]).find((name) => name in LANGUAGES);
export const language = stored("language", preferred ?? "en", (name) => name in LANGUAGES);

const catalogues = signal({}); // {'en/shared': {...}}
const words = computed(() => {
  const all = {};
  for (const [name, catalogue] of Object.entries(catalogues.value)) {
    if (name.startsWith(`${language.value}/`)) Object.assign(all, catalogue);
  }
  return all;
});
const plurals = computed(() => new Intl.PluralRules(language.value));
const asked = new Set();

async function fetchCatalogue(name, of) {
  const key = `${of}/${name}`;
  if (key in catalogues.peek()) return;
  const answer = await fetch(`/locales/${key}.json`);
  if (!answer.ok) throw new Error(`locales/${key}.json: ${answer.status}`);
  const catalogue = await answer.json();
  catalogues.value = { ...catalogues.peek(), [key]: catalogue };
}

// The words of a view, or those that are shared; from then on in every language that is chosen.
export async function wordsOf(name) {
  asked.add(name);
  await fetchCatalogue(name, language.peek());
}

// The new language's words are there before the page changes.
export async function choose(name) {
  await Promise.all([...asked].map((catalogue) => fetchCatalogue(catalogue, name)));
  language.value = name;
}

effect(() => {
  document.documentElement.lang = language.value;
  for (const name of asked) fetchCatalogue(name, language.value).catch(() => {});
});

function template(key, slots) {
  const found = words.value[key];
  if (found === undefined) return key;
  return typeof found === "string" ? found : (found[plurals.value.select(slots.n)] ?? found.other);
}

const written = (value) => (typeof value === "number" ? number(value) : value);

export function t(key, slots = {}) {
  return template(key, slots).replace(/\{(\w+)\}/g, (all, name) => (name in slots ? written(slots[name]) : all));
}

export function rich(key, slots = {}) {
  return template(key, slots)
    .split(/(\{\w+\})/)
    .map((part) => (/^\{\w+\}$/.test(part) ? written(slots[part.slice(1, -1)]) : part));
}

// Whether there are words for a key, as for what a server names.
export const has = (key) => key in words.value;

export const number = (value, options = { maximumFractionDigits: 2 }) =>
  new Intl.NumberFormat(language.value, options).format(value);
export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

export function bytes(value) {
  const unit = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return number(value / 1000 ** unit, {
    style: "unit", unit: ["byte", "kilobyte", "megabyte", "gigabyte"][unit], unitDisplay: "short",
    maximumFractionDigits: unit > 1 ? 1 : 0,
  });
}

const amount = (value, unit, unitDisplay) => number(value, { style: "unit", unit, unitDisplay, maximumFractionDigits: 0 });

// '4 sec', '2 min 30 sec', '1 hr 5 min': seconds as people say them.
export function duration(seconds, unitDisplay = "short") {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86400), "day"],
    [Math.floor(whole / 3600) % 24, "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return amount(0, "second", unitDisplay);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => amount(value, unit, unitDisplay))
    .join(" ");
}

// '1:05', '1:02:05': seconds as a stopwatch shows them, where there is room for no words.
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  return whole < 3600 ? `${Number(parts[0])}:${parts[1]}` : `${Math.floor(whole / 3600)}:${parts.join(":")}`;
}

// A moment as the server writes it (ISO 8601), as a date and time of day.
export const moment = (iso, options = { dateStyle: "medium", timeStyle: "short" }) =>
  new Intl.DateTimeFormat(language.value, options).format(new Date(iso));

// 'in 5 minutes', '2 days ago'.
export function ago(iso, now = Date.now()) {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(
    ([size]) => Math.abs(seconds) >= size,
  ) ?? [1, "second"];
  return new Intl.RelativeTimeFormat(language.value, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
