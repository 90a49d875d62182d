// Fits plots into their boxes: sets the size, and the margins and number of ticks that suit the size of the box
// and of the page's text.
import { ancestor } from "../dom";

type Margin = PlotlyGraph["layout"]["margin"];

const NARROW_PX = 260; // a narrower plot has no title at its y axis, and few ticks at its x axis
const SHORT_PX = 190; // a shorter plot has no title at its x axis, and few ticks at its y axis
const DEFAULT_TEXT_PX = 14; // the text size for which figures.py sets the margins
const FEW_TICKS = 4;

const lastChanges = new WeakMap<PlotlyGraph, string>(); // as JSON
const defaultMargins = new WeakMap<PlotlyGraph, Margin>(); // the margins of figures.py

const textSize = (small: boolean) => {
  const root = document.documentElement;
  const size = Number.parseFloat(getComputedStyle(root).fontSize);
  if ("projector" in root.dataset) return size;
  return small ? Math.max(11, 0.72 * size) : Math.max(DEFAULT_TEXT_PX, 0.8 * size);
};

const marginOf = (gd: PlotlyGraph, text: number, narrow: boolean, short: boolean): Margin => {
  const margin = defaultMargins.get(gd) ?? { ...gd.layout.margin };
  defaultMargins.set(gd, margin);
  const { l, r, t, b } = margin;
  const scale = Math.max(1, text / DEFAULT_TEXT_PX);
  const large = { l: l * scale, r: r * scale, t: t * scale, b: b * scale };
  return { ...large, ...(narrow ? { l: 3.2 * text, r: 8 } : {}), ...(short ? { b: 2 * text, t: 6 } : {}) };
};

const adjustLayout = (gd: PlotlyGraph) => {
  const narrow = gd.clientWidth < NARROW_PX;
  const short = gd.clientHeight < SHORT_PX;
  gd.classList.toggle("narrow", narrow);
  gd.classList.toggle("short", short);
  const text = textSize(narrow || short);
  const changes = {
    margin: marginOf(gd, text, narrow, short),
    "font.size": text,
    "xaxis.nticks": narrow ? FEW_TICKS : 0,
    "yaxis.nticks": short ? FEW_TICKS : 0,
  };
  const key = JSON.stringify(changes);
  if (lastChanges.get(gd) === key) return;
  lastChanges.set(gd, key);
  Plotly.relayout(gd, changes);
};

const plotsIn = (host: Element) => [...host.querySelectorAll<PlotlyGraph>(".stage .card .js-plotly-plot")];

// Fit all visible plots in `host`, before the next paint.
export const resize = (host: Element) => {
  for (const gd of plotsIn(host)) {
    if (!gd._fullLayout || !gd.clientWidth || !gd.clientHeight) continue;
    const { width, height } = gd._fullLayout;
    if (width !== gd.clientWidth || height !== gd.clientHeight) Plotly.Plots.resize(gd);
    adjustLayout(gd);
  }
};

// Fit these plots now, and whenever the size of their boxes changes.
export const watch = (graphs: PlotlyGraph[]) => {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) resize(ancestor(target, ".graph"));
  });
  for (const gd of graphs) observer.observe(ancestor(gd, ".graph"));
};
