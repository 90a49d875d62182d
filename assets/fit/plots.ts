// The three plots of Fit. The curves of yhat and of the logit are updated at every animation frame, the loss curve
// and the axes a few times a second.

import * as nets from "../core/net/net";
import * as painting from "../core/plots/painting";
import { NOTHING, withGaps } from "../core/plots/plotting";
import { endsOf, extremes } from "../core/ranges";
import * as i18n from "../core/text/i18n";
import type { Curve, FitNet, NetDescription, Range, Weights } from "../core/types";
import type { FitData, FitPlots, Shown } from "./data";
import * as fitData from "./data";
import type { Ready } from "./fit";

const UNIT1 = 0,
  UNIT2 = 1,
  NET = 2,
  TRUTH = 3,
  BEND = 4,
  OTHERS = 5; // figures.TRACES["logit"]

// The x at which a net's curves are evaluated: the data's grid, and the net's bends within it.
type Plain = { net: NetDescription; p: Weights };
export const placesOf = (data: FitData, { net, p }: Plain) => {
  const { grid } = data;
  const [low, high] = endsOf(grid);
  const bends = nets.knots(p, net).filter((x) => low <= x && x <= high);
  const between = bends.filter((x) => !grid.includes(x));
  return { bends, x: between.length ? [...grid, ...between].sort((a, b) => a - b) : grid };
};

// The yhat of a net over the data.
export const yhatOver = (data: FitData, { net, p }: Plain) => {
  const { x } = placesOf(data, { net, p });
  return { x, y: nets.yhat(p, x, net) };
};

const plain = (plots: FitPlots, data: FitData, { net, p }: Plain) => {
  const { bends, x } = placesOf(data, { net, p });
  const logits = nets.logit(p, x, net);
  const units = Array.from({ length: net.h }, (_, k) => ({ x, y: nets.contribution(p, k, x, net) }));
  const bend = bends.length ? { x: bends, y: nets.logit(p, bends, net) } : NOTHING;
  painting.setCurves(plots.yhat, [0], [{ x, y: nets.output(logits, net) }]);
  const traces: Curve[] = [units[0], units[1] ?? NOTHING, { x, y: logits }, bend];
  const places = [UNIT1, UNIT2, NET, BEND];
  if (net.h > 2) {
    const others = units.slice(2);
    traces.push({ x: withGaps(others.map(({ x }) => x)), y: withGaps(others.map(({ y }) => y)) });
    places.push(OTHERS);
  }
  painting.setCurves(plots.logit, places, traces);
};

// A wide net's frame contains the curve of its logit.
const wide = (plots: FitPlots, data: FitData, net: FitNet, curve: number[]) => {
  const x = data.curveX;
  painting.setCurves(plots.yhat, [0], [{ x, y: nets.output(curve, net) }]);
  painting.setCurves(plots.logit, [NET], [{ x, y: curve }]);
};

// The numbers in a wide net's frame: its curve, and the loss at the test points.
export const wideFrame = (numbers: number[]) => ({
  p: null,
  curve: numbers.slice(0, fitData.CURVE_POINTS),
  test: numbers[fitData.CURVE_POINTS],
});

// Draw yhat and the logit.
export const net = (plots: FitPlots, data: FitData, { net, p, curve }: Shown) => {
  if (p) plain(plots, data, { net, p });
  else if (curve) wide(plots, data, net, curve);
};

// Prepare the plots for another kind of net: remove the previous net's units, and show the truth that belongs to
// the output of the new net's last layer.
export const showNetChange = (plots: FitPlots, data: FitData, net: FitNet) => {
  painting.setCurves(plots.logit, [UNIT1, UNIT2, BEND, OTHERS], Array(4).fill(NOTHING));
  const isMse = net.loss === "mse";
  const truth = !data.truth ? NOTHING : isMse ? data.truth : { x: data.x, y: data.logit };
  const title = isMse ? "ŷ" : "logit";
  return Plotly.update(plots.logit, { x: [truth.x], y: [truth.y] }, { "yaxis.title.text": title }, [TRUTH]);
};

// Change axes, such as {"xaxis.type": "log", "yaxis.range": [0, 1]}, unless they already are as wanted.
const setAxes = (gd: PlotlyGraph, wanted: PlotlyChanges) => {
  const isSet = ([path, value]: [string, unknown]) => {
    const [axis, property] = path.split(".");
    const { xaxis, yaxis } = gd._fullLayout;
    return String((axis === "xaxis" ? xaxis : yaxis)[property]) === String(value);
  };
  if (!Object.entries(wanted).every(isSet)) Plotly.relayout(gd, wanted);
};
export const setRange = (graphs: PlotlyGraph[], range: Range) =>
  graphs.forEach((gd) => setAxes(gd, { "yaxis.range": range }));

// The range from `low` to `high`, extended in steps if values lie outside. If it contains 0, the steps count from 0.
export const rangeOf = (values: number[], low: number, high: number): Range => {
  const [least, most] = extremes(values);
  const room = (end: number) => 0.04 * Math.min(Math.abs(end), high - low);
  const bottom = Math.max(low, 0);
  const top = Math.min(high, 0);
  return [
    least < low + room(low) ? bottom - painting.niceCeil(bottom - least) : low,
    most > high - room(high) ? top + painting.niceCeil(most - top) : high,
  ];
};

// Set the axes so that they contain the truth and the net.
export const axes = (plots: FitPlots, data: FitData, { net, p, curve }: Shown) => {
  const bends = p ? placesOf(data, { net, p }).bends : [];
  const places = [...endsOf(data.grid), ...bends];
  const units = p ? Array.from({ length: net.h }, (_, k) => nets.contribution(p, k, places, net)) : [];
  const logits = p ? nets.logit(p, places, net) : (curve ?? []);
  const values = [...logits, ...units.flat()];
  if (net.loss === "mse") {
    setRange([plots.points, plots.yhat], rangeOf(logits, ...data.span));
    setRange([plots.logit], rangeOf(values, ...data.span));
  } else {
    setRange([plots.points, plots.yhat], data.span);
    const truth = data.logit.filter((z) => z !== null);
    setRange([plots.logit], rangeOf([...values, ...truth], -11, 7));
  }
};

// A range that contains `low` to `high`. While the curve moves, the present range stays if it fits and is not much
// too large, because drawing an axis takes as long as two frames.
const lossRange = (gd: PlotlyGraph, low: number, high: number, isMoving: boolean): Range => {
  const pad = (high - low) * 0.08 || 0.05;
  const now = gd._fullLayout.yaxis.range;
  const isRoomy = now[1] - now[0] > 1.5 * (high - low + 2 * pad);
  const stays = isMoving && now[0] < low && high < now[1] && !isRoomy;
  return stays ? now : [low - pad, high + pad];
};

// Draw the loss up to the play head, in axes that contain the whole run. If there are test points, their loss is drawn
// too. `log`: whether the epoch axis is logarithmic.
export const loss = (plots: FitPlots, { data, net, playback, state }: Ready, log: boolean) => {
  const { frames, index } = playback;
  const truth = fitData.trueLoss(data, net);
  const test = (frame: Shown) => fitData.testLoss(data, frame);
  const seen = frames.slice(0, index + 1).filter((frame) => !log || frame.epoch > 0);
  const now = seen.at(-1);
  const last = Math.max(state.target_epoch, frames[frames.length - 1].epoch, 10);
  const losses = [truth, ...frames.map((frame) => frame.loss), ...(data.test ? seen.map(test) : [])];
  const [low, high] = extremes(losses.filter((each) => each !== null));
  const x = seen.map((frame) => frame.epoch);
  const curves: Curve[] = [
    { x: [log ? 1 : 0, last], y: [truth, truth] },
    now ? { x, y: seen.map((frame) => frame.loss) } : NOTHING,
    now ? { x: [now.epoch], y: [now.loss] } : NOTHING,
    now && data.test ? { x, y: seen.map(test) } : NOTHING,
  ];
  setAxes(plots.loss, {
    "xaxis.type": log ? "log" : "linear",
    "xaxis.range": log ? [0, Math.log10(last * 1.1)] : [0, last * 1.02],
    "yaxis.range": lossRange(plots.loss, low, high, playback.playing),
  });
  painting.setCurves(plots.loss, [0, 1, 2, 3], curves);
};

export const setTitles = (plots: FitPlots) =>
  Plotly.relayout(plots.loss, {
    "xaxis.title.text": i18n.t("word.epoch"),
    "yaxis.title.text": i18n.t("word.loss"),
  });
