// A signal that this browser remembers, and that other tabs follow; its again() reads at once what another tab may have
// kept a moment ago.
import { effect, signal } from "@preact/signals";

// Where storage is blocked, as in some private windows, it lasts as long as the tab does.
export function stored(name, first, isValid = () => true) {
  const key = `sfumato.${name}`;
  const read = () => {
    try {
      const value = JSON.parse(localStorage.getItem(key));
      return value !== null && isValid(value) ? value : first;
    } catch {
      return first;
    }
  };
  const kept = signal(read());
  let untouched = true;
  effect(() => {
    const value = kept.value;
    if (untouched) {
      untouched = false;
      return;
    }
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // It lasts as long as the tab.
    }
  });
  window.addEventListener("storage", (event) => {
    if (event.key === key) kept.value = read();
  });
  return Object.assign(kept, { again: () => (kept.value = read()) });
}
