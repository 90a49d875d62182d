// Plots follow their boxes: in size, and in the room that they keep for ticks and titles, which goes
// by the size of the box and of the page's text.
import { ancestor } from "../dom";

type Margin = PlotlyGraph["layout"]["margin"];

const NARROW = 260; // pixels; such a plot has no title at its y axis, and few ticks below
const SHORT = 190; // such a plot has no title below, and few ticks at its y axis
const USUAL_TEXT = 14; // pixels; what the margins of figures.py are for
const FEW_TICKS = 4;

const looks = new WeakMap<PlotlyGraph, string>(); // what was last set, as JSON
const usual = new WeakMap<PlotlyGraph, Margin>(); // the margins of figures.py

const textSize = (small: boolean) => {
  const root = document.documentElement;
  const size = Number.parseFloat(getComputedStyle(root).fontSize);
  if ("projector" in root.dataset) return size;
  return small ? Math.max(11, 0.72 * size) : Math.max(USUAL_TEXT, 0.8 * size);
};

const marginOf = (gd: PlotlyGraph, text: number, narrow: boolean, short: boolean): Margin => {
  const margin = usual.get(gd) ?? { ...gd.layout.margin };
  usual.set(gd, margin);
  const { l, r, t, b } = margin;
  const scale = Math.max(1, text / USUAL_TEXT);
  const large = { l: l * scale, r: r * scale, t: t * scale, b: b * scale };
  return { ...large, ...(narrow ? { l: 3.2 * text, r: 8 } : {}), ...(short ? { b: 2 * text, t: 6 } : {}) };
};

const makeRoom = (gd: PlotlyGraph) => {
  const narrow = gd.clientWidth < NARROW;
  const short = gd.clientHeight < SHORT;
  gd.classList.toggle("narrow", narrow);
  gd.classList.toggle("short", short);
  const text = textSize(narrow || short);
  const look = {
    margin: marginOf(gd, text, narrow, short),
    "font.size": text,
    "xaxis.nticks": narrow ? FEW_TICKS : 0,
    "yaxis.nticks": short ? FEW_TICKS : 0,
  };
  const key = JSON.stringify(look);
  if (looks.get(gd) === key) return;
  looks.set(gd, key);
  Plotly.relayout(gd, look);
};

const plotsIn = (host: Element) => [...host.querySelectorAll<PlotlyGraph>(".stage .card .js-plotly-plot")];

// Fit all plots in `host` that can be seen, at once: before the next paint.
export const resize = (host: Element) => {
  for (const gd of plotsIn(host)) {
    if (!gd._fullLayout || !gd.clientWidth || !gd.clientHeight) continue;
    const { width, height } = gd._fullLayout;
    if (width !== gd.clientWidth || height !== gd.clientHeight) Plotly.Plots.resize(gd);
    makeRoom(gd);
  }
};

// Fit these plots now, and whenever their boxes change.
export const watch = (graphs: PlotlyGraph[]) => {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) resize(ancestor(target, ".graph"));
  });
  for (const gd of graphs) observer.observe(ancestor(gd, ".graph"));
};
