// Painting outside Dash's renderer. Work is collected and done once per animation frame.
import { byId, query } from "../dom";
import * as lines from "./curves";
import * as plotBoxes from "./plot-boxes";
import * as plotting from "./plotting";

const STILL = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };
type Job = (now: number) => void;

export const READING_MS = 66; // what is read follows at 15 Hz: faster, nobody could read it

const jobs = new Map<string, Job>();
let scheduled = false;

// Do `job` in the next animation frame; a later request with the same name replaces it.
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

// Do `job` when the next frame is on the screen: what takes long does not hold it up.
export const afterPaint = (job: () => void) => requestAnimationFrame(() => setTimeout(job));

// `job`, at most once in `period` ms, the last time never left out.
export const throttle = (period: number, job: () => void) => {
  let _timer: number | null = null;
  let last = -Infinity;
  return () => {
    _timer ??= setTimeout(
      () => {
        _timer = null;
        last = performance.now();
        job();
      },
      Math.max(0, period - (performance.now() - last)),
    );
  };
};

// Plotly leaves an axis's title where it was when only the range changes, though its ticks may have
// become wider; written anew, it moves out of their way.
const keepTitleClear = (gd: PlotlyGraph, changes: PlotlyChanges) => {
  const title = gd.layout.yaxis?.title?.text;
  if (title && "yaxis.range" in changes) Plotly.relayout(gd, { "yaxis.title.text": title });
};

// The figures of figures.py, which the page brings, by the ids of their graphs.
let figures: Record<string, PageFigure> | null = null;
const draw = async (id: string) => {
  figures ??= JSON.parse(byId("figures").textContent) as Record<string, PageFigure>;
  const { data, layout } = figures[id];
  const node = query(".js-plotly-plot", byId(id));
  const gd = await plotting.create(node, data, plotBoxes.fitted(node, layout));
  gd.on("plotly_relayout", (changes) => keepTitleClear(gd, changes));
  return gd;
};

// Draw these graphs, in the order in which they are asked for. Each is a task of its own, between which
// the page answers what is pressed.
let last: Promise<unknown> = Promise.resolve();
const drawInTurn = (id: string) => {
  const drawn = last.then(() => new Promise((done) => setTimeout(done))).then(() => draw(id));
  last = drawn;
  return drawn;
};
export const graphs = (names: string[]) => Promise.all(names.map(drawInTurn));

// Show other x and y in some traces. Where their elements are not there yet, Plotly animates, without
// redraw; it does so for all traces, as of some it would lose what lies above what.
export const curves = (gd: PlotlyGraph, traces: number[], data: PlotlyTrace[]) => {
  traces.forEach((trace, i) => Object.assign(gd.data[trace], data[i]));
  if (lines.move(gd, traces)) return;
  const all = [...gd.data.keys()];
  Plotly.animate(gd, { data: all.map(() => ({})), traces: all }, STILL).catch(() => {});
};

// Round up to 1, 2 or 5 times a power of ten: axes that change in steps do not jitter.
export const niceCeil = (value: number) => {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((m) => m * power >= value * (1 - 1e-9)) ?? 10) * power;
};

const topFor = (size: number, least: number) => Math.max(least, niceCeil(Math.max(size, least)));

// Axes take Plotly about 10 ms each, so one graph gets its own in each frame, with the curves there.
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

// An axis grows at once, and shrinks when its curves have rested: what is dragged to and fro does not
// change it each time.
const REST_MS = 400;
const shrinking = new Map<PlotlyGraph, number>(); // graph -> timer
const changeAxis = (gd: PlotlyGraph, now: number, top: number, layout: Axis["layout"]) => {
  const before = due.get(gd)?.top ?? now;
  clearTimeout(shrinking.get(gd));
  if (top > before) setAxis(gd, { top, layout });
  if (top < before) shrinking.set(gd, setTimeout(setAxis, REST_MS, gd, { top, layout }));
};

// A symmetric y axis that holds `size` and is at least `least`; changes only in steps.
export const symmetricAxis = (gd: PlotlyGraph, size: number, least: number) => {
  const top = topFor(size, least);
  changeAxis(gd, gd._fullLayout.yaxis.range[1], top, { "yaxis.range": [-top, top] });
};

// The same for a small panel: three ticks, and room so that they keep clear of the corners.
export const panelAxis = (gd: PlotlyGraph, size: number, least: number) => {
  const top = topFor(size, least);
  const range = [-1.2 * top, 1.2 * top];
  changeAxis(gd, gd._fullLayout.yaxis.range[1] / 1.2, top, { "yaxis.range": range, "yaxis.tickvals": [-top, 0, top] });
};
