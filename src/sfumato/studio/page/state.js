// What the page knows of the studio, as signals that events keep up to date. Components read `.value`, and are drawn anew
// when it changes.
import { batch, computed, signal } from "@preact/signals";
import { get, post } from "./api.js";
import { start } from "./events.js";

export const ENDED = ["finished", "stopped", "cancelled", "failed"];

export const ready = signal(false);
export const failure = signal(null); // why the state could not be read, as an ApiError
export const version = signal("");
export const limits = signal({}); // {upload_bytes, ...}
export const roots = signal([]); // folders of this machine that may be named
export const jobs = signal(new Map()); // id: Job
export const collections = signal([]);
export const models = signal([]);
export const trainings = signal([]);

// What Gallery hands over to Create: {asked, model, picture, work, ...}; Create takes it and sets it to null.
export const handover = signal(null);

export const activeJobs = computed(() => [...jobs.value.values()].filter((job) => !ENDED.includes(job.state)));
export const queuedJobs = computed(() =>
  activeJobs.value
    .filter((job) => job.state === "queued")
    .sort((one, other) => other.priority - one.priority || one.position - other.position || one.id - other.id),
);

// After these a training has something new to show.
const MILESTONES = new Set(["pipeline.TrainingBegan", "training.Pictured", "training.Noted", "training.Finished"]);
const readTrainings = async () => (trainings.value = await get("/api/trainings"));

let seq = 0;
const steps = new Map(); // job: signal of its last step
const listeners = new Map(); // event type: Set of functions

// The last step of a job, as a signal of its own, so that only what shows it is drawn anew:
// {job, number, progress: {stage, done, total, unit, remaining_seconds, ...}, picture: data URL or null}, or null.
export function stepOf(job) {
  if (!steps.has(job)) steps.set(job, signal(null));
  return steps.get(job);
}

// Calls a function with each event of a type ('job', 'work', 'works', 'told', 'step', 'collections', 'models'; 'reload'
// after events were missed, when lists must be read anew). Returns what ends that, as useEffect wants it.
export function subscribe(type, listener) {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type).add(listener);
  return () => listeners.get(type).delete(listener);
}

function told(event) {
  for (const listener of listeners.get(event.type) ?? []) listener(event);
}

export function putJob(job) {
  const all = new Map(jobs.peek());
  all.set(job.id, job);
  jobs.value = all;
  if (ENDED.includes(job.state)) {
    stepOf(job.id).value = null;
    steps.delete(job.id);
  }
}

function received(event) {
  if (event.seq != null) seq = event.seq;
  batch(() => {
    if (event.type === "job") {
      putJob(event.job);
      if (["train", "distill"].includes(event.job.kind)) soon("trainings", readTrainings);
    } else if (event.type === "step") {
      const before = stepOf(event.job).peek();
      // A step says what has changed: what it does not say, and its picture, stay as long as the stage does.
      const stays = before && before.progress.stage === event.progress.stage ? before.progress : {};
      const progress = { ...stays, ...event.progress };
      stepOf(event.job).value = { ...event, progress, picture: event.picture ?? before?.picture ?? null };
    }
    told(event);
  });
  if (event.type === "told" && MILESTONES.has(event.event)) soon("trainings", readTrainings);
  if (event.type === "collections") soon("collections", async () => (collections.value = await get("/api/collections")));
  if (event.type === "models" || event.type === "collections") {
    soon("models", async () => (models.value = await get("/api/models")));
    soon("trainings", readTrainings);
  }
}

// A list is read once, however many events ask for it within a moment.
const asked = new Set();
function soon(name, read) {
  if (asked.has(name)) return;
  asked.add(name);
  setTimeout(async () => {
    asked.delete(name);
    try {
      await read();
    } catch {
      // The next event, or the next reading of everything, brings it.
    }
  }, 200);
}

let reading = null;
let waiting = [];

// Reads everything at once; events that come meanwhile wait for it.
export function load() {
  reading ??= (async () => {
    try {
      const state = await get("/api/state");
      batch(() => {
        seq = state.seq;
        version.value = state.version;
        limits.value = state.limits;
        roots.value = state.roots;
        jobs.value = new Map(state.jobs.map((job) => [job.id, job]));
        collections.value = state.collections;
        models.value = state.models;
        trainings.value = state.trainings;
        failure.value = null;
        ready.value = true;
      });
    } catch (error) {
      failure.value = error;
    } finally {
      reading = null;
      const events = waiting;
      waiting = [];
      if (ready.peek()) events.filter((event) => event.seq == null || event.seq > seq).forEach(received);
    }
  })();
  return reading;
}

export async function begin() {
  await load();
  while (!ready.peek()) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await load();
  }
  start({
    last: () => waiting.findLast((event) => event.seq != null)?.seq ?? seq,
    onEvent: (event) => (reading ? waiting.push(event) : received(event)),
    onGap: async () => {
      await load();
      told({ type: "reload" });
    },
  });
}

// Puts a job into the queue, and returns it. Throws ApiError.
export async function ask(spec) {
  const job = await post("/api/jobs", spec);
  putJob(job);
  return job;
}

// cancel, stop, pause, resume, show or retry.
export async function control(id, what) {
  const job = await post(`/api/jobs/${id}/${what}`);
  putJob(job);
  return job;
}

export async function move(id, before) {
  putJob(await post(`/api/jobs/${id}/move`, { before }));
}

// Puts a job into the queue and waits for its end: resolves with the job, whatever its state. For what is quick, such as
// a plan or an edit.
export async function askAndWait(spec, { signal: aborting } = {}) {
  const { id } = await ask(spec);
  return new Promise((resolve, reject) => {
    const look = () => {
      const job = jobs.peek().get(id);
      if (job && ENDED.includes(job.state)) {
        end();
        resolve(job);
      }
    };
    const abort = () => {
      end();
      control(id, "cancel").catch(() => {});
      reject(new DOMException("aborted", "AbortError"));
    };
    const stops = [subscribe("job", look), subscribe("reload", look)];
    const end = () => {
      stops.forEach((stop) => stop());
      aborting?.removeEventListener("abort", abort);
    };
    aborting?.addEventListener("abort", abort);
    look();
  });
}
