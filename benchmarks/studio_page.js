// What benchmarks/studio_page.py measures in the page: each function acts as a person would, and gives the milliseconds
// from then until the frame is painted that shows what was asked for.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const painted = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now());
        channel.port2.postMessage(0);
      }),
    );
  const until = async (act, isSeen) => {
    const begun = performance.now();
    act();
    let shown = await painted();
    while (!isSeen()) {
      if (shown - begun > 60_000) throw new Error(`not seen within a minute: ${isSeen}`);
      shown = await painted();
    }
    return shown - begun;
  };
  const write = (field, value) => {
    field.value = value;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  const are = (pictures) => pictures.every((picture) => picture.complete && picture.naturalWidth);
  let frames = null;

  window.measuring = {
    async tab(view) {
      const elapsed = await until(() => one(`nav a[href="#/${view}"]`).click(), () => one(`main.view-${view} h1`));
      await rest(400);
      return elapsed;
    },

    async star(number) {
      const grid = one("[role=listbox]");
      const press = (key) => grid.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      press(number % 2 ? "ArrowRight" : "ArrowLeft");
      await painted();
      const isStarred = () => one(`#${grid.getAttribute("aria-activedescendant")} .work-star`) !== null;
      const was = isStarred();
      const elapsed = await until(() => press("s"), () => isStarred() !== was);
      await rest(700);
      return elapsed;
    },

    async search(words) {
      const field = one(".gallery-search input");
      const found = () => one("#gallery-found").textContent.trim();
      const answer = await fetch(`/api/works?${new URLSearchParams({ query: words, limit: 1 })}`);
      const wanted = `${new Intl.NumberFormat("en").format((await answer.json()).total)} `;
      write(field, "");
      await rest(800);
      const elapsed = await until(() => write(field, words), () => found().startsWith(wanted));
      write(field, "");
      await rest(400);
      return elapsed;
    },

    async compare(number) {
      const works = all("[role=option]").map((work) => work.id.split("-")[1]);
      const pair = [number, number + 1].map((at) => works[(at + works.length) % works.length]).join("-");
      const seen = () => all(".comparison img").length === 2 && are(all(".comparison img"));
      const elapsed = await until(() => (location.hash = `#/gallery/${pair}`), seen);
      location.hash = "#/gallery";
      await rest(600);
      return elapsed;
    },

    async recall(number) {
      const works = all(".create-strip button");
      const work = works[(2 * number + 2) % works.length];
      const elapsed = await until(() => work.click(), () => work.getAttribute("aria-pressed") === "true");
      await rest(300);
      return elapsed;
    },

    // Until a job is seen in the queue, and until something of its works is.
    async make() {
      const jobs = one(".jobs-button .words");
      const was = jobs.textContent;
      const begun = performance.now();
      const queued = await until(() => one(".create-button").click(), () => jobs.textContent !== was);
      const estimated = () => all(".create-coming").some((cell) => cell.style.backgroundImage);
      await until(() => {}, () => estimated() || one(".create-cell") !== null);
      const preview = performance.now() - begun;
      while (jobs.textContent !== was) await painted();
      await rest(500);
      return [queued, preview];
    },

    resize: (number) => until(() => write(one(".create-brush input"), 2 + ((number + 10) % 10)), () => true),

    undo(number) {
      const [back, forth] = all(".create-tools > button").slice(-2);
      return until(() => (number % 2 ? forth : back).click(), () => true);
    },

    // What frames take of the page's own time, from when their callbacks begin until they are painted, and how far apart
    // they are.
    record() {
      const recording = (frames = { work: [], apart: [] });
      let before = null;
      const step = (begun) => {
        if (frames !== recording) return;
        if (before !== null) recording.apart.push(begun - before);
        before = begun;
        requestAnimationFrame(step);
        const channel = new MessageChannel();
        channel.port1.onmessage = () => recording.work.push(performance.now() - begun);
        channel.port2.postMessage(0);
      };
      requestAnimationFrame(step);
    },
    recorded() {
      const recording = frames;
      frames = null;
      return recording;
    },

    // From when the page is told of pictures until the first of them is seen.
    drop() {
      const seen = () => all(".sent img").some((picture) => are([picture]));
      this.dropped = new Promise((resolve) =>
        one("main input[type=file]").addEventListener("change", () => until(() => {}, seen).then(resolve), {
          once: true,
          capture: true,
        }),
      );
    },
  };
})();
