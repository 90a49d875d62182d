// The data in Fit: fetched once, and drawn in a layer that is not redrawn with the curves.
import { ancestor, byId } from "../core/dom";
import * as nets from "../core/net/net";
import { NOTHING } from "../core/plots/plotting";
import { endsOf, extremes, padded } from "../core/ranges";
import * as api from "../core/session/api";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Column, Curve, DataSpec, FitNet, Frame, Loss, Points, Range, Weights } from "../core/types";

export type FitPlots = Record<"points" | "yhat" | "logit" | "loss", PlotlyGraph>;

export const CURVE_POINTS = 101; // of a wide net's curve, evenly spaced over the data
const MAX_POINTS = 4000; // if there are more points, only some are drawn; the loss always includes all
const BINARY_SPAN: Range = [-0.12, 1.12];

// The points as the server sends them. Evenly spaced x are sent as `Spaced`. `held_out`: indices of the test points.
type Spaced = { from: number; to: number; n: number };
type Sent = {
  x: number[] | Spaced;
  y: number[];
  prob: number[] | null;
  true_loss: number | null;
  held_out: number[];
  spec: DataSpec;
};

// `x`, `y` and `prob` are the training points, sorted by x. Values that are not known are null.
export type FitData = Points & {
  key: string;
  spec: DataSpec;
  sent: Points & Pick<Sent, "prob">; // all points, in the server's order
  prob: number[] | null;
  logit: Column; // of prob
  isBinary: boolean;
  test: Points | null; // the test points
  truth: Points | null; // prob at all points
  true_loss: number | null; // the BCE of prob itself
  true_mse: number | null;
  span: Range; // of the y axis
  grid: number[]; // x at which curves are drawn
  curveX: number[]; // x of the curve in a wide net's frames
  origin?: string; // of the server's own data: where they come from
  label?: string; // and their name
};

export const load = async (key: string): Promise<FitData> => {
  const answer = api.requireServer(await api.getResponse(`data/${key}.json`));
  if (!answer.ok) throw new Error(`data ${key}: ${answer.status}`);
  return shape(key, await api.readJson(answer));
};

// numpy.linspace(from, to, n), as float32
export const spaced = ({ from, to, n }: Spaced) => {
  const step = (to - from) / (n - 1);
  return Array.from({ length: n }, (_, i) => Math.fround(i === n - 1 ? to : i * step + from));
};

const shape = (key: string, { x: places, ...columns }: Sent): FitData => {
  const sent = { ...columns, x: Array.isArray(places) ? places : spaced(places) };
  const order = sent.x.map((_, i) => i).sort((a, b) => sent.x[a] - sent.x[b]);
  const heldOut = new Set(sent.held_out);
  const training = order.filter((i) => !heldOut.has(i));
  const testing = order.filter((i) => heldOut.has(i));
  const pick = (values: number[], rows: number[]) => rows.map((i) => values[i]);
  const [x, y] = [sent.x, sent.y].map((values) => pick(values, training));
  const prob = sent.prob && pick(sent.prob, training);
  const isBinary = sent.y.every((value) => value >= 0 && value <= 1);
  const [low, high] = endsOf(x);
  return {
    spec: sent.spec,
    sent,
    key,
    x,
    y,
    prob,
    logit: prob && isBinary ? prob.map(nets.finiteLogitOf) : x.map(() => null),
    isBinary,
    test: testing.length ? { x: pick(sent.x, testing), y: pick(sent.y, testing) } : null,
    truth: sent.prob && { x: pick(sent.x, order), y: pick(sent.prob, order) },
    true_loss: prob && isBinary ? (testing.length ? nets.bce(prob.map(nets.logitOf), y) : sent.true_loss) : null,
    true_mse: prob && nets.mse(prob, y),
    span: isBinary ? BINARY_SPAN : padded(extremes(sent.y.concat(sent.prob ?? [])), 0.08),
    grid: curveGrid(low, high),
    curveX: nets.grid(low, high, CURVE_POINTS),
  };
};

// The loss of `net` if its yhat were the truth; null if the truth is not known
export const trueLoss = (data: FitData, net: { loss: Loss }) => (net.loss === "mse" ? data.true_mse : data.true_loss);

// Weights edited by hand, which have no epoch.
export type Edited = {
  p: Weights;
  net: FitNet;
  test?: number | null;
  curve?: null;
  epoch?: undefined;
  loss?: undefined;
};
export type Shown = Frame | Edited;

// The loss at the test points, or null if there are none. It is computed once for each frame; a wide net's frame
// already contains it.
export const testLoss = (data: FitData, frame: Shown) => {
  if (!data.test) return null;
  if (frame.test === undefined && frame.p) {
    frame.test = nets.loss(frame.p, data.test.x, data.test.y, frame.net);
  }
  return frame.test ?? null;
};

// 201 evenly spaced x, and 0, because the lecture's net bends there
const curveGrid = (low: number, high: number) => {
  const grid = nets.grid(low, high, 201);
  if (low < 0 && high > 0 && !grid.includes(0)) grid.push(0);
  return grid.sort((a, b) => a - b);
};

// A small vertical shift, which makes the density of points visible. It spreads evenly (multiples of the golden ratio),
// and is always the same for the same point.
const jitter = (i: number) => (((i * 0.6180339887498949) % 1) - 0.5) * 0.08;

const dots = ({ x, y }: Points, every: number, shifted: boolean): Curve => {
  const shown = x.map((_, i) => i).filter((i) => i % every === 0);
  return { x: shown.map((i) => x[i]), y: shown.map((i) => y[i] + (shifted ? jitter(i) : 0)) };
};

// The more points there are, the smaller and fainter they are drawn.
const STYLES: [most: number, size: number, opacity: number][] = [
  [60, 9, 0.85],
  [300, 6, 0.5],
  [1000, 5, 0.3],
  [Infinity, 4, 0.18],
];
const FEW = 300;

// How the points are drawn. `sets` are the training points and the test points.
export const pointStyle = (data: FitData) => {
  const n = data.x.length + (data.test?.x.length ?? 0);
  const every = Math.ceil(n / MAX_POINTS);
  const isFew = n <= FEW;
  const shifted = data.isBinary && !isFew;
  const sets = [data, data.test].map((set) => (set ? dots(set, every, shifted) : NOTHING));
  const [, size, opacity] = STYLES.filter(([most]) => n <= most)[0];
  return { sets, isFew, size, opacity, range: padded(endsOf(data.grid), isFew ? 0.05 : 0.02) };
};

export const paint = (data: FitData, plots: FitPlots) => {
  const { sets, isFew, size, opacity, range } = pointStyle(data);
  const span = { "xaxis.range": range };
  ancestor(plots.points, ".graph").dataset.points = isFew ? "few" : "many";
  const markers = { "marker.size": size, "marker.opacity": [opacity, Math.min(1, 1.4 * opacity)] };
  const truth = data.truth ?? NOTHING;
  return Promise.all([
    Plotly.update(plots.points, { x: sets.map((set) => set.x), y: sets.map((set) => set.y), ...markers }, span, [0, 1]),
    Plotly.update(plots.yhat, { x: [truth.x], y: [truth.y] }, span, [1]),
    Plotly.relayout(plots.logit, span), // fitPlots.showNetChange draws its truth, which depends on the net
  ]);
};

// "Data: the step-like set (2,000 points, 600 of them kept for testing). Loss of prob itself 0.31"
const description = (data: FitData, net: { loss: Loss }) => {
  const { t } = i18n;
  const n = data.x.length + (data.test?.x.length ?? 0);
  const points = numbers.whole(n);
  const loss = numbers.fixed(trueLoss(data, net) ?? NaN, 6);
  const known = trueLoss(data, net) !== null;
  const sentences =
    data.spec.law === "lecture"
      ? [t(`data.${data.origin}`, { n: points, label: data.label, loss })]
      : [
          t("dataset.line", { name: nameOf(data.spec), n: points }),
          ...(known ? [t("dataset.line_truth", { loss })] : []),
        ];
  if (data.test) sentences.push(t("dataset.line_test", { n: numbers.whole(data.test.x.length) }));
  return sentences.join(" ");
};

export const nameOf = ({ law, label }: DataSpec) => (law === "own" && label ? label : i18n.t(`dataset.${law}`));

// Write the two lines under the data's title: their name, and the kind of their y.
export const describe = (data: FitData, net: { loss: Loss }) => {
  byId("fit-data").textContent = description(data, net);
  const kind = data.isBinary ? "" : i18n.t("dataset.numbers_hint");
  byId("fit-data-kind").textContent = kind;
};
