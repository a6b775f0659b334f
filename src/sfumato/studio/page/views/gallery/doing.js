// What is done with works: each change is seen at once, and taken back where the server refuses it.
import { patch, post } from "../../api.js";
import { t } from "../../i18n.js";
import { failed, toast } from "../../parts/index.js";
import { go } from "../../router.js";
import { ask, handover, models } from "../../state.js";

const VARIATIONS = 4;
const NEAR = 0.3; // how far variations are from the work, 0 to 1

export async function star(list, works, starred) {
  const before = works.map((work) => [work.id, work.starred]);
  list.change(works.map((work) => work.id), { starred });
  try {
    await Promise.all(works.map((work) => patch(`/api/works/${work.id}`, { starred })));
  } catch (error) {
    for (const [id, was] of before) list.change([id], { starred: was });
    failed(error);
  }
}

// Into the bin, from where they come back for 30 days.
export async function bin(list, ids) {
  list.remove(ids);
  try {
    await post("/api/works/bin", { ids });
    toast(t("gallery.binned", { n: ids.length }), {
      action: {
        label: t("gallery.undo"),
        run: async () => {
          await post("/api/works/restore", { ids });
          await list.refresh();
        },
      },
    });
  } catch (error) {
    failed(error);
  }
  await list.refresh();
}

export async function restore(list, ids) {
  list.remove(ids);
  try {
    await post("/api/works/restore", { ids });
    toast(t("gallery.restored", { n: ids.length }));
  } catch (error) {
    failed(error);
  }
  await list.refresh();
}

// Whether the studio has the model that made a work.
export const hasModel = (work) => models.value.some((model) => model.id === work.model_id);

// To Create, where the works of a job are seen as they come out of the noise.
const watching = (job) => ({
  label: t("gallery.see"),
  run: () => {
    handover.value = { job: job.id };
    go("create");
  },
});

export async function makeAgain(work) {
  const job = await ask({ kind: "again", work: work.id });
  toast(t("gallery.made_again"), { action: watching(job) });
}

export async function vary(work) {
  const job = await ask({
    kind: "generate", model: work.model_id, count: VARIATIONS, variations: NEAR, of: { work: work.id }, asked: { seed: anySeed() },
  });
  toast(t("gallery.varied", { n: VARIATIONS }), { action: watching(job) });
}

// Variations of one seed would be the same ones again.
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

// To Create with all that was asked for.
export function useSettings(work) {
  const palette = work.recipe?.request.palette ?? undefined;
  handover.value = { model: work.model_id, asked: { ...work.asked, palette }, work: work.id };
  go("create");
}

// To Create with the work as the picture to begin with.
export function beginWith(work) {
  handover.value = { model: work.model_id, picture: { work: work.id }, work: work.id };
  go("create");
}
