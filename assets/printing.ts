// Prints the open view with the layout it has on the screen, scaled to the width of the paper, in the light
// theme.
const root = document.documentElement;
const PAPER_PX = 1000; // the width of a landscape page without its margins
let theme: string;

const prepare = () => {
  theme = root.dataset.theme ?? "light";
  root.dataset.theme = "light";
  root.style.setProperty("--width", `${innerWidth}px`);
  root.style.setProperty("--height", `${innerHeight}px`);
  root.style.setProperty("--text", getComputedStyle(root).fontSize);
  root.style.setProperty("--zoom", String(PAPER_PX / innerWidth));
};

const restore = () => {
  root.dataset.theme = theme;
};

export const start = () => {
  addEventListener("beforeprint", prepare);
  addEventListener("afterprint", restore);
};
