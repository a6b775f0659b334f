import { get } from "../../api.js";
import { useEffect, useState } from "../../html.js";
import { failed } from "../../parts/index.js";
import { jobs, subscribe } from "../../state.js";

const SMOOTH = 0.03; // of the range of steps: a step's loss is mostly of what noise it drew

// A curve as a running mean, weighted by nearness in steps, so that it does not depend on how often the log was written.
export function smoothed(steps, values) {
  const reach = SMOOTH * Math.max(1, (steps.at(-1) ?? 0) - (steps[0] ?? 0));
  let mean = values[0];
  return values.map((value, at) => {
    if (at) mean += (1 - Math.exp(-(steps[at] - steps[at - 1]) / reach)) * (value - mean);
    return mean;
  });
}

// A training's losses, which grow while it is at work: {steps, seconds, loss, held_out: {steps, seconds, training,
// held_out}}; null until they were read.
export function useLog(run) {
  const [log, setLog] = useState(null);
  useEffect(() => {
    let current = true;
    const read = async () => {
      try {
        const answer = await get(`/api/trainings/${run.id}/log`);
        if (current) setLog(answer);
      } catch (error) {
        failed(error);
      }
    };
    read();
    const stops = [
      subscribe("reload", read),
      subscribe("told", (event) => {
        if (event.job !== run.job) return;
        if (event.event === "training.Trained") setLog((before) => before && longer(before, event));
        else if (event.event === "training.Evaluated" || event.event === "training.Finished") read();
      }),
    ];
    return () => {
      current = false;
      stops.forEach((stop) => stop());
    };
  }, [run.id, run.job, jobs.value.get(run.job)?.attempt]);
  return log;
}

function longer(log, { step, elapsed_seconds: seconds, loss }) {
  if (step <= (log.steps.at(-1) ?? 0) || loss == null) return log;
  return { ...log, steps: [...log.steps, step], seconds: [...log.seconds, seconds], loss: [...log.loss, loss] };
}
