// "By hand against Adam": the lecture's net with the student's own weights, and the net in Fit, on the same data and
// with the same loss.

import * as buildSection from "../../build/build";
import { ancestor, byId, setText } from "../../core/dom";
import * as undo from "../../core/history";
import * as nets from "../../core/net/net";
import * as weightRows from "../../core/net/weight-rows";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import { endsOf, padded } from "../../core/ranges";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { NetDescription, Weights } from "../../core/types";
import type { Shown } from "../../fit/data";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as fitPlots from "../../fit/plots";
import * as plateaus from "../seeds/plateaus";

const STORE = "pwl.by-hand";
const HAND = 0,
  ADAM = 1,
  TRUTH = 2; // traces of the plot
const MAX_POINTS = 4000; // if there are more points, only some are drawn; the loss always includes all
const TIE = 5e-7; // a smaller difference of the losses is not visible in their six decimals

type Newest = Ready & { frame: Shown };

let weights: weightRows.WeightRows;
let plots: { points: PlotlyGraph; curves: PlotlyGraph } | null = null; // null until the card comes near the screen
let newest: Newest | null = null; // the newest state of Fit
let drawnKey = ""; // the data and the loss that are drawn
let before: Weights; // the weights before the present drag

// The lecture's net with the loss of the net in Fit: BCE after a sigmoid, or MSE without one.
const handNet = ({ net }: Ready): NetDescription => ({ ...nets.LECTURE, loss: net.loss });

const remember = () => storage.writeTab(STORE, JSON.stringify(weights.get()));
const remembered = (): Weights | null => {
  const saved = storage.readTabJson(STORE);
  return Array.isArray(saved) && saved.length === 5 && saved.every(Number.isFinite) ? saved : null;
};

// --- plot -------------------------------------------------------------------------------------
const drawData = ({ points, curves }: NonNullable<typeof plots>, { data, net }: Newest) => {
  const key = `${data.key} ${net.loss}`;
  if (key === drawnKey) return;
  drawnKey = key;
  const every = Math.ceil(data.x.length / MAX_POINTS);
  const shown = data.x.map((_, i) => i).filter((i) => i % every === 0);
  const ranges = { "xaxis.range": padded(endsOf(data.grid), 0.02), "yaxis.range": data.span };
  const few = shown.length <= 300;
  const dots = {
    x: [shown.map((i) => data.x[i])],
    y: [shown.map((i) => data.y[i])],
    "marker.size": few ? 7 : 5,
    "marker.opacity": few ? 0.6 : 0.12,
  };
  Plotly.update(points, dots, ranges, [0]);
  const truth = data.truth ?? plotting.NOTHING;
  Plotly.update(curves, { x: [truth.x], y: [truth.y] }, ranges, [TRUTH]);
};

const adamsCurve = ({ frame: { p, curve }, net, data }: Newest) =>
  p ? fitPlots.yhatOver(data, { net, p }) : { x: data.curveX, y: nets.output(curve ?? [], net) };

const paint = () => {
  if (!newest || newest.frame.net !== newest.net) return; // no frame of this net has come yet
  showScore(newest);
  if (!plots) return;
  drawData(plots, newest);
  const hand = fitPlots.yhatOver(newest.data, { net: handNet(newest), p: weights.get() });
  painting.setCurves(plots.curves, [HAND, ADAM], [hand, adamsCurve(newest)]);
};
const paintSoon = () => painting.request("by-hand", paint);

// --- losses and the verdict -------------------------------------------------------------------
const handLoss = (now: Newest) => nets.loss(weights.get(), now.data.x, now.data.y, handNet(now));
const adamsLoss = ({ frame, data, net }: Newest) =>
  frame.loss ?? (frame.p ? nets.loss(frame.p, data.x, data.y, net) : NaN);

const verdict = (now: Newest) => {
  const difference = handLoss(now) - adamsLoss(now);
  const key = Math.abs(difference) < TIE ? "byhand.level" : difference < 0 ? "byhand.hand_lower" : "byhand.adam_lower";
  return i18n.t(key, { by: numbers.fixed(Math.abs(difference), 6) });
};

const showScore = (now: Newest) => {
  setText(byId("by-hand-loss"), numbers.fixed(handLoss(now), 6));
  setText(byId("by-hand-adam-loss"), numbers.fixed(adamsLoss(now), 6));
  setText(byId("by-hand-verdict"), verdict(now));
  byId("by-hand-from-adam", HTMLButtonElement).disabled = !isLectureNet(now);
};

// --- weights ----------------------------------------------------------------------------------
const isLectureNet = ({ net, frame }: Newest) =>
  Boolean(frame.p) && net.h === 2 && !net.bias1 && net.activation === "relu";

const commit = () => {
  remember();
  if (newest) {
    const loss = numbers.fixed(handLoss(newest), 6);
    i18n.announce(`${i18n.t("byhand.loss_hand")} ${loss}. ${verdict(newest)}`);
  }
};
const put = (p: Weights) => {
  weights.set(p);
  before = p;
  paintSoon();
  commit();
};
const recordStep = (from: Weights, to: Weights) => {
  if (from.some((value, k) => value !== to[k]))
    undo.record(
      () => put(from),
      () => put(to),
    );
};
const replace = (p: Weights) => {
  const from = weights.get();
  put(p);
  recordStep(from, p);
};
const onRelease = (p: Weights) => {
  recordStep(before, p);
  before = p;
  paintSoon();
  commit();
};

// The best weights of the lecture's net: W1 = (1, -1) as in the lecture, and the two slopes in W2.
const showBest = () => {
  const found = newest && plateaus.of(newest, showBest);
  if (!found) return; // showBest is called again when the server has answered
  const [left, right, b] = found.line;
  replace([1, -1, right, -left, b]);
};

// --- start ------------------------------------------------------------------------------------
const build = async () => {
  const { NOTHING, axis, layout, line, marks, drawIn, colour } = plotting;
  const look = () => layout(axis("x", [-1.04, 1.04]), axis("ŷ", [-0.12, 1.12]));
  const dots = marks({ color: colour("data"), size: 5, opacity: 0.12 });
  const curves = [
    line("hand", { ...NOTHING, line: { width: 4 } }),
    line("yhat", { ...NOTHING, line: { width: 3 } }),
    line("truth", { ...NOTHING, line: { width: 2, color: "#6b7a90" } }),
  ];
  const [points, curvesAbove] = await Promise.all([
    drawIn("by-hand-points", [dots], look()),
    drawIn("by-hand-plot", curves, look()),
  ]);
  plots = { points, curves: curvesAbove };
  paintSoon();
};

const recolour = () => {
  if (plots) Plotly.restyle(plots.curves, { "line.color": plotting.colour("hand") }, [HAND]);
};

export const start = () => {
  const host = byId("by-hand-weights");
  weights = weightRows.create(host, { onInput: paintSoon, onCommit: onRelease, step: 0.01 });
  const saved = remembered();
  if (saved) weights.set(saved);
  before = weights.get();
  byId("by-hand-from-build").addEventListener("click", () => replace(buildSection.weights()));
  byId("by-hand-from-adam").addEventListener("click", () => newest?.frame.p && replace([...newest.frame.p]));
  byId("by-hand-best").addEventListener("click", showBest);
  byId("by-hand-from-adam", HTMLButtonElement).disabled = true;
  plotting.whenNear(ancestor(host, ".card"), build);
  fitSection.onChange((now) => {
    const { frame } = now;
    newest = frame ? { ...now, frame } : null;
    paintSoon();
  });
  i18n.onLanguage(paintSoon);
  plotting.onTheme(recolour);
};
