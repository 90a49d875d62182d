// Paints what Fit shows: curves and sliders at each animation frame, numbers and axes a few times a second.
// Weights edited by hand are shown at once, and sent to the server at the end of a drag.
import { byId } from "../core/dom";
import * as nets from "../core/net/net";
import type * as weightRows from "../core/net/weight-rows";
import * as painting from "../core/plots/painting";
import * as plotBoxes from "../core/plots/plot-boxes";
import type { FitNet, Frame, Weights } from "../core/types";
import * as views from "../core/views";
import * as checkpoints from "./checkpoints";
import * as fitControls from "./controls";
import * as fitData from "./data";
import * as fitFields from "./fields";
import * as fitNet from "./net-description";
import { editing, net, notifySoon, playback, readyNow, set } from "./now";
import * as fitPlots from "./plots";
import * as netSteps from "./undo/net-steps";

const SLOW_MS = 200; // the loss curve, the table and the axes are updated at 5 Hz

let plots: fitData.FitPlots;
let weights: weightRows.WeightRows;
let shownNet: FitNet | null = null; // the net for which sliders, texts and legends were made, with the present data
let logEpochs = false;

// Paint other data, then the net on them.
export const showData = async (loaded: fitData.FitData) => {
  await fitData.paint(loaded, plots);
  set({ data: loaded });
  shownNet = null;
  await showNet();
};

// Update everything that depends on the kind of net and on the data, if one of them has changed. Makes new
// sliders.
export const showNet = async () => {
  const ready = readyNow();
  if (!ready || shownNet === ready.net) return;
  const { net, data } = ready;
  shownNet = net;
  buildSliders(net);
  fitNet.show(net, data);
  fitFields.limitLosses(data.isBinary);
  fitData.describe(data, net);
  await fitPlots.showNetChange(plots, data, net);
};
const buildSliders = (net: FitNet) => {
  weights = fitNet.buildWeights(byId("fit-weights"), net, { onInput: edit, onCommit: commit });
};

// --- painting ---------------------------------------------------------------------------------
// While another view is shown, only the last frame of a replay is painted.
const isVisible = () => views.isOpen("fit") || !playback.playing;

export const paintFrame = (frame: Frame) => {
  painting.request("fit", () => {
    const ready = readyNow();
    if (!ready || editing || frame.net !== ready.net) return;
    if (isVisible()) fitPlots.net(plots, ready.data, frame);
    notifySoon();
    if (playback.playing) showNumbersSoon();
    else showNumbers(); // at once for the last frame
    paintSoon();
  });
};

const showNumbers = () => {
  const { frame } = playback;
  fitControls.showPlayback(playback);
  const ready = readyNow();
  if (!frame || !ready) return;
  if (!editing && frame.p) weights.set(frame.p);
  const { x, y } = ready.data;
  const current = editing ? { ...frame, ...editing, loss: nets.loss(editing.p, x, y, ready.net) } : frame;
  fitData.testLoss(ready.data, current);
  fitControls.showCount(current);
};

const paintSlow = () => {
  const ready = readyNow();
  if (!ready?.frame || !playback.frame || !isVisible()) return;
  fitPlots.loss(plots, ready, logEpochs);
  fitPlots.axes(plots, ready.data, ready.frame);
  checkpoints.show(byId("fit-checkpoints"), playback.frames, playback.frame, ready.data);
};

export const showNumbersSoon = painting.throttle(painting.TEXT_UPDATE_MS, showNumbers);
export const paintSoon = painting.throttle(SLOW_MS, () => painting.afterPaint(paintSlow));

export const logX = (value: string[] | null) => {
  logEpochs = Boolean(value?.includes("log"));
  paintSlow();
};

// --- weights edited by hand ---------------------------------------------------------------------
const edit = (p: Weights) => {
  if (!net) return;
  const edited: fitData.Edited = { p, net, test: undefined }; // fitData.testLoss computes `test`
  set({ editing: edited });
  painting.request("fit", () => {
    const ready = readyNow();
    if (!ready || edited.net !== ready.net) return;
    fitPlots.net(plots, ready.data, edited);
    showNumbersSoon();
    notifySoon();
    paintSoon();
  });
};

const commit = (p: Weights) => {
  edit(p);
  const { frame } = playback;
  if (frame?.p?.every((value, k) => value === p[k])) {
    set({ editing: null }); // the weights are unchanged
    paintFrame(frame);
    return;
  }
  netSteps.edited(p);
  window.dash_clientside.set_props("edit", { data: { params: p, at: Date.now() } });
};

// `edit` and `commit` for other parts of the page, which have to move the sliders as well
const withSliders = (change: (p: Weights) => void) => (p: Weights) => {
  weights.set(p);
  change(p);
};
export const [editWithSliders, commitWithSliders] = [edit, commit].map(withSliders);

// --- start ------------------------------------------------------------------------------------
const draw = async () => {
  const ids = ["fit-points-plot", "fit-yhat-plot", "fit-logit-plot", "fit-loss-plot"];
  const [points, yhat, logit, loss] = await painting.graphs(ids);
  plots = { points, yhat, logit, loss };
  plotBoxes.watch([yhat, logit, loss]); // the points are in the same box as yhat
};
let drawn: Promise<void>; // resolves when the plots are there

export const start = () => {
  if (!net) return;
  fitNet.show(net, null);
  buildSliders(net);
  views.onShow("fit", () => playback.frame && paintFrame(playback.frame));
  drawn = draw();
};

export const translate = () => {
  if (plots) fitPlots.setTitles(plots);
  paintSoon();
};

export { drawn };
