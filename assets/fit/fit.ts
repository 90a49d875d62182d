// The Fit view: opens a session, shows its state and frames as they arrive, and sends weights edited by hand.
import { byId } from "../core/dom";
import * as nets from "../core/net/net";
import * as weightHighlight from "../core/net/weight-highlight";
import type * as weightRows from "../core/net/weight-rows";
import * as painting from "../core/plots/painting";
import * as plotBoxes from "../core/plots/plot-boxes";
import * as api from "../core/session/api";
import * as eventStream from "../core/session/event-stream";
import * as playbacks from "../core/session/playback";
import * as tabs from "../core/session/tabs";
import * as i18n from "../core/text/i18n";
import type { Answer, FitNet, Frame, FrameRow, Snapshot, Weights } from "../core/types";
import * as views from "../core/views";
import * as checkpoints from "./checkpoints";
import * as fitControls from "./controls";
import * as fitData from "./data";
import * as fitFields from "./fields";
import * as fitNet from "./net-description";
import * as fitPlots from "./plots";
import * as fitSession from "./session";
import { state } from "./session";
import * as fitSteps from "./steps";

const SLOW_MS = 200; // the loss curve, the table and the axes are updated at 5 Hz

let plots: fitData.FitPlots;
let plotsDrawn: Promise<void>;
let data: fitData.FitData | null = null;
let dataKey = ""; // of the data that are loaded or being loaded
let serverData: fitSession.Opened["data"]; // origin and label of the data of new sessions
let weights: weightRows.WeightRows;
let playback: playbacks.Playback<Frame>;
let stream: ReturnType<typeof eventStream.follow> | null = null;
let net: FitNet | null = null; // of the session
let shownNet: FitNet | null = null; // the net that sliders, texts and legends were made for, with these data
let editing: fitData.Edited | null = null; // weights edited by hand, until the server has recorded them
let logEpochs = false;

// --- session ----------------------------------------------------------------------------------
export const opened = async (session: Answer<fitSession.Opened> | null) => {
  if (!fitSession.isOpen(session)) return;
  await plotsDrawn;
  stream?.close();
  if (!fitSession.isOwn()) showSession(null);
  fitSession.enter(session);
  playback.clear();
  editing = null;
  serverData = session.data;
  try {
    await useData(session.snapshot.data_key);
  } catch {
    fitSession.openLater(); // the data could not be loaded
    return;
  }
  fitControls.showDataProblem(session.data_problem);
  apply(session.snapshot);
  listen();
};

const listen = () => {
  stream?.close();
  stream = eventStream.follow(() => fitSession.addresses(playback.lastSeq), {
    onRoom: (room) => fitSession.seat?.onRoom(room),
    onState: apply,
    onFrames: receive,
    onLost: fitSession.lost,
    onConnection: (isConnected, reason) => fitControls.showConnection(isConnected, reason, playback),
  });
};

// Take a seat in a class, or, with null, leave it.
export const setSeat = (seat: fitSession.Seat | null) => {
  fitSession.setSeat(seat);
  if (stream) listen();
};

// Show another session, or, with null, the tab's own. Its state and frames arrive through the stream.
export const showSession = (sid: string | null) => {
  if ((sid ?? fitSession.own) === fitSession.sid) return;
  fitSteps.setAside(fitSession.place());
  fitSession.showSession(sid);
  playback.clear();
  editing = null;
  net = null; // so that no more frames of the previous session are painted
};

// Fetch and paint the session's data. The previous data stay on the plots until these are loaded.
const useData = async (key: string) => {
  dataKey = key;
  if (data?.key === key) return;
  const loaded = await fitData.load(key);
  if (dataKey !== key) return; // the data have changed again meanwhile
  if (loaded.spec.law === "lecture") Object.assign(loaded, serverData);
  await fitData.paint(loaded, plots);
  data = loaded;
  shownNet = null;
  const ready = readyNow();
  if (ready) await showNet(ready);
};
// now(), or null until the session is open and its data are loaded.
const readyNow = (): Ready | null => {
  const current = now();
  return isReady(current) ? current : null;
};

const followData = ({ data_key: key }: Snapshot) => {
  net = null; // so that no frame is painted with data that are not its own
  useData(key).then(
    () => playback.frame && paintFrame(playback.frame),
    () => {
      dataKey = data?.key ?? "";
      fitSession.openLater();
    },
  );
};

// Set the session's net, which is needed to read its frames.
const useNet = (snapshot: Snapshot) => {
  const { h, bias1, activation, loss } = snapshot.net;
  const next: FitNet = { h, bias1, activation, loss, plain: snapshot.params !== null };
  if (!net || JSON.stringify(net) !== JSON.stringify(next)) {
    net = next;
    editing = null;
  }
  const ready = readyNow();
  if (ready && shownNet !== net) showNet(ready);
};

// Update everything that depends on the kind of net and on the data. Makes new sliders.
const showNet = ({ net, data }: Ready) => {
  shownNet = net;
  weights = fitNet.buildWeights(byId("fit-weights"), net, { onInput: edit, onCommit: commit });
  fitNet.show(net, data);
  fitFields.limitLosses(data.isBinary);
  fitData.describe(data, net);
  return fitPlots.showNetChange(plots, data, net);
};

const apply = (snapshot?: Snapshot) => {
  if (!snapshot || (state && snapshot.version < state.version)) return;
  const isFirst = !state;
  const wasRunning = state?.status === "running";
  const hasStarted = snapshot.status === "running" && !wasRunning;
  const hasStepped = state && !wasRunning && snapshot.epoch > state.epoch;
  const seedAndNet = ({ seed, net: kind }: Snapshot) => JSON.stringify({ seed, net: kind });
  const isOtherNet = state && seedAndNet(snapshot) !== seedAndNet(state);
  fitSession.keep(snapshot);
  playback.dropBefore(snapshot.first_seq);
  if (dataKey !== snapshot.data_key) followData(snapshot);
  useNet(snapshot);
  notifySoon();
  if (hasStarted || hasStepped) playback.follow();
  skipToPause();
  if (isFirst) fitFields.fill(snapshot);
  else if (isOtherNet) fitFields.fillNet(snapshot);
  fitControls.showState(snapshot, playback);
  fitFields.show(snapshot);
  fitControls.showNotice(fitSession.sid, snapshot);
  if (isFirst) fitSteps.arrive(fitSession.place(), snapshot);
  paintSoon();
};

const receive = (rows: FrameRow[]) => {
  const frameNet = net;
  if (!frameNet) return;
  const frames = rows
    .map(
      ([seq, epoch, loss, mark, ...numbers]): Frame => ({
        seq,
        epoch,
        loss,
        mark,
        net: frameNet,
        ...(frameNet.plain ? { p: numbers, curve: null } : fitPlots.wideFrame(numbers)),
      }),
    )
    .filter((frame) => frame.seq >= (state?.first_seq ?? 0));
  playback.add(frames);
  notifySoon();
  if (frames.some((frame) => frame.mark === "edit")) {
    editing = null;
    playback.skip();
  }
  skipToPause();
  paintSoon();
};

// When a run has been paused, the play head jumps to the net's present state, unless the user has scrubbed
// back. (The press of Pause has held the head; see controls.ts.)
const skipToPause = () => {
  const isOver = playback.held ? state?.status !== "running" : state?.status === "paused" && playback.playing;
  if (isOver && playback.following) playback.skip();
};

// Handles the answer to a command. It contains the new snapshot, usually before the stream delivers it.
export const reply = (answer: (Answer & { sid?: string }) | null) => {
  if (!answer || (answer.sid && answer.sid !== fitSession.sid)) return; // that session is no longer shown
  if (!answer.error) {
    fitControls.dismissError();
    apply(answer.snapshot);
    stream?.expect(answer.snapshot?.version);
    fitSteps.answered(answer);
    return;
  }
  fitSteps.answered(answer);
  editing = null;
  if (playback.held) playback.follow();
  if (state) fitControls.showState(state, playback);
  fitControls.showMessage("fit-notice", "error", answer.error);
  if (answer.error.code === "session_unknown")
    fitSession.open(); // the server then makes a new session
  else if (playback.frame) paintFrame(playback.frame);
};

// --- painting ---------------------------------------------------------------------------------
// While another view is shown, only the last frame of a replay is painted.
const isVisible = () => views.isOpen("fit") || !playback.playing;

const paintFrame = (frame: Frame) => {
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

const showNumbersSoon = painting.throttle(painting.TEXT_UPDATE_MS, showNumbers);
const paintSoon = painting.throttle(SLOW_MS, () => painting.afterPaint(paintSlow));

export const logX = (value: string[] | null) => {
  logEpochs = Boolean(value?.includes("log"));
  paintSlow();
};

// --- weights edited by hand: shown at once, sent to the server at the end of a drag -------------
const edit = (p: Weights) => {
  if (!net) return;
  const edited: fitData.Edited = { p, net, test: undefined }; // fitData.testLoss computes `test`
  editing = edited;
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
    editing = null; // the weights are unchanged
    paintFrame(frame);
    return;
  }
  fitSteps.edited(p);
  window.dash_clientside.set_props("edit", { data: { params: p, at: Date.now() } });
};

// --- for other sections -----------------------------------------------------------------------
// Edit the weights from elsewhere on the page: the sliders follow.
const withSliders = (change: (p: Weights) => void) => (p: Weights) => {
  weights.set(p);
  change(p);
};

// What Fit shows. `frame` is the frame under the play head, or the weights edited by hand; `state` is the newest
// snapshot, which may be ahead of `frame`.
export type Now = {
  sid: string;
  state: Snapshot | null;
  net: FitNet | null;
  data: fitData.FitData | null;
  playback: playbacks.Playback<Frame>;
  frame: fitData.Shown | undefined;
};
// The same when the session is open and its data are loaded.
export type Ready = Now & { state: Snapshot; net: FitNet; data: fitData.FitData };

export const isReady = (now: Now): now is Ready =>
  Boolean(now.state && now.net && now.data?.key === now.state.data_key);
// For code that runs only when the session is open; throws otherwise. Other data may be loading.
export const open = (): Ready => {
  const { state, net, data, ...rest } = now();
  if (!state || !net || !data) throw new Error("the session is not open");
  return { state, net, data, ...rest };
};
export const now = (): Now => ({ sid: fitSession.sid, state, net, data, playback, frame: editing ?? playback?.frame });

// Call `listener` after each change, at most 15 times a second.
type Listener = (now: Ready) => void;
const listeners: Listener[] = [];
export const onChange = (listener: Listener) => {
  listeners.push(listener);
  // Once now, for a part that is loaded after the session was opened.
  queueMicrotask(() => {
    const ready = readyNow();
    if (ready) listener(ready);
  });
};
const notifySoon = painting.throttle(painting.TEXT_UPDATE_MS, () => {
  const ready = readyNow();
  if (ready) listeners.forEach((listener) => listener(ready));
});

// --- start ------------------------------------------------------------------------------------
export const start = () => {
  playback = playbacks.create({ onFrame: paintFrame, onMove: showNumbersSoon });
  fitSession.start(reply);
  fitControls.start(playback, () => stream?.expect());
  api.onCaptivePortal(() => stream?.expect());
  fitFields.start();
  weightHighlight.start();
  net = { ...nets.LECTURE, plain: true }; // until the session is open
  fitNet.show(net, null);
  weights = fitNet.buildWeights(byId("fit-weights"), net, { onInput: edit, onCommit: commit });
  i18n.onLanguage(translate);
  views.onShow("fit", () => playback.frame && paintFrame(playback.frame));
  plotsDrawn = painting
    .graphs(["fit-points-plot", "fit-yhat-plot", "fit-logit-plot", "fit-loss-plot"])
    .then(([points, yhat, logit, loss]) => {
      plots = { points, yhat, logit, loss };
      plotBoxes.watch([yhat, logit, loss]); // the points are in the same box as yhat
    });
  tabs.claim().then(fitSession.open);
};

const translate = () => {
  fitControls.showPlayback(playback);
  fitControls.translateMessages();
  const ready = readyNow();
  if (ready) fitData.describe(ready.data, ready.net);
  if (state) fitControls.showState(state, playback);
  fitFields.show(state);
  if (plots) fitPlots.setTitles(plots);
  paintSoon();
};

export const fieldsChanged = (values: unknown[]) => {
  fitFields.changed(values);
  notifySoon();
  fitFields.show(state);
};

export const frame = () => playback.frame;
export const send = fitSession.send;
const [editWithSliders, commitWithSliders] = [edit, commit].map(withSliders);

export { commitWithSliders as commit, editWithSliders as edit };
