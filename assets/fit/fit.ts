// Fit: opens the tab's session, follows its run, and lets the weights be edited by hand.
import { byId } from "../core/dom";
import * as eventStream from "../core/event-stream";
import * as i18n from "../core/i18n";
import * as nets from "../core/net";
import * as painting from "../core/painting";
import * as playbacks from "../core/playback";
import * as plotBoxes from "../core/plot-boxes";
import * as tabs from "../core/tabs";
import * as views from "../core/views";
import * as weightLight from "../core/weight-light";
import * as checkpoints from "./checkpoints";
import * as fitControls from "./controls";
import * as fitData from "./data";
import * as fitFields from "./fields";
import * as fitNet from "./net-description";
import * as fitPlots from "./plots";
import * as fitSession from "./session";
import * as fitSteps from "./steps";

const tell = (id, props) => window.dash_clientside.set_props(id, props);
const NUMBERS_MS = 66; // numbers and sliders follow at 15 Hz: faster, nobody could read them
const SLOW_MS = 200; // loss curve, table and axes follow at 5 Hz

let plots; // {points, yhat, logit, loss}
let ready; // resolves when they are drawn
let data; // what fitData.load gave
let dataKey; // of the data that are here or on their way
let servers; // {origin, label} of the data that a new session has
let weights;
let playback;
let stream;
let state; // the newest snapshot of the session
let net; // its net: {h, bias1, activation, loss, plain}; plain if its frames have its parameters
let shown; // the one that sliders, words and legends are for, with these data
let editing = null; // {p, net}: under the student's hand, until the server has recorded it
let logEpochs = false;

// --- session ----------------------------------------------------------------------------------
export const opened = async (session) => {
  if (!fitSession.isOpen(session)) return;
  await ready;
  stream?.close();
  fitSession.enter(session);
  playback.clear();
  state = null;
  editing = null;
  servers = session.data;
  try {
    await useData(session.snapshot.data_key);
  } catch {
    fitSession.again(); // the server went away in between
    return;
  }
  fitControls.showDataProblem(session.data_problem);
  fitFields.fill(session.snapshot);
  apply(session.snapshot);
  stream = eventStream.follow(session.sid, {
    since: () => playback.lastSeq,
    onState: apply,
    onFrames: receive,
    onLost: () => fitSession.open(),
    onConnection: fitControls.showConnection,
  });
};

// Fetch and paint the session's data. They change with a command, with what another tab does, or
// are taken back; what was painted stays until these are here.
const useData = async (key) => {
  dataKey = key;
  if (data?.key === key) return;
  const loaded = await fitData.load(key);
  if (dataKey !== key) return; // they have changed again
  if (loaded.spec.law === "lecture") Object.assign(loaded, servers);
  await fitData.paint(loaded, plots);
  data = loaded;
  shown = null;
  if (state) await showNet();
};
const isDataHere = () => Boolean(data) && data.key === state?.data_key;

const followData = ({ data_key: key }) => {
  net = null; // none of its frames is painted with other data than its own
  useData(key).then(
    () => playback.frame && paintFrame(playback.frame),
    () => {
      dataKey = data.key;
      fitSession.again();
    },
  );
};

// What is known of the net at once: frames are read by it.
const useNet = (snapshot) => {
  const next = { ...snapshot.net, plain: snapshot.params !== null };
  if (!net || Object.entries(next).some(([name, value]) => net[name] !== value)) {
    net = next;
    editing = null;
  }
  if (isDataHere() && shown !== net) showNet();
};

// Whatever depends on the kind of net and on the data. The sliders are made anew.
const showNet = () => {
  shown = net;
  weights = fitNet.buildWeights(byId("fit-weights"), net, { onInput: edit, onCommit: commit });
  fitNet.show(net, data);
  fitFields.limit(data.isBinary);
  fitData.tell(data, net);
  return fitPlots.reshape(plots, data, net);
};

const apply = (snapshot) => {
  if (!snapshot || snapshot.version < state?.version) return;
  const wasRunning = state?.status === "running";
  const begins = snapshot.status === "running" && !wasRunning;
  const stepped = state && !wasRunning && snapshot.epoch > state.epoch;
  const made = ({ seed, net: kind }) => JSON.stringify({ seed, net: kind });
  const refill = state && made(snapshot) !== made(state);
  state = snapshot;
  playback.dropBefore(snapshot.first_seq);
  if (dataKey !== snapshot.data_key) followData(snapshot);
  useNet(snapshot);
  tellSoon();
  if (begins || stepped) playback.follow();
  haltPlayback();
  if (refill) fitFields.fillNet(snapshot);
  fitControls.showState(state);
  fitFields.show(state);
  fitControls.showNotice(fitSession.sid, snapshot);
  paintSoon();
};

const receive = (rows) => {
  const frames = rows
    .map(([seq, epoch, loss, mark, ...numbers]) => ({
      seq,
      epoch,
      loss,
      mark,
      net,
      ...(net.plain ? { p: numbers, curve: null } : fitPlots.wideFrame(numbers)),
    }))
    .filter((frame) => frame.seq >= (state?.first_seq ?? 0));
  playback.add(frames);
  tellSoon();
  if (frames.some((frame) => frame.mark === "edit")) {
    editing = null;
    playback.skip();
  }
  haltPlayback();
  paintSoon();
};

// A pause stops the picture as well: at once where it was pressed, then at the net as it stands,
// unless somebody looks back.
const haltPlayback = () => {
  const isOver = playback.held ? state?.status !== "running" : state?.status === "paused" && playback.playing;
  if (isOver && playback.following) playback.skip();
};

// The answer to a command; its snapshot comes sooner than the stream's.
export const reply = (answer) => {
  if (!answer) return;
  if (!answer.error) {
    fitControls.dismissError();
    apply(answer.snapshot);
    fitSteps.answered(answer);
    return;
  }
  fitSteps.answered(answer);
  editing = null;
  if (playback.held) playback.follow();
  if (state) fitControls.showState(state);
  fitControls.showMessage("fit-notice", "error", answer.error);
  if (answer.error.code === "session_unknown")
    fitSession.open(); // answered with a new one, and a word
  else if (playback.frame) paintFrame(playback.frame);
};

// --- painting ---------------------------------------------------------------------------------
// A replay behind another view is not painted; its end is.
const isWatched = () => views.isOpen("fit") || !playback.playing;

const paintFrame = (frame) => {
  painting.request("fit", () => {
    if (!isDataHere() || editing || frame.net !== net) return;
    if (isWatched()) fitPlots.net(plots, data, frame);
    tellSoon();
    if (playback.playing) paintNumbers();
    else showNumbers(); // the last one is not kept waiting
    paintSoon();
  });
};

const showNumbers = () => {
  const { frame } = playback;
  fitControls.showPlayback(playback);
  if (!frame || editing || !isDataHere()) return;
  weights.set(frame.p);
  fitData.testLoss(data, frame);
  fitControls.showCount(frame);
};

const paintSlow = () => {
  if (!isDataHere() || !playback.frames.length || !isWatched()) return;
  fitPlots.loss(plots, data, net, playback, state?.target_epoch ?? 0, logEpochs);
  fitPlots.axes(plots, data, editing ?? playback.frame);
  checkpoints.show(byId("fit-checkpoints"), playback, data);
};

const paintNumbers = painting.throttle(NUMBERS_MS, showNumbers);
const paintSoon = painting.throttle(SLOW_MS, () => painting.afterPaint(paintSlow));

export const logX = (value) => {
  logEpochs = Boolean(value?.includes("log"));
  paintSlow();
};

// --- weights by hand: yhat and loss follow at once, the server hears of it at the end ----------
const edit = (p) => {
  const edited: { p: number[]; net: unknown; test?: number } = { p, net };
  editing = edited;
  painting.request("fit", () => {
    if (!isDataHere() || edited.net !== net) return;
    fitPlots.net(plots, data, edited);
    const loss = nets.loss(p, data.x, data.y, net);
    fitData.testLoss(data, edited);
    fitControls.showCount({ ...edited, epoch: playback.frame?.epoch ?? 0, loss });
    tellSoon();
    paintSoon();
  });
};

const commit = (p) => {
  edit(p);
  if (playback.frame?.p.every((value, k) => value === p[k])) {
    editing = null; // back where it was: nothing to tell the server
    paintFrame(playback.frame);
    return;
  }
  fitSteps.edited(p);
  tell("edit", { data: { params: p, at: Date.now() } });
};

// --- for the other sections -------------------------------------------------------------------
// The same editing, of weights that are moved elsewhere on the page.
const elsewhere = (then) => (p) => {
  weights.set(p);
  then(p);
};

// What is on screen: `frame` is the one under the play head, or the weights under the student's
// hand; `state` is the newest snapshot, which may be ahead of it.
export const now = () => ({ sid: fitSession.sid, state, net, data, playback, frame: editing ?? playback?.frame });

// Tell `listener(now())` of every change, at 15 Hz at most.
const listeners = [];
export const onChange = (listener) => {
  listeners.push(listener);
  // A part that is loaded later hears of what is there already.
  queueMicrotask(() => isDataHere() && listener(now()));
};
const tellSoon = painting.throttle(NUMBERS_MS, () => {
  if (isDataHere()) listeners.forEach((listener) => listener(now()));
});

// --- start ------------------------------------------------------------------------------------
export const start = () => {
  playback = playbacks.create({ onFrame: paintFrame, onMove: paintNumbers });
  fitControls.start(playback);
  fitFields.start();
  weightLight.start();
  net = { ...nets.LECTURE, plain: true }; // until the session is open
  fitNet.show(net, null);
  weights = fitNet.buildWeights(byId("fit-weights"), net, { onInput: edit, onCommit: commit });
  i18n.onLanguage(retell);
  views.onShow("fit", () => playback.frame && paintFrame(playback.frame));
  ready = painting
    .graphs(["fit-points-plot", "fit-yhat-plot", "fit-logit-plot", "fit-loss-plot"])
    .then(([points, yhat, logit, loss]) => {
      plots = { points, yhat, logit, loss };
      plotBoxes.watch([yhat, logit, loss]); // the points lie in the box of yhat
    });
  tabs.claim().then(fitSession.open);
};

const retell = () => {
  fitControls.showTrainLabel();
  fitControls.showPlayback(playback);
  fitControls.retellMessages();
  if (isDataHere()) fitData.tell(data, net);
  if (state) fitControls.showState(state);
  fitFields.show(state);
  if (plots) fitPlots.words(plots);
  paintSoon();
};

export const fieldsChanged = (values) => {
  fitFields.changed(values);
  tellSoon();
  fitFields.show(state ?? null);
};

export const frame = () => playback.frame;
export const send = fitSession.send;
const [editElsewhere, commitElsewhere] = [edit, commit].map(elsewhere);

export { commitElsewhere as commit, editElsewhere as edit };
