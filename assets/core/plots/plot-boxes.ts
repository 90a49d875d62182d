// Plots follow their boxes: in size, and in the room that they keep for ticks and titles, which goes
// by the size of the box and of the page's text.
import { ancestor } from "../dom";

const NARROW = 260; // pixels; such a plot has no title at its y axis, and few ticks below
const SHORT = 190; // such a plot has no title below, and few ticks at its y axis
const USUAL_TEXT = 14; // pixels; what the margins of figures.py are for
const FEW_TICKS = 4;

const looks = new WeakMap<HTMLElement, string>(); // what was last set, as JSON
const usual = new WeakMap<HTMLElement, PlotlyMargin>(); // the margins of figures.py

const textSize = (small: boolean) => {
  const root = document.documentElement;
  const size = Number.parseFloat(getComputedStyle(root).fontSize);
  if ("projector" in root.dataset) return size;
  return small ? Math.max(11, 0.72 * size) : Math.max(USUAL_TEXT, 0.8 * size);
};

const marginOf = ({ l, r, t, b }: PlotlyMargin, text: number, narrow: boolean, short: boolean): PlotlyMargin => {
  const scale = Math.max(1, text / USUAL_TEXT);
  const large = { l: l * scale, r: r * scale, t: t * scale, b: b * scale };
  return { ...large, ...(narrow ? { l: 3.2 * text, r: 8 } : {}), ...(short ? { b: 2 * text, t: 6 } : {}) };
};

const lookOf = (gd: HTMLElement, layout: { margin: PlotlyMargin }) => {
  const before = usual.get(gd) ?? { ...layout.margin };
  usual.set(gd, before);
  const narrow = gd.clientWidth < NARROW;
  const short = gd.clientHeight < SHORT;
  gd.classList.toggle("narrow", narrow);
  gd.classList.toggle("short", short);
  const text = textSize(narrow || short);
  return {
    margin: marginOf(before, text, narrow, short),
    text,
    xTicks: narrow ? FEW_TICKS : 0,
    yTicks: short ? FEW_TICKS : 0,
  };
};

// Keeps what was set last; gives whether `look` is another.
const isNew = (gd: HTMLElement, look: object) => {
  const key = JSON.stringify(look);
  const before = looks.get(gd);
  looks.set(gd, key);
  return before !== key;
};

const makeRoom = (gd: PlotlyGraph) => {
  const look = lookOf(gd, gd.layout);
  if (!isNew(gd, look)) return;
  const { margin, text, xTicks, yTicks } = look;
  Plotly.relayout(gd, { margin, "font.size": text, "xaxis.nticks": xTicks, "yaxis.nticks": yTicks });
};

// A figure's layout, with the room that a plot has in `node`: drawn with it, it need not be drawn again.
export const fitted = (node: HTMLElement, layout: PageFigure["layout"]) => {
  if (!node.clientWidth || !node.clientHeight) return layout;
  const look = lookOf(node, layout);
  isNew(node, look);
  const { margin, text, xTicks, yTicks } = look;
  const { font, xaxis, yaxis } = layout;
  return {
    ...layout,
    margin,
    font: { ...font, size: text },
    xaxis: { ...xaxis, nticks: xTicks },
    yaxis: { ...yaxis, nticks: yTicks },
  };
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
