// The works that the sheet and the strip show: the newest first, kept up to date from events.
import { computed, signal } from "../../html.js";
import { get } from "../../api.js";
import { ENDED, jobs, subscribe } from "../../state.js";

const MOST = 120; // of the strip
export const MADE_BY = ["generate", "reimagine", "inpaint", "outpaint", "upscale", "again"];

export const works = signal(new Map()); // id: work
export const current = signal(null); // the id of the job that the sheet shows
export const chosen = signal(null); // the id of the work that is looked at

export const newest = computed(() => [...works.value.values()].sort((one, other) => other.id - one.id).slice(0, MOST));
// The works of the sheet, by their place in it.
export const ofCurrent = computed(() =>
  [...works.value.values()].filter((work) => work.job === current.value).sort((one, other) => one.index - other.index),
);
export const job = computed(() => jobs.value.get(current.value) ?? null);
export const isMaking = computed(() => job.value !== null && !ENDED.includes(job.value.state));

function put(list) {
  const all = new Map(works.peek());
  for (const work of list) all.set(work.id, work);
  works.value = all;
}

async function read() {
  const { works: list } = await get("/api/works", { query: { limit: MOST } });
  works.value = new Map(list.map((work) => [work.id, work]));
  if (current.peek() !== null) return;
  const active = [...jobs.peek().values()].filter(({ kind, state }) => MADE_BY.includes(kind) && !ENDED.includes(state));
  current.value = active.at(-1)?.id ?? list[0]?.job ?? null;
}

// Follows the studio until it is called off.
export function follow(failed) {
  read().catch(failed);
  const stops = [
    subscribe("work", ({ work }) => put([work])),
    subscribe("works", () => read().catch(failed)),
    subscribe("reload", () => read().catch(failed)),
  ];
  return () => stops.forEach((stop) => stop());
}

export function look(work) {
  current.value = work.job;
  chosen.value = work.id;
}

export const putWork = (work) => put([{ ...works.peek().get(work.id), ...work }]);
