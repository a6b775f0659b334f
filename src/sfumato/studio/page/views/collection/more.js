// A list that grows as its end comes into view.
import { html, useEffect, useRef, useState } from "../../html.js";
import { failed } from "../../parts/index.js";
import { subscribe } from "../../state.js";

const STEP = 50;

// read(offset, limit) resolves with {total, rows}; the list is read anew when a collection has changed. Returns {total,
// rows, end}: end stands at its end.
export function useGrowing(read, needs) {
  const [found, setFound] = useState({ total: null, rows: [] });
  const wanted = useRef(STEP);
  const node = useRef(null);
  const age = useRef(0);
  const load = async () => {
    age.current += 1;
    const mine = age.current;
    try {
      const rows = [];
      let total = null;
      // From the beginning, so that all rows are of one state.
      do {
        const answer = await read(rows.length, Math.min(500, wanted.current - rows.length));
        if (mine !== age.current) return;
        total = answer.total;
        rows.push(...answer.rows);
        if (!answer.rows.length) break;
      } while (rows.length < Math.min(total, wanted.current));
      setFound({ total, rows });
    } catch (error) {
      failed(error);
    }
  };
  const loading = useRef(load);
  loading.current = load;
  useEffect(() => {
    wanted.current = STEP;
    load();
    const again = () => loading.current();
    const stops = [subscribe("collections", again), subscribe("reload", again)];
    return () => stops.forEach((stop) => stop());
  }, needs);
  const more = found.total !== null && found.rows.length < found.total;
  useEffect(() => {
    if (!more) return undefined;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry.isIntersecting) return;
        wanted.current = found.rows.length + STEP;
        loading.current();
      },
      { rootMargin: "600px" },
    );
    observer.observe(node.current);
    return () => observer.disconnect();
  }, [more, found.rows.length]);
  return { ...found, end: html`<div ref=${node} class="end" aria-hidden="true"></div>` };
}
