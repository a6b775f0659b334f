// The works that a search finds. Their number is known from the first answer; the works themselves are fetched in pages
// as they come into view, so that ten thousand take no longer than ten.
import { get } from "../../api.js";
import { signal } from "../../html.js";

const PAGE = 60;
const MOST_PAGES = 50; // that are kept
const pageOf = (place) => Math.floor(place / PAGE);

export class WorkList {
  // found.total: how many there are, null before the first answer; found.error: an ApiError, or null.
  found = signal({ total: null, error: null, version: 0 });
  asked = { query: "", only: "all" };
  pages = new Map(); // number: works
  waiting = new Set(); // numbers of pages that are on their way
  newest = null; // the highest id of the first answer, so that works that are made meanwhile move no page
  generation = 0; // answers to what was asked before are dropped
  inView = [0, 0];
  searching = null; // a promise, while a search is on its way

  // Looks for something else. only: 'all', 'starred' or 'bin'. While an answer is on its way no other search goes out: of
  // those that were asked for meanwhile, as at each key, only the last one does. Resolves once its answer is shown.
  async search(asked) {
    this.asked = asked;
    this.inView = [0, 0];
    if (this.searching) return this.searching;
    this.searching = (async () => {
      try {
        let shown = null;
        while (shown !== this.asked) {
          shown = this.asked;
          await this.refresh();
        }
      } finally {
        this.searching = null;
      }
    })();
    return this.searching;
  }

  // Asks again for what is in view, and shows what was there until the answer has come.
  async refresh() {
    const generation = ++this.generation;
    this.waiting.clear();
    try {
      const first = await this.#page(0, null);
      const newest = first.works[0]?.id ?? null;
      const pages = new Map([[0, first.works]]);
      const others = this.#numbers(...this.inView, first.total).filter((number) => number > 0);
      await Promise.all(others.map(async (number) => pages.set(number, (await this.#page(number, newest)).works)));
      if (generation !== this.generation) return;
      Object.assign(this, { pages, newest });
      this.#change({ total: first.total, error: null });
    } catch (error) {
      if (generation === this.generation) this.#change({ error });
    }
  }

  // Says which places are in view; works that have not come yet are fetched.
  want(first, last) {
    this.inView = [first, last];
    for (const number of this.#numbers(first, last, this.found.peek().total ?? 0)) {
      if (!this.pages.has(number) && !this.waiting.has(number)) this.#load(number);
    }
  }

  // The work at a place; undefined where it has not come yet.
  at(place) {
    return this.pages.get(pageOf(place))?.[place % PAGE];
  }

  // The place of a work that has come; -1 where there is none such.
  placeOf(id) {
    for (const [number, works] of this.pages) {
      const found = works.findIndex((work) => work.id === id);
      if (found >= 0) return number * PAGE + found;
    }
    return -1;
  }

  byId(id) {
    return this.at(this.placeOf(id));
  }

  // Changes works that have come, before the server has answered.
  change(ids, changes) {
    const named = new Set(ids);
    for (const [number, works] of this.pages) {
      if (!works.some((work) => named.has(work.id))) continue;
      this.pages.set(number, works.map((work) => (named.has(work.id) ? { ...work, ...changes } : work)));
    }
    this.#change({});
  }

  // Takes works out before the server has answered: those behind them move up, and `refresh` brings the rest.
  remove(ids) {
    const named = new Set(ids);
    const numbers = [...this.pages.keys()].sort((one, other) => one - other);
    const moved = new Map();
    let gone = 0;
    for (const number of numbers) {
      for (const [place, work] of this.pages.get(number).entries()) {
        if (named.has(work?.id)) {
          gone += 1;
          continue;
        }
        const now = number * PAGE + place - gone;
        if (!moved.has(pageOf(now))) moved.set(pageOf(now), []);
        moved.get(pageOf(now))[now % PAGE] = work;
      }
    }
    this.pages = moved;
    this.#change({ total: Math.max(0, (this.found.peek().total ?? 0) - gone) });
  }

  #numbers(first, last, total) {
    if (!total) return [];
    const [from, to] = [pageOf(Math.max(0, first)), pageOf(Math.min(last, total - 1))];
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }

  async #load(number) {
    const generation = this.generation;
    this.waiting.add(number);
    try {
      const answer = await this.#page(number, this.newest);
      if (generation !== this.generation) return;
      this.pages.set(number, answer.works);
      this.#forget();
      this.#change({ total: answer.total, error: null });
    } catch (error) {
      if (generation === this.generation) this.#change({ error });
    } finally {
      if (generation === this.generation) this.waiting.delete(number);
    }
  }

  // Lets the pages go that are farthest from what is in view.
  #forget() {
    const centre = pageOf((this.inView[0] + this.inView[1]) / 2);
    const farthest = [...this.pages.keys()].sort((one, other) => Math.abs(other - centre) - Math.abs(one - centre));
    for (const number of farthest.slice(0, Math.max(0, this.pages.size - MOST_PAGES))) this.pages.delete(number);
  }

  #page(number, newest) {
    const { query, only } = this.asked;
    return get("/api/works", {
      query: {
        query: query.trim(),
        starred: only === "starred" ? true : null,
        bin: only === "bin" ? true : null,
        before: newest === null ? null : newest + 1,
        offset: number * PAGE,
        limit: PAGE,
      },
    });
  }

  #change(changes) {
    const found = this.found.peek();
    this.found.value = { ...found, ...changes, version: found.version + 1 };
  }
}
