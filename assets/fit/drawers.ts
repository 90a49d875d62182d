// Drawers are panels that open below their buttons, over the plots, one at a time. They are closed by their
// button, by ✕ or by Esc.
import { query } from "../core/dom";

const all = () => [...document.querySelectorAll<HTMLDetailsElement>("details.drawer")];

const close = (drawer: HTMLDetailsElement) => {
  drawer.open = false;
  query("summary", drawer).focus({ preventScroll: true });
};

export const start = () => {
  for (const drawer of all()) {
    drawer.name = "drawer"; // the browser closes other <details> of the same name
    query(".drawer-close", drawer).addEventListener("click", () => close(drawer));
  }
  document.addEventListener("keydown", (event) => {
    const open = all().find((drawer) => drawer.open);
    if (event.key !== "Escape" || event.defaultPrevented || !open) return;
    if (!document.querySelector("dialog[open]")) close(open);
  });
  const controls = query("#fit .stage-controls");
  new ResizeObserver(() => {
    controls.parentElement?.style.setProperty("--controls", `${controls.offsetHeight}px`);
  }).observe(controls);
  // On a phone the command bar covers the bottom of the screen, as far as its controls are not hidden.
  const bar = query(".command-bar");
  new ResizeObserver(() => {
    const isFixed = getComputedStyle(bar).position === "fixed";
    document.documentElement.style.setProperty("--bar", isFixed ? `${bar.offsetHeight}px` : "");
  }).observe(bar);
};
