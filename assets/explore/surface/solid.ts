// The loss surface in 3-D, where the browser has WebGL and somebody asks for it.
import { byId, element } from "../../core/dom";
import * as i18n from "../../core/i18n";
import * as painting from "../../core/painting";
import * as surfacePlot from "./plot";
import * as bundles from "./plotly-builds";

const PERIOD_MS = 120;

let library = null;
let gd = null; // while it is shown
let scene = null; // the newest, shown or not
let on = false;

const paintSoon = painting.throttle(PERIOD_MS, () => {
  if (gd && scene) surfacePlot.solid(library, gd, scene);
});

export const show = (next) => {
  scene = next;
  if (on) paintSoon();
};
// the current point alone has moved
export const move = (now) => {
  if (!on || !scene || (scene.now[0] === now[0] && scene.now[1] === now[1])) return;
  scene = { ...scene, now };
  paintSoon();
};

const complain = (key) => {
  const words = element("p", { className: "no-webgl", textContent: i18n.t(key) });
  words.dataset.t = key;
  byId("surface-solid").replaceChildren(words);
};

const open = async () => {
  if (!surfacePlot.hasWebGL()) {
    complain("surface.no_webgl");
    return;
  }
  try {
    library ??= await bundles.load("gl3d");
  } catch {
    complain("surface.no_bundle");
    return;
  }
  if (!on) return; // closed again meanwhile
  const node = element("div", { className: "plot" });
  byId("surface-solid").replaceChildren(node);
  gd = node;
  paintSoon();
};

// Closed, it gives its WebGL context back: browsers allow a page only a few.
const close = () => {
  if (gd) library.purge(gd);
  gd = null;
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
