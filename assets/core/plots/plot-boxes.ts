// Fits plots into their boxes: sets the size, and the margins and number of ticks that suit the size of the box
// and of the page's text.
import { ancestor } from "../dom";

const NARROW_PX = 260; // a narrower plot has no title at its y axis, and few ticks at its x axis
const SHORT_PX = 190; // a shorter plot has no title at its x axis, and few ticks at its y axis
const DEFAULT_TEXT_PX = 14; // the text size for which figures.py sets the margins
const FEW_TICKS = 4;
const SETTLE_MS = 100; // a plot is drawn again when the size of its box has not changed for this time

const lastSizes = new WeakMap<HTMLElement, string>(); // as JSON
const defaultMargins = new WeakMap<HTMLElement, PlotlyMargin>(); // the margins of figures.py

const textSize = (small: boolean) => {
  const root = document.documentElement;
  const size = Number.parseFloat(getComputedStyle(root).fontSize);
  if ("projector" in root.dataset) return size;
  return small ? Math.max(11, 0.72 * size) : Math.max(DEFAULT_TEXT_PX, 0.8 * size);
};

const marginOf = ({ l, r, t, b }: PlotlyMargin, text: number, narrow: boolean, short: boolean): PlotlyMargin => {
  const scale = Math.max(1, text / DEFAULT_TEXT_PX);
  const large = { l: l * scale, r: r * scale, t: t * scale, b: b * scale };
  return { ...large, ...(narrow ? { l: 3.2 * text, r: 8 } : {}), ...(short ? { b: 2 * text, t: 6 } : {}) };
};

// The size of a plot's element, for the plot's layout; empty if the element is hidden. The size is given, because with
// `autosize` Plotly may adopt a new size when it changes an axis or a curve, without drawing the plot again.
export const sizeOf = (node: HTMLElement): { width?: number; height?: number } => {
  const box = getComputedStyle(node);
  const size = { width: Number.parseFloat(box.width), height: Number.parseFloat(box.height) };
  return size.width && size.height ? size : {};
};

// The size of a plot's element, and the margins, text size and numbers of ticks for it, as changes for Plotly.relayout.
const sizesFor = (gd: HTMLElement, layout: { margin: PlotlyMargin }) => {
  const margin = defaultMargins.get(gd) ?? { ...layout.margin };
  defaultMargins.set(gd, margin);
  const narrow = gd.clientWidth < NARROW_PX;
  const short = gd.clientHeight < SHORT_PX;
  gd.classList.toggle("narrow", narrow);
  gd.classList.toggle("short", short);
  const text = textSize(narrow || short);
  return {
    ...sizeOf(gd),
    margin: marginOf(margin, text, narrow, short),
    "font.size": text,
    "xaxis.nticks": narrow ? FEW_TICKS : 0,
    "yaxis.nticks": short ? FEW_TICKS : 0,
  };
};

// A figure's layout adjusted to the size of its element, so that Plotly draws it only once.
export const fitted = (node: HTMLElement, layout: PageFigure["layout"]) => {
  if (!node.clientWidth || !node.clientHeight) return layout;
  const sizes = sizesFor(node, layout);
  lastSizes.set(node, JSON.stringify(sizes));
  return {
    ...layout,
    width: sizes.width,
    height: sizes.height,
    margin: sizes.margin,
    font: { ...layout.font, size: sizes["font.size"] },
    xaxis: { ...layout.xaxis, nticks: sizes["xaxis.nticks"] },
    yaxis: { ...layout.yaxis, nticks: sizes["yaxis.nticks"] },
  };
};

const plotsIn = (host: Element) => [...host.querySelectorAll<PlotlyGraph>(".stage .card .js-plotly-plot")];

// Fit all visible plots in `host`, before the next paint.
export const resize = (host: Element) => {
  for (const gd of plotsIn(host)) {
    if (!gd._fullLayout || !gd.clientWidth || !gd.clientHeight) continue;
    const sizes = sizesFor(gd, gd.layout);
    const key = JSON.stringify(sizes);
    if (lastSizes.get(gd) === key) continue;
    lastSizes.set(gd, key);
    Plotly.relayout(gd, sizes);
  }
};

// Call `job` now, and whenever the sizes of these elements have changed.
const whenSettled = (nodes: Element[], job: () => void) => {
  let timer: number | undefined;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(job, SETTLE_MS);
  });
  for (const node of nodes) observer.observe(node);
};

// Fit these plots now, and whenever the size of their boxes has changed.
export const watch = (graphs: PlotlyGraph[]) => {
  const boxes = graphs.map((gd) => ancestor(gd, ".graph"));
  whenSettled(boxes, () => boxes.forEach(resize));
};

// Give the plot in `node` the size of `node`, now and whenever that has changed. Its margins stay.
export const fill = (node: HTMLElement, library: PlotlyLibrary) =>
  whenSettled([node], () => {
    const gd = node as PlotlyGraph;
    const { width, height } = sizeOf(gd);
    if (!gd._fullLayout || !width || (gd.layout.width === width && gd.layout.height === height)) return;
    library.relayout(gd, { width, height });
  });
