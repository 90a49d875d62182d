// Traces and layouts of the plots that the server's figures.py does not define, in the same style. Such a plot is made
// when it first comes near the screen, so that it does not delay the page's start.
import { byId, element } from "../dom";
import type { Curve } from "../types";
import * as plotBoxes from "./plot-boxes";

export const CONFIG = { displayModeBar: false, doubleClick: false, scrollZoom: false };

export const MARGIN = { l: 58, r: 14, t: 10, b: 44 };

// One empty point: Plotly removes the elements of a trace without points.
export const NOTHING: Curve = { x: [null], y: [null] };

// A role's colour from the style sheet: "data", "truth", "yhat", "unit1", "unit2", "others".
export const colour = (role: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();

// Join many lists in one, with a gap after each; without any list, one gap.
export const withGaps = <T>(lists: T[][]): (T | null)[] =>
  lists.length ? lists.flatMap((list) => [...list, null]) : [null];

// Call `listener` when the theme or projector mode is switched, which changes colours and sizes.
export const onTheme = (listener: () => void) =>
  new MutationObserver(listener).observe(document.documentElement, {
    attributeFilter: ["data-theme", "data-projector"],
  });

// Dashes distinguish the curves without colour, as in figures.py.
const DASHES: Record<string, string> = { truth: "dash", unit1: "dot", unit2: "dashdot", hand: "dot" };

export const axis = (title: string, range?: readonly [number, number] | null, more: PlotlyLayout = {}) => ({
  title: { text: title, standoff: 6 },
  fixedrange: true,
  zeroline: true,
  zerolinewidth: 1,
  ticks: "",
  ...(range ? { range, autorange: false } : {}),
  ...more,
});

export const layout = (xaxis?: PlotlyLayout, yaxis?: PlotlyLayout, more: PlotlyLayout = {}) => ({
  margin: MARGIN,
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: "inherit", size: 14 },
  showlegend: false,
  hovermode: "closest",
  dragmode: false,
  uirevision: "keep",
  xaxis,
  yaxis,
  ...more,
});

export const line = (role: string, { line: look, ...more }: PlotlyTrace = {}): PlotlyTrace => ({
  x: [],
  y: [],
  mode: "lines",
  type: "scatter",
  line: { color: colour(role), width: 3, dash: DASHES[role] ?? "solid", simplify: false, ...look },
  hovertemplate: "(%{x:.2f}, %{y:.4f})<extra></extra>",
  ...more,
});

// Points without hover labels.
export const marks = (marker: PlotlyTrace["marker"]): PlotlyTrace => ({
  ...NOTHING,
  mode: "markers",
  type: "scatter",
  hoverinfo: "skip",
  marker,
});

// Call `listener` with the custom data of a point that is clicked. While the mouse button is down, the plot does not
// hover: Plotly would forget the point under the mouse if it was redrawn or if a hover was still due, and lose the click.
export const onPointClick = (gd: PlotlyGraph, listener: (customdata: number) => void) => {
  gd.on("plotly_beforehover", () => !gd._dragging);
  gd.on("plotly_click", (event) => {
    const customdata = numberAt(event);
    if (customdata !== undefined) listener(customdata);
  });
};

// The custom data of the first point of an event that has a number there.
export const numberAt = ({ points }: PlotlyPointEvent) =>
  points.map(({ customdata }) => customdata).find((value) => typeof value === "number");

// --- "near": within one screen height of the viewport. Plots farther away are not built or painted. ---
const NEAR = { rootMargin: "100% 0px" };

// Returns a function that tells whether `node` is near; calls `onArrive` each time it comes near.
export const watchNear = (node: Element, onArrive: () => void) => {
  let isNear = false;
  new IntersectionObserver((entries) => {
    const now = entries[entries.length - 1].isIntersecting;
    if (now === isNear) return;
    isNear = now;
    if (isNear) onArrive();
  }, NEAR).observe(node);
  return () => isNear;
};

// Call `build()` once, when `node` first comes near.
export const whenNear = (node: Element, build: () => void) => {
  let isBuilt = false;
  watchNear(node, () => {
    if (!isBuilt) build();
    isBuilt = true;
  });
};

const drawn = new WeakSet<HTMLElement>();
// Draw a plot in `node`, or change it; it keeps the size of `node`. Resolves to its element.
export const draw = (node: HTMLElement, traces: PlotlyTrace[], look: PlotlyLayout, library = Plotly) => {
  node.classList.add("js-plotly-plot"); // the style sheet gives it a size by this class
  const plot = library.react(node, traces, { ...look, ...plotBoxes.sizeOf(node) }, CONFIG);
  if (!drawn.has(node)) plotBoxes.fill(node, library);
  drawn.add(node);
  return plot;
};

// Draw a plot in a new element inside the element `id`.
export const drawIn = (id: string, traces: PlotlyTrace[], look: PlotlyLayout) =>
  draw(byId(id).appendChild(element("div")), traces, look);
