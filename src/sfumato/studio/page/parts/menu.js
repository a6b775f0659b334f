import { html, useEffect, useRef, useState } from "../html.js";
import { Icon } from "./icon.js";

// A button that opens a list of things to do. items: [{label, icon, run, disabled, chosen}], where chosen makes it one of a
// few, and {heading}. align: 'end', 'start', or 'up' for above the button where the page is wide.
export function Menu({ label, icon = "more", items, children, align = "end" }) {
  const [open, setOpen] = useState(false);
  const root = useRef(null);
  const list = () => [...root.current.querySelectorAll("[role^=menuitem]:not(:disabled)")];
  useEffect(() => {
    if (!open) return undefined;
    (list().find((item) => item.ariaChecked === "true") ?? list()[0])?.focus();
    const press = (event) => root.current.contains(event.target) || setOpen(false);
    document.addEventListener("pointerdown", press);
    return () => document.removeEventListener("pointerdown", press);
  }, [open]);
  const leave = () => {
    setOpen(false);
    root.current.querySelector("button").focus();
  };
  const key = (event) => {
    const all = list();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") leave();
    else if (event.key === "Tab") return void setOpen(false);
    else if (to === undefined) return;
    else all[to % all.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  const choose = (item) => {
    leave();
    item.run();
  };
  return html`<div class="menu" ref=${root}>
    <button type="button" class=${`button quiet ${children ? "" : "only-icon"}`} aria-haspopup="menu" title=${label}
      aria-expanded=${String(open)} aria-label=${label} onClick=${() => setOpen(!open)}>
      <${Icon} name=${icon} />${children && html`<span class="words">${children}</span>`}</button>
    ${open && html`<div class=${`menu-list ${align}`} role="menu" aria-label=${label} onKeyDown=${key}>
      ${items.map((item) => item.heading ? html`<p key=${item.heading} class="menu-heading">${item.heading}</p>` : html`<button
        type="button" key=${item.label} tabindex="-1" disabled=${item.disabled}
        role=${item.chosen === undefined ? "menuitem" : "menuitemradio"}
        aria-checked=${item.chosen === undefined ? undefined : String(item.chosen)} onClick=${() => choose(item)}>
        <span class="menu-icon">${(item.icon || item.chosen) && html`<${Icon} name=${item.chosen ? "check" : item.icon}
          size="18" />`}</span>${item.label}</button>`)}</div>`}</div>`;
}
