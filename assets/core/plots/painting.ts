// Updates plots outside Dash's renderer, once per animation frame.
import { byId, query } from "../dom";
import * as curves from "./curves";
import * as plotBoxes from "./plot-boxes";
import * as plotting from "./plotting";

const IMMEDIATELY = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };
type Job = (now: number) => void;

export const TEXT_UPDATE_MS = 66; // numbers that change faster than at 15 Hz cannot be read

const jobs = new Map<string, Job>();
let scheduled = false;

// Run `job` in the next animation frame. Another request with the same name before then replaces it.
export const request = (name: string, job: Job) => {
  jobs.set(name, job);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame((now) => {
    scheduled = false;
    const due = [...jobs.values()];
    jobs.clear();
    due.forEach((each) => each(now));
  });
};

// Run `job` after the next frame has been painted, so that a long job does not delay that frame.
export const afterPaint = (job: () => void) => requestAnimationFrame(() => setTimeout(job));

// A function that runs `job` at most once in `period` ms. The last call is never dropped.
export const throttle = (period: number, job: () => void) => {
  let isScheduled = false;
  let last = -Infinity;
  const run = () => {
    isScheduled = false;
    last = performance.now();
    job();
  };
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(run, Math.max(0, period - (performance.now() - last)));
  };
};

// When only the range of an axis changes, Plotly does not move its title, although its tick labels may have
// become wider. Setting the title again moves it.
const keepTitleClear = (gd: PlotlyGraph, changes: PlotlyChanges) => {
  const title = gd.layout.yaxis?.title?.text;
  if (title && "yaxis.range" in changes) Plotly.relayout(gd, { "yaxis.title.text": title });
};

// The figures of figures.py, by the ids of their graphs.
let figures: Record<string, PageFigure> | null = null;
const draw = async (id: string) => {
  figures ??= JSON.parse(byId("figures").textContent) as Record<string, PageFigure>;
  const { data, layout } = figures[id];
  const node = query(".js-plotly-plot", byId(id));
  const gd = await Plotly.newPlot(node, data, plotBoxes.fitted(node, layout), plotting.CONFIG);
  gd.on("plotly_relayout", (changes) => keepTitleClear(gd, changes));
  return gd;
};

// Draw these graphs, after those of earlier calls. Each is drawn in a task of its own, so that the page can react to
// input in between.
let last: Promise<unknown> = Promise.resolve();
const drawInTurn = (id: string) => {
  const drawn = last.then(() => new Promise((done) => setTimeout(done))).then(() => draw(id));
  last = drawn;
  return drawn;
};
export const graphs = (names: string[]) => Promise.all(names.map(drawInTurn));

// Show other x and y in some traces. If SVG elements are missing, `Plotly.animate` without redraw makes them. It gets
// all traces at once, because otherwise their stacking order is lost.
export const setCurves = (gd: PlotlyGraph, traces: number[], data: PlotlyTrace[]) => {
  traces.forEach((trace, i) => Object.assign(gd.data[trace], data[i]));
  if (curves.draw(gd, traces)) return;
  const all = [...gd.data.keys()];
  Plotly.animate(gd, { data: all.map(() => ({})), traces: all }, IMMEDIATELY).catch(() => {});
};

// Round up to 1, 2 or 5 times a power of ten, so that the range of an axis changes in few steps.
export const niceCeil = (value: number) => {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((m) => m * power >= value * (1 - 1e-9)) ?? 10) * power;
};

const topFor = (size: number, least: number) => Math.max(least, niceCeil(Math.max(size, least)));

// Changing an axis takes Plotly about 10 ms, so at most one graph is changed in each animation frame.
type Axis = { top: number; layout: Record<string, unknown> };
const due = new Map<PlotlyGraph, Axis>();
const setNextAxis = () => {
  const [next] = due;
  if (!next) return;
  const [gd, { layout }] = next;
  due.delete(gd);
  Plotly.relayout(gd, layout);
  if (due.size) requestAnimationFrame(setNextAxis);
};
const setAxis = (gd: PlotlyGraph, axis: Axis) => {
  if (!due.size) requestAnimationFrame(setNextAxis);
  due.set(gd, axis);
};

// An axis grows at once, but shrinks only after a delay, so that dragging a slider back and forth does not
// change it each time.
const SHRINK_DELAY_MS = 400;
const shrinking = new Map<PlotlyGraph, number>(); // graph -> timer
const changeAxis = (gd: PlotlyGraph, now: number, top: number, layout: Axis["layout"]) => {
  const before = due.get(gd)?.top ?? now;
  clearTimeout(shrinking.get(gd));
  if (top > before) setAxis(gd, { top, layout });
  if (top < before) shrinking.set(gd, setTimeout(setAxis, SHRINK_DELAY_MS, gd, { top, layout }));
};

// Set a symmetric range of the y axis that contains ±`size` and ±`least`.
export const setSymmetricAxis = (gd: PlotlyGraph, size: number, least: number) => {
  const top = topFor(size, least);
  changeAxis(gd, gd._fullLayout.yaxis.range[1], top, { "yaxis.range": [-top, top] });
};

// The same for a small panel: three ticks, and some space above the highest and below the lowest.
export const setPanelAxis = (gd: PlotlyGraph, size: number, least: number) => {
  const top = topFor(size, least);
  const range = [-1.2 * top, 1.2 * top];
  changeAxis(gd, gd._fullLayout.yaxis.range[1] / 1.2, top, { "yaxis.range": range, "yaxis.tickvals": [-top, 0, top] });
};
