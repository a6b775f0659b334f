// What a person decides of pictures, each time as a job, shown before it is done, and with a way back.
import { signal } from "../../html.js";
import { t } from "../../i18n.js";
import { toast } from "../../parts/index.js";
import { askAndWait } from "../../state.js";

const MOST = 10_000; // pictures of one job, so that it stays within what a request may carry
const MOST_WAYS = 20; // in which an edit can be undone
export const FACTS = ["title", "creator", "year", "source", "licence"];
export const FIELDS = [...FACTS, "class"];

// What was asked and is not in the collection yet, by the pictures' digests: {fields} or {gone: true}.
export const pending = signal(new Map());

export function shown(row) {
  const asked = row && pending.value.get(row.sha256);
  return asked ? { ...row, ...asked } : row;
}

async function decide(id, spec, digests) {
  for (let at = 0; at < Math.max(1, digests.length); at += MOST) {
    const pictures = digests.slice(at, at + MOST);
    const job = await askAndWait({ kind: "edit", collection: id, ...(pictures.length ? { pictures } : {}), ...spec });
    if (job.state !== "finished") throw new Error(job.reason || t(`job.state.${job.state}`));
  }
}

async function showing(digests, change, work) {
  const put = (value) => {
    const all = new Map(pending.peek());
    for (const digest of digests) value ? all.set(digest, value) : all.delete(digest);
    pending.value = all;
  };
  put(change);
  try {
    await work();
  } finally {
    // The collection's event comes before this, and what it brings is drawn first.
    setTimeout(() => put(null), 400);
  }
}

// How each picture was before: what is to be stated of it again, or taken back where nothing was edited.
function waysBack(rows, fields) {
  const ways = new Map();
  for (const row of rows) {
    const said = Object.keys(fields).filter((name) => row.edited.includes(name));
    const way = {
      fields: Object.fromEntries(said.map((name) => [name, row[name]])),
      only: Object.keys(fields).filter((name) => !row.edited.includes(name)),
    };
    const key = JSON.stringify(way);
    if (!ways.has(key)) ways.set(key, { ...way, digests: [] });
    ways.get(key).digests.push(row.sha256);
  }
  return [...ways.values()];
}

async function back(id, ways) {
  for (const { fields, only, digests } of ways) {
    if (Object.keys(fields).length) await decide(id, { fields }, digests);
    if (only.length) await decide(id, { forget: true, only }, digests);
  }
}

// States what is true of pictures; said: the sentence of what was done.
export async function edit(id, rows, fields, said) {
  const digests = rows.map((row) => row.sha256);
  await showing(digests, fields, () => decide(id, { fields }, digests));
  const ways = waysBack(rows, fields);
  const undo = { label: t("undo"), run: () => back(id, ways) };
  toast(said, ways.length > MOST_WAYS ? {} : { action: undo });
}

export async function forget(id, rows) {
  await decide(id, { forget: true }, rows.map((row) => row.sha256));
  toast(t("collection.forgotten", { n: rows.length }));
}

export async function takeOut(id, rows) {
  const digests = rows.map((row) => row.sha256);
  await showing(digests, { gone: true }, () => decide(id, { remove: true }, digests));
  toast(t("collection.taken_out", { n: rows.length }), { action: { label: t("undo"), run: () => takeIn(id, digests) } });
}

export const takeIn = (id, digests) => decide(id, { restore: true }, digests);

// choices: [{sha256, over, file, over_file, both}].
export const keep = (id, choices) => decide(id, { keep: choices }, []);
