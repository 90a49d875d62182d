// Two plots of several runs: their loss curves, and their yhat with the data. Each colour has a trace, followed by
// the run in Fit and the truth.
import { ancestor } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import { extremes } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import type { Column, Curve, Points } from "../../core/types";
import { type FitData, pointStyle } from "../../fit/data";
import * as fitPlots from "../../fit/plots";
import type { NetState, Run } from "./runs";

export type Logs = { logX: boolean; logY: boolean }; // which axes of the losses are logarithmic
type Named = Curve & { name?: string };
type Plots = Record<"loss" | "points" | "fit", PlotlyGraph>;

const { NOTHING } = plotting;
const LIVE = 8,
  TRUTH = 9;
const WIDTH = 2.5,
  WIDE = 5;
const EPOCH_HOVER = "%{fullData.name}<br>%{x:,} · %{y:.6f}<extra></extra>";
const X_HOVER = "%{fullData.name}<br>(%{x:.2f}, %{y:.4f})<extra></extra>";

let plots: Plots | null = null;
const shown = new Map<PlotlyGraph, Named[]>(); // the curves of each plot's traces
let pointsKey = ""; // of the data that are drawn

// Runs have colours that are not those of roles; the first four are solid, the others dashed.
const traces = (hovertemplate: string) => [
  ...Array.from({ length: LIVE }, (_, i) =>
    plotting.line(`run${i + 1}`, { ...NOTHING, hovertemplate, line: { width: WIDTH, dash: i < 4 ? "solid" : "dash" } }),
  ),
  plotting.line("yhat", { ...NOTHING, hovertemplate, line: { width: 4 } }),
  // app.css replaces this grey by the text colour of each theme.
  plotting.line("truth", { ...NOTHING, hovertemplate, line: { color: "#6b7a90", width: 2 } }),
];

export const create = async () => {
  const { axis, layout, marks, drawIn, colour } = plotting;
  const fitLook = () => layout(axis("x", [-1.04, 1.04]), axis("y", [-0.12, 1.12]));
  const dots = marks({ color: colour("data"), size: 4, opacity: 0.18 });
  const [loss, points, fit] = await Promise.all([
    drawIn("compare-loss-plot", traces(EPOCH_HOVER), layout(axis("", [0, 5000]), axis("", [0.2, 0.9]))),
    drawIn("compare-points-plot", [dots], fitLook()),
    drawIn("compare-fit-plot", traces(X_HOVER), fitLook()),
  ]);
  plots = { loss, points, fit };
  pointsKey = "";
};

// Show these curves in these traces. All traces are painted at once, because otherwise their stacking order is lost.
const put = (gd: PlotlyGraph, places: number[], curves: Named[]) => {
  const all: Named[] = shown.get(gd) ?? Array(TRUTH + 1).fill(NOTHING);
  places.forEach((place, i) => (all[place] = curves[i]));
  shown.set(gd, all);
  painting.setCurves(gd, [...all.keys()], all);
};

// --- the data -------------------------------------------------------------------------------------
// Draw the points as in Fit, except that test points look like the others.
const drawData = ({ points, fit }: Plots, data: FitData) => {
  if (data.key === pointsKey) return;
  pointsKey = data.key;
  const { sets, isFew, size, opacity, range } = pointStyle(data);
  ancestor(points, ".graph").dataset.points = isFew ? "few" : "many";
  const all = (axis: "x" | "y") => sets.flatMap((set) => set[axis]);
  const marker = { "marker.size": size, "marker.opacity": opacity };
  Plotly.update(points, { x: [all("x")], y: [all("y")], ...marker }, { "xaxis.range": range }, [0]);
  Plotly.relayout(fit, { "xaxis.range": range });
};

// --- curves ---------------------------------------------------------------------------------------
// The yhat of a net over the shown data.
export const fitOf = ({ net, p, curve, span }: NetState, data: FitData) => {
  if (p) return fitPlots.yhatOver(data, { net, p });
  const logits = curve ?? [];
  return { x: nets.grid(...span, logits.length), y: nets.output(logits, net) };
};

// On a logarithmic axis, only points above 0 are shown.
const isAbove0 = (value: number | null) => value !== null && value > 0;
const onAxes = ({ x, y }: Curve, { logX, logY }: Logs): Curve => {
  if (!logX && !logY) return { x, y };
  const kept = x.map((_, i) => i).filter((i) => (!logX || isAbove0(x[i])) && (!logY || isAbove0(y[i])));
  return kept.length ? { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) } : NOTHING;
};

export const showKept = (runs: Run[], names: string[], data: FitData, logs: Logs) => {
  if (!plots) return;
  drawData(plots, data);
  const losses: Named[] = Array(LIVE).fill(NOTHING);
  const fits: Named[] = Array(LIVE).fill(NOTHING);
  runs.forEach((run, i) => {
    if (!run.shown) return;
    const name = names[i].replaceAll("<", "&lt;");
    losses[run.colour] = { ...onAxes(run.losses, logs), name };
    if (run.data === data.key) fits[run.colour] = { ...fitOf(run, data), name };
  });
  const kept = [...losses.keys()];
  put(plots.loss, kept, losses);
  put(plots.fit, [...kept, TRUTH], [...fits, { ...(data.truth ?? NOTHING), name: i18n.t("role.prob") }]);
};

// Show the run in Fit up to the play head.
export const showLive = ({ losses, fit }: { losses: Curve; fit: Curve }, logs: Logs) => {
  if (!plots) return;
  const name = i18n.t("compare.live");
  put(plots.loss, [LIVE], [{ ...onAxes(losses, logs), name }]);
  put(plots.fit, [LIVE], [{ ...fit, name }]);
};

// --- axes -----------------------------------------------------------------------------------------
const numbersOf = (column: Column) => column.filter((value) => value !== null).filter(Number.isFinite);

const lossAxes = (plot: PlotlyGraph, curves: Curve[], truth: number, logs: Logs) => {
  const { logX, logY } = logs;
  const shown = curves.map((curve) => onAxes(curve, logs));
  const losses = numbersOf([...shown.flatMap(({ y }) => y), truth]).filter((value) => !logY || value > 0);
  const [, last] = extremes([10, ...shown.flatMap(({ x }) => numbersOf(x))]);
  const [low, high] = extremes(losses.length ? losses : [0.2, 0.9]).map(logY ? Math.log10 : Number);
  const pad = (high - low) * 0.08 || 0.05;
  const level = { x: [logX ? 1 : 0, last * 1.1], y: [truth, truth], name: i18n.t("role.true_loss") };
  put(plot, [TRUTH], [Number.isFinite(truth) ? level : NOTHING]);
  relayout(plot, {
    "xaxis.type": logX ? "log" : "linear",
    "yaxis.type": logY ? "log" : "linear",
    "xaxis.range": logX ? [0, Math.log10(last * 1.1)] : [0, last * 1.02],
    "yaxis.range": [low - pad, high + pad],
    "xaxis.title.text": i18n.t("word.epoch"),
    "yaxis.title.text": i18n.t("word.loss"),
  });
};

// Plotly.relayout draws the whole plot, so it is called only if something has changed.
const lastChanges = new WeakMap<PlotlyGraph, string>();
const relayout = (gd: PlotlyGraph, changes: PlotlyChanges) => {
  const key = JSON.stringify(changes);
  if (lastChanges.get(gd) === key) return;
  lastChanges.set(gd, key);
  Plotly.relayout(gd, changes);
};

type Extent = { losses: Curve[]; fits: Points[]; truth: number; data: FitData };
export const axes = ({ losses, fits, truth, data }: Extent, logs: Logs) => {
  if (!plots) return;
  lossAxes(plots.loss, losses, truth, logs);
  const values = fits.flatMap(({ y }) => y).filter(Number.isFinite);
  fitPlots.setRange([plots.points, plots.fit], fitPlots.rangeOf(values, ...data.span));
};

// Draw a run's curves wider, in both plots.
export const highlight = (colour: number, on: boolean) => {
  if (!plots) return;
  for (const gd of [plots.loss, plots.fit]) {
    const { line } = gd.data[colour];
    if (line) line.width = on ? WIDE : WIDTH;
    Plotly.redraw(gd); // Plotly.restyle has no effect on animated traces
  }
};

export const areReady = () => plots !== null;
