// Plots that the browser makes, with the looks of figures.py.
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false };

export const MARGIN = { l: 58, r: 14, t: 10, b: 44 };

// A role's colour as the style sheet has it: "data", "truth", "yhat", "unit1", "unit2", "others".
export const colour = (role: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();

// As in figures.py: colour is not all that tells the curves apart.
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

// --- near the screen: within a screen's height of the window. What is far is neither built nor painted.
const NEAR = { rootMargin: "100% 0px" };

// Gives a function that tells whether `node` is near; `onArrive` is called whenever it comes there.
export const watchNear = (node: Element, onArrive: () => void) => {
  let near = false;
  new IntersectionObserver((entries) => {
    const now = entries[entries.length - 1].isIntersecting;
    if (now === near) return;
    near = now;
    if (near) onArrive();
  }, NEAR).observe(node);
  return () => near;
};

// Call `build()` once, when `node` is first near.
export const whenNear = (node: Element, build: () => void) => {
  let isBuilt = false;
  watchNear(node, () => {
    if (!isBuilt) build();
    isBuilt = true;
  });
};

// A Plotly graph in `node`; resolves to its element.
export const create = (node: HTMLElement, traces: PlotlyTrace[], look: PlotlyLayout) =>
  Plotly.newPlot(node, traces, look, CONFIG);

export { CONFIG as config };
