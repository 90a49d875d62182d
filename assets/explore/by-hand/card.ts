// By hand against Adam: the student's own weights of the lecture's net beside the net in Fit, on the
// same data, with the same loss.

import * as buildSection from "../../build/build";
import { byId, write } from "../../core/dom";
import * as undo from "../../core/history";
import * as i18n from "../../core/i18n";
import * as nets from "../../core/net";
import * as numbers from "../../core/numbers";
import * as painting from "../../core/painting";
import * as plotting from "../../core/plotting";
import * as storage from "../../core/storage";
import * as weightRows from "../../core/weight-rows";
import * as fitSection from "../../fit/fit";
import { bestBent } from "./best-bent";

const STORE = "pwl.by-hand";
const HAND = 0,
  ADAM = 1,
  TRUTH = 2; // traces of the plot
const NOTHING = { x: [null], y: [null] };
const MOST_POINTS = 4000; // more than this are thinned on screen; the loss always counts all
const LEVEL = 5e-7; // a smaller difference of losses is not seen in their six decimals

let weights;
let plots = null; // {points, curves}, once they are near the screen
let newest = null; // what Fit told last
let drawnKey = ""; // of the data and kind of loss that the axes are for
let before; // the weights before the drag that is going on
const best = new Map(); // the best weights, by data and loss

// The lecture's net, ended as the net in Fit is: with a sigmoid and BCE, or without and MSE.
const handNet = ({ net }) => ({ ...nets.LECTURE, loss: net.loss });

const remember = () => storage.keep(STORE, JSON.stringify(weights.get()));
const remembered = () => {
  try {
    const saved = JSON.parse(storage.recall(STORE));
    return saved?.length === 5 && saved.every(Number.isFinite) ? saved : null;
  } catch {
    return null;
  }
};

// --- plot -------------------------------------------------------------------------------------
// {x, y} of the truth: prob, or the function that the numbers lie around; null where it is unknown
const truthOf = (data) => data.truth ?? (data.prob && { x: data.x, y: data.prob });

const spanOf = (data, loss) => {
  if (data.span) return data.span;
  return loss === "mse" ? [-0.3, 1.3] : [-0.12, 1.12];
};

const drawData = ({ data, net }) => {
  const key = `${data.key} ${net.loss}`;
  if (key === drawnKey) return;
  drawnKey = key;
  const every = Math.ceil(data.x.length / MOST_POINTS);
  const shown = data.x.map((_, i) => i).filter((i) => i % every === 0);
  const [low, high] = [data.grid[0], data.grid[data.grid.length - 1]];
  const pad = (high - low) * 0.02 || 1;
  const ranges = { "xaxis.range": [low - pad, high + pad], "yaxis.range": spanOf(data, net.loss) };
  const few = shown.length <= 300;
  const dots = {
    x: [shown.map((i) => data.x[i])],
    y: [shown.map((i) => data.y[i])],
    "marker.size": few ? 7 : 5,
    "marker.opacity": few ? 0.6 : 0.12,
  };
  Plotly.update(plots.points, dots, ranges, [0]);
  const truth = truthOf(data) ?? NOTHING;
  Plotly.update(plots.curves, { x: [truth.x], y: [truth.y] }, ranges, [TRUTH]);
};

const curveOf = (p, net, data) => {
  const bends = nets.knots(p, net).filter((x) => data.grid[0] < x && x < data.grid[data.grid.length - 1]);
  const x = [...new Set([...data.grid, ...bends])].sort((a, b) => a - b);
  return { x, y: nets.yhat(p, x, net) };
};
const adamsCurve = ({ frame, net, data }) =>
  frame.p ? curveOf(frame.p, net, data) : { x: data.curveX, y: nets.output(frame.curve, net) };

const paint = () => {
  if (!newest?.net || newest.frame?.net !== newest.net) return; // the frames of this net are on their way
  showScore();
  if (!plots) return;
  drawData(newest);
  const { data } = newest;
  const hand = curveOf(weights.get(), handNet(newest), data);
  painting.curves(plots.curves, [HAND, ADAM], [hand, adamsCurve(newest)]);
};
const paintSoon = () => painting.request("by-hand", paint);

// --- losses and the verdict -------------------------------------------------------------------
const handLoss = () => nets.loss(weights.get(), newest.data.x, newest.data.y, handNet(newest));
const adamsLoss = ({ frame, data, net }) => frame.loss ?? nets.loss(frame.p, data.x, data.y, net);

const verdict = () => {
  const difference = handLoss() - adamsLoss(newest);
  const key =
    Math.abs(difference) < LEVEL ? "byhand.level" : difference < 0 ? "byhand.hand_lower" : "byhand.adam_lower";
  return i18n.t(key, { by: numbers.fixed(Math.abs(difference), 6) });
};

const showScore = () => {
  write(byId("by-hand-loss"), numbers.fixed(handLoss(), 6));
  write(byId("by-hand-adam-loss"), numbers.fixed(adamsLoss(newest), 6));
  write(byId("by-hand-verdict"), verdict());
  byId("by-hand-from-adam").disabled = !isLectures(newest);
};

// --- weights ----------------------------------------------------------------------------------
const isLectures = ({ net, frame }) => Boolean(frame.p) && net.h === 2 && !net.bias1 && net.activation === "relu";

const commit = () => {
  remember();
  if (newest?.frame) {
    const loss = numbers.fixed(handLoss(), 6);
    i18n.announce(`${i18n.t("byhand.loss_hand")} ${loss}. ${verdict()}`);
  }
};
const put = (p) => {
  weights.set(p);
  before = p;
  paintSoon();
  commit();
};
const recordStep = (from, to) => {
  if (from.some((value, k) => value !== to[k]))
    undo.record(
      () => put(from),
      () => put(to),
    );
};
const take = (p) => {
  const from = weights.get();
  put(p);
  recordStep(from, p);
};
const released = (p) => {
  recordStep(before, p);
  before = p;
  paintSoon();
  commit();
};

const bestWeights = () => {
  const { data, net } = newest;
  const key = `${data.key} ${net.loss}`;
  if (!best.has(key)) best.set(key, bestBent(data.x, data.y, net.loss));
  return best.get(key);
};

// --- start ------------------------------------------------------------------------------------
const build = async () => {
  const { axis, layout, line, create, colour } = plotting;
  const look = () => layout(axis("x", [-1.04, 1.04]), axis("ŷ", [-0.12, 1.12]));
  const dots = {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    hoverinfo: "skip",
    marker: { color: colour("data"), size: 5, opacity: 0.12 },
  };
  const curves = [
    line("hand", { ...NOTHING, line: { width: 4 } }),
    line("yhat", { ...NOTHING, line: { width: 3 } }),
    line("truth", { ...NOTHING, line: { width: 2, dash: "dash", color: "#6b7a90" } }),
  ];
  const within = (id) => byId(id).appendChild(document.createElement("div"));
  const [points, above] = await Promise.all([
    create(within("by-hand-points"), [dots], look()),
    create(within("by-hand-plot"), curves, look()),
  ]);
  plots = { points, curves: above };
  paintSoon();
};

const recolour = () => {
  if (plots) Plotly.restyle(plots.curves, { "line.color": plotting.colour("hand") }, [HAND]);
};

export const start = () => {
  const host = byId("by-hand-weights");
  weights = weightRows.create(host, { onInput: paintSoon, onCommit: released, step: 0.01 });
  const saved = remembered();
  if (saved) weights.set(saved);
  before = weights.get();
  byId("by-hand-from-build").addEventListener("click", () => take(buildSection.weights()));
  byId("by-hand-from-adam").addEventListener("click", () => take([...newest.frame.p]));
  byId("by-hand-best").addEventListener("click", () => newest?.frame && take(bestWeights()));
  byId("by-hand-from-adam").disabled = true;
  plotting.whenNear(host.closest(".card"), build);
  fitSection.onChange((now) => {
    newest = now;
    paintSoon();
  });
  i18n.onLanguage(paintSoon);
  new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-theme"] });
};
