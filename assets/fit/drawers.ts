// Drawers open over the stage below their buttons, one at a time, and are closed by their button, by
// ✕ or by Esc. What is on the stage does not move.

const all = () => [...document.querySelectorAll<HTMLDetailsElement>("details.drawer")];

const close = (drawer: HTMLDetailsElement) => {
  drawer.open = false;
  drawer.querySelector("summary").focus({ preventScroll: true });
};

export const start = () => {
  for (const drawer of all()) {
    drawer.name = "drawer"; // the browser closes the others of this name
    drawer.querySelector(".drawer-close").addEventListener("click", () => close(drawer));
  }
  document.addEventListener("keydown", (event) => {
    const open = all().find((drawer) => drawer.open);
    if (event.key !== "Escape" || event.defaultPrevented || !open) return;
    if (!document.querySelector("dialog[open]")) close(open);
  });
  const controls = document.querySelector<HTMLElement>("#fit .stage-controls");
  new ResizeObserver(() => {
    controls.parentElement.style.setProperty("--controls", `${controls.offsetHeight}px`);
  }).observe(controls);
};
