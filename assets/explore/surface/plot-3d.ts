// The loss surface in 3-D. It is loaded when its button is pressed, and needs WebGL.
import { byId, element } from "../../core/dom";
import * as painting from "../../core/plots/painting";
import * as i18n from "../../core/text/i18n";
import type { Place } from "./plane";
import type { PaintedScene } from "./plot";
import * as surfacePlot from "./plot";
import * as bundles from "./plotly-builds";

const PERIOD_MS = 120;

let library: PlotlyLibrary | null = null;
let node: HTMLElement | null = null; // while it is shown
let scene: PaintedScene | null = null; // the newest scene, also while the 3-D plot is not shown
let on = false;

const paintSoon = painting.throttle(PERIOD_MS, () => {
  if (library && node && scene) surfacePlot.paint3d(library, node, scene);
});

export const show = (next: PaintedScene) => {
  scene = next;
  if (on) paintSoon();
};
// Move the current point.
export const move = (now: Place) => {
  if (!on || !scene || (scene.now[0] === now[0] && scene.now[1] === now[1])) return;
  scene = { ...scene, now };
  paintSoon();
};

const showProblem = (key: string) => {
  byId("surface-solid").replaceChildren(i18n.translated("p", key, { className: "no-webgl" }));
};

const open = async () => {
  if (!surfacePlot.hasWebGL()) {
    showProblem("surface.no_webgl");
    return;
  }
  try {
    library ??= await bundles.load("gl3d");
  } catch {
    showProblem("surface.no_bundle");
    return;
  }
  if (!on) return; // closed again meanwhile
  node = element("div", { className: "plot" });
  byId("surface-solid").replaceChildren(node);
  paintSoon();
};

// Plotly.purge releases the WebGL context, of which browsers allow a page only a few.
const close = () => {
  if (node) library?.purge(node);
  node = null;
  byId("surface-solid").replaceChildren();
};

export const start = () => {
  const button = byId("surface-solid-switch");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    on = !on;
    button.setAttribute("aria-pressed", String(on));
    byId("surface-solid").hidden = !on;
    if (on) open();
    else close();
  });
};
