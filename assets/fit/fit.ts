// Fit: opens the tab's session, follows its run, and lets the weights be edited by hand.
import { byId } from "../core/dom";
import * as nets from "../core/net/net";
import * as weightLight from "../core/net/weight-highlight";
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

const tell = (id: string, props: Record<string, unknown>) => window.dash_clientside.set_props(id, props);
const SLOW_MS = 200; // loss curve, table and axes follow at 5 Hz

let plots: fitData.FitPlots;
let ready: Promise<void>; // resolves when they are drawn
let data: fitData.FitData | null = null;
let dataKey = ""; // of the data that are here or on their way
let servers: fitSession.Opened["data"]; // of the data that a new session has
let weights: weightRows.WeightRows;
let playback: playbacks.Playback<Frame>;
let stream: ReturnType<typeof eventStream.follow> | null = null;
let net: FitNet | null = null; // of the session
let shown: FitNet | null = null; // the one that sliders, words and legends are for, with these data
let editing: fitData.Edited | null = null; // under the student's hand, until the server has recorded it
let logEpochs = false;

// --- session ----------------------------------------------------------------------------------
export const opened = async (session: Answer<fitSession.Opened> | null) => {
  if (!fitSession.isOpen(session)) return;
  await ready;
  stream?.close();
  if (!fitSession.isOwn()) turnTo(null);
  fitSession.enter(session);
  playback.clear();
  editing = null;
  servers = session.data;
  try {
    await useData(session.snapshot.data_key);
  } catch {
    fitSession.again(); // the server went away in between
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
    onConnection: (now, why) => fitControls.showConnection(now, why, playback),
  });
};

// Take a seat in a class, or, with null, leave it.
export const sit = (seat: fitSession.Seat | null) => {
  fitSession.sit(seat);
  if (stream) listen();
};

// Show another session, or, with null, the tab's own. The stream brings its state and frames.
export const turnTo = (sid: string | null) => {
  if ((sid ?? fitSession.own) === fitSession.sid) return;
  fitSteps.setAside(fitSession.place());
  fitSession.turnTo(sid);
  playback.clear();
  editing = null;
  net = null; // what is left of the last one's frames is not painted
};

// Fetch and paint the session's data. They change with a command, with what another tab does, or
// are taken back; what was painted stays until these are here.
const useData = async (key: string) => {
  dataKey = key;
  if (data?.key === key) return;
  const loaded = await fitData.load(key);
  if (dataKey !== key) return; // they have changed again
  if (loaded.spec.law === "lecture") Object.assign(loaded, servers);
  await fitData.paint(loaded, plots);
  data = loaded;
  shown = null;
  const here = readyNow();
  if (here) await showNet(here);
};
// What now() gives once the session is open and its data are here.
const readyNow = (): Ready | null => {
  const current = now();
  return isReady(current) ? current : null;
};

const followData = ({ data_key: key }: Snapshot) => {
  net = null; // none of its frames is painted with other data than its own
  useData(key).then(
    () => playback.frame && paintFrame(playback.frame),
    () => {
      dataKey = data?.key ?? "";
      fitSession.again();
    },
  );
};

// What is known of the net at once: frames are read by it.
const useNet = (snapshot: Snapshot) => {
  const { h, bias1, activation, loss } = snapshot.net;
  const next: FitNet = { h, bias1, activation, loss, plain: snapshot.params !== null };
  if (!net || JSON.stringify(net) !== JSON.stringify(next)) {
    net = next;
    editing = null;
  }
  const here = readyNow();
  if (here && shown !== net) showNet(here);
};

// Whatever depends on the kind of net and on the data. The sliders are made anew.
const showNet = (here: Ready) => {
  shown = here.net;
  weights = fitNet.buildWeights(byId("fit-weights"), here.net, { onInput: edit, onCommit: commit });
  fitNet.show(here.net, here.data);
  fitFields.limit(here.data.isBinary);
  fitData.tell(here.data, here.net);
  return fitPlots.reshape(plots, here.data, here.net);
};

const apply = (snapshot?: Snapshot) => {
  if (!snapshot || (state && snapshot.version < state.version)) return;
  const isFirst = !state;
  const wasRunning = state?.status === "running";
  const begins = snapshot.status === "running" && !wasRunning;
  const stepped = state && !wasRunning && snapshot.epoch > state.epoch;
  const made = ({ seed, net: kind }: Snapshot) => JSON.stringify({ seed, net: kind });
  const refill = state && made(snapshot) !== made(state);
  fitSession.keep(snapshot);
  playback.dropBefore(snapshot.first_seq);
  if (dataKey !== snapshot.data_key) followData(snapshot);
  useNet(snapshot);
  tellSoon();
  if (begins || stepped) playback.follow();
  haltPlayback();
  if (isFirst) fitFields.fill(snapshot);
  else if (refill) fitFields.fillNet(snapshot);
  fitControls.showState(snapshot, playback);
  fitFields.show(snapshot);
  fitControls.showNotice(fitSession.sid, snapshot);
  if (isFirst) fitSteps.arrive(fitSession.place(), snapshot);
  paintSoon();
};

const receive = (rows: FrameRow[]) => {
  const of = net;
  if (!of) return;
  const frames = rows
    .map(
      ([seq, epoch, loss, mark, ...numbers]): Frame => ({
        seq,
        epoch,
        loss,
        mark,
        net: of,
        ...(of.plain ? { p: numbers, curve: null } : fitPlots.wideFrame(numbers)),
      }),
    )
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
export const reply = (answer: (Answer & { sid?: string }) | null) => {
  if (!answer || (answer.sid && answer.sid !== fitSession.sid)) return; // of one that is shown no more
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
    fitSession.open(); // answered with a new one, and a word
  else if (playback.frame) paintFrame(playback.frame);
};

// --- painting ---------------------------------------------------------------------------------
// A replay behind another view is not painted; its end is.
const isWatched = () => views.isOpen("fit") || !playback.playing;

const paintFrame = (frame: Frame) => {
  painting.request("fit", () => {
    const here = readyNow();
    if (!here || editing || frame.net !== here.net) return;
    if (isWatched()) fitPlots.net(plots, here.data, frame);
    tellSoon();
    if (playback.playing) paintNumbers();
    else showNumbers(); // the last one is not kept waiting
    paintSoon();
  });
};

const showNumbers = () => {
  const { frame } = playback;
  fitControls.showPlayback(playback);
  const here = readyNow();
  if (!frame || !here) return;
  if (!editing && frame.p) weights.set(frame.p);
  const { x, y } = here.data;
  const now = editing ? { ...frame, ...editing, loss: nets.loss(editing.p, x, y, here.net) } : frame;
  fitData.testLoss(here.data, now);
  fitControls.showCount(now);
};

const paintSlow = () => {
  const here = readyNow();
  if (!here?.frame || !playback.frame || !isWatched()) return;
  fitPlots.loss(plots, here, logEpochs);
  fitPlots.axes(plots, here.data, here.frame);
  checkpoints.show(byId("fit-checkpoints"), playback.frames, playback.frame, here.data);
};

const paintNumbers = painting.throttle(painting.TEXT_UPDATE_MS, showNumbers);
const paintSoon = painting.throttle(SLOW_MS, () => painting.afterPaint(paintSlow));

export const logX = (value: string[] | null) => {
  logEpochs = Boolean(value?.includes("log"));
  paintSlow();
};

// --- weights by hand: yhat and loss follow at once, the server hears of it at the end ----------
const edit = (p: Weights) => {
  if (!net) return;
  const edited: fitData.Edited = { p, net, test: undefined }; // computed when it is asked for
  editing = edited;
  painting.request("fit", () => {
    const here = readyNow();
    if (!here || edited.net !== here.net) return;
    fitPlots.net(plots, here.data, edited);
    paintNumbers();
    tellSoon();
    paintSoon();
  });
};

const commit = (p: Weights) => {
  edit(p);
  const { frame } = playback;
  if (frame?.p?.every((value, k) => value === p[k])) {
    editing = null; // back where it was: nothing to tell the server
    paintFrame(frame);
    return;
  }
  fitSteps.edited(p);
  tell("edit", { data: { params: p, at: Date.now() } });
};

// --- for the other sections -------------------------------------------------------------------
// The same editing, of weights that are moved elsewhere on the page.
const elsewhere = (then: (p: Weights) => void) => (p: Weights) => {
  weights.set(p);
  then(p);
};

// What is on screen: `frame` is the one under the play head, or the weights under the student's
// hand; `state` is the newest snapshot, which may be ahead of it.
export type Now = {
  sid: string;
  state: Snapshot | null;
  net: FitNet | null;
  data: fitData.FitData | null;
  playback: playbacks.Playback<Frame>;
  frame: fitData.Shown | undefined;
};
// The session is open, and its data are here.
export type Ready = Now & { state: Snapshot; net: FitNet; data: fitData.FitData };

export const isReady = (now: Now): now is Ready =>
  Boolean(now.state && now.net && now.data?.key === now.state.data_key);
// The same for what can be pressed only when the session is open; before, it throws. Other data may be
// on their way.
export const open = (): Ready => {
  const { state, net, data, ...rest } = now();
  if (!state || !net || !data) throw new Error("the session is not open");
  return { state, net, data, ...rest };
};
export const now = (): Now => ({ sid: fitSession.sid, state, net, data, playback, frame: editing ?? playback?.frame });

// Tell `listener(now())` of every change, at 15 Hz at most.
type Listener = (now: Ready) => void;
const listeners: Listener[] = [];
export const onChange = (listener: Listener) => {
  listeners.push(listener);
  // A part that is loaded later hears of what is there already.
  queueMicrotask(() => {
    const here = readyNow();
    if (here) listener(here);
  });
};
const tellSoon = painting.throttle(painting.TEXT_UPDATE_MS, () => {
  const here = readyNow();
  if (here) listeners.forEach((listener) => listener(here));
});

// --- start ------------------------------------------------------------------------------------
export const start = () => {
  playback = playbacks.create({ onFrame: paintFrame, onMove: paintNumbers });
  fitSession.start(reply);
  fitControls.start(playback, () => stream?.expect());
  api.onCaptivePortal(() => stream?.expect());
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
  fitControls.showPlayback(playback);
  fitControls.retellMessages();
  const here = readyNow();
  if (here) fitData.tell(here.data, here.net);
  if (state) fitControls.showState(state, playback);
  fitFields.show(state);
  if (plots) fitPlots.words(plots);
  paintSoon();
};

export const fieldsChanged = (values: unknown[]) => {
  fitFields.changed(values);
  tellSoon();
  fitFields.show(state);
};

export const frame = () => playback.frame;
export const send = fitSession.send;
const [editElsewhere, commitElsewhere] = [edit, commit].map(elsewhere);

export { commitElsewhere as commit, editElsewhere as edit };
