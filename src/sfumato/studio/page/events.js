// What happens in the studio, as it happens. A browser allows six connections a host, so one tab leads: it holds the
// Web Lock, listens to the server, and passes events on to the others. Where Web Locks are missing, as on plain http away
// from loopback, each tab listens for itself, and hidden ones pause.
import { signal } from "@preact/signals";
import { signedOut } from "./api.js";

// 'waiting' until the stream is open, then 'live'; 'lost' while the server cannot be reached.
export const connection = signal("waiting");
// Whether this tab is the one that listens to the server.
export const leads = signal(false);

const SILENCE = 40_000; // ms; the server says something every 15 s
const CHANNEL = "sfumato.events";

// Reads server-sent events of one answer until it ends. Throws where it could not be opened.
async function listen(address, aborting, onOpen, onEvent) {
  let quiet;
  const alive = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => aborting.abort(), SILENCE);
  };
  alive();
  try {
    const answer = await fetch(address, { headers: { Accept: "text/event-stream" }, signal: aborting.signal });
    if (answer.status === 401) signedOut.value = true;
    if (!answer.ok) throw new Error(`events: ${answer.status}`);
    onOpen();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      alive();
      rest += value;
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const event = { event: "message", data: "" };
        for (const line of block.split(/\r?\n/)) {
          const [, field, text] = /^(\w+): ?(.*)$/.exec(line) ?? [];
          if (field === "data") event.data += text;
          else if (field === "event") event.event = text;
        }
        if (event.data) onEvent({ ...JSON.parse(event.data), type: event.event });
      }
    }
  } finally {
    clearTimeout(quiet);
    aborting.abort(); // or a stream that is read no more would keep one of the six connections
  }
}

// last(): the seq of the last event that this tab knows. onEvent(event): each event once, in order; those without seq are
// transient. onGap(): events were missed, so all must be read anew.
export function start({ last, onEvent, onGap }) {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
  // What is done wrong with one event must not end the stream of all others.
  const receive = (event) => {
    try {
      taken(event);
    } catch (error) {
      console.error(error);
    }
  };
  const taken = (event) => {
    if (event.type === "reset") return onGap(); // another database than before
    if (event.seq == null) return onEvent(event);
    if (event.seq <= last()) return undefined;
    return event.seq > last() + 1 ? onGap() : onEvent(event);
  };
  const tell = (status) => {
    connection.value = status;
    if (leads.value) channel?.postMessage({ status });
  };
  channel?.addEventListener("message", ({ data }) => {
    if (data.event) receive(data.event);
    else if (data.status) connection.value = data.status;
    else if (data.joins && leads.value) channel.postMessage({ status: connection.value });
  });

  let aborting = null;
  const follow = async (goesOn) => {
    for (let failures = 0; goesOn() && !signedOut.value; failures += 1) {
      aborting = new AbortController();
      try {
        await listen(
          `/api/events?after=${last()}`,
          aborting,
          () => {
            failures = -1;
            tell("live");
          },
          (event) => {
            receive(event);
            if (leads.value) channel?.postMessage({ event });
          },
        );
      } catch {
        // Unreachable, refused for now, or silent: again in a moment.
      }
      if (!goesOn()) return;
      if (failures > 0) tell("lost");
      await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 250 * 2 ** Math.max(0, failures))));
    }
  };

  if (navigator.locks && channel) {
    channel.postMessage({ joins: true });
    navigator.locks.request(CHANNEL, async () => {
      leads.value = true;
      await follow(() => true);
    });
  } else {
    let turn = 0;
    const whileSeen = () => {
      turn += 1;
      const mine = turn;
      aborting?.abort();
      if (!document.hidden) follow(() => mine === turn);
    };
    document.addEventListener("visibilitychange", whileSeen);
    whileSeen();
  }
}
