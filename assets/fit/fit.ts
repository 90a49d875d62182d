// The Fit view: opens a session, and handles its states, its frames and the answers to commands as they arrive.
import * as nets from "../core/net/net";
import * as weightHighlight from "../core/net/weight-highlight";
import * as api from "../core/session/api";
import * as eventStream from "../core/session/event-stream";
import * as playbacks from "../core/session/playback";
import * as tabs from "../core/session/tabs";
import * as i18n from "../core/text/i18n";
import type { Answer, FitNet, Frame, FrameRow, Snapshot } from "../core/types";
import * as fitControls from "./controls";
import * as fitData from "./data";
import * as fitFields from "./fields";
import { data, net, notifySoon, playback, readyNow, set } from "./now";
import * as paint from "./paint";
import * as fitPlots from "./plots";
import * as fitSession from "./session";
import { state } from "./session";
import * as netSteps from "./undo/net-steps";

let dataKey = ""; // key of the data that are loaded or being loaded
let serverData: fitSession.Opened["data"]; // origin and label of the data of new sessions
let stream: ReturnType<typeof eventStream.follow> | null = null;
let playedFrom = 0; // earlier frames were recorded before the page showed the session, and are not played

// --- session ----------------------------------------------------------------------------------
// Handle the server's answer to the request to open a session.
export const opened = async (session: Answer<fitSession.Opened> | null) => {
  if (!fitSession.isOpen(session)) return;
  await paint.drawn;
  stream?.close();
  if (!fitSession.isOwn()) showSession(null);
  fitSession.enter(session);
  playback.clear();
  set({ editing: null });
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
  netSteps.save(fitSession.historyKey());
  fitSession.showSession(sid);
  playback.clear();
  set({ editing: null, net: null }); // so that no more frames of the previous session are painted
};

// Fetch and paint the session's data. The previous data stay on the plots until these are loaded.
const useData = async (key: string) => {
  dataKey = key;
  if (data?.key === key) return;
  const loaded = await fitData.load(key);
  if (dataKey !== key) return; // the data have changed again meanwhile
  if (loaded.spec.law === "lecture") Object.assign(loaded, serverData);
  await paint.showData(loaded);
};

const followData = ({ data_key: key }: Snapshot) => {
  set({ net: null }); // so that no frame is painted with data that are not its own
  useData(key).then(
    () => playback.frame && paint.paintFrame(playback.frame),
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
  if (!net || JSON.stringify(net) !== JSON.stringify(next)) set({ net: next, editing: null });
  paint.showNet();
};

// Show the session's new state, from the stream or from the answer to a command. An older state is ignored.
const apply = (snapshot?: Snapshot) => {
  if (!snapshot || (state && snapshot.version < state.version)) return;
  const isFirst = !state;
  const wasRunning = state?.status === "running";
  const hasStarted = snapshot.status === "running" && !wasRunning;
  const hasStepped = state && !wasRunning && snapshot.epoch > state.epoch;
  const seedAndNet = ({ seed, net: kind }: Snapshot) => JSON.stringify({ seed, net: kind });
  const isOtherNet = state && seedAndNet(snapshot) !== seedAndNet(state);
  if (isFirst) playedFrom = snapshot.next_seq;
  fitSession.keep(snapshot);
  playback.dropBefore(snapshot.first_seq);
  if (dataKey !== snapshot.data_key) followData(snapshot);
  useNet(snapshot);
  notifySoon();
  if (hasStarted || hasStepped) playback.follow();
  skipToPause();
  if (isFirst) netSteps.restore(fitSession.historyKey(), snapshot);
  else if (isOtherNet) fitFields.fillNet(snapshot);
  fitControls.showState(snapshot, playback);
  fitFields.show(snapshot);
  fitControls.showNotice(fitSession.sid, snapshot);
  paint.paintSoon();
};

// Add frames from the stream to the playback.
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
  playback.add(frames, (frames.at(-1)?.seq ?? 0) < playedFrom);
  notifySoon();
  if (frames.some((frame) => frame.mark === "edit")) {
    set({ editing: null });
    playback.skip();
  }
  skipToPause();
  paint.paintSoon();
};

// When a run has been paused, the play head jumps to its last frame, unless the user has scrubbed back. (Until then
// the head stays where it was when Pause was pressed; see controls.ts.)
const skipToPause = () => {
  const isStopped = playback.held ? state?.status !== "running" : state?.status === "paused" && playback.playing;
  if (isStopped && playback.following) playback.skip();
};

// Handle the answer to a command. It contains the new snapshot, usually before the stream delivers it.
export const reply = (answer: (Answer & { sid?: string }) | null) => {
  if (!answer || (answer.sid && answer.sid !== fitSession.sid)) return; // that session is no longer shown
  if (!answer.error) {
    fitControls.dismissError();
    apply(answer.snapshot);
    stream?.expect(answer.snapshot?.version);
    netSteps.answered(answer);
    return;
  }
  netSteps.answered(answer);
  set({ editing: null });
  if (playback.held) playback.follow();
  if (state) fitControls.showState(state, playback);
  fitControls.showMessage("fit-notice", "error", answer.error);
  if (answer.error.code === "session_unknown")
    fitSession.open(); // the server then makes a new session
  else if (playback.frame) paint.paintFrame(playback.frame);
};

// --- start ------------------------------------------------------------------------------------
export const start = () => {
  set({
    playback: playbacks.create({ onFrame: paint.paintFrame, onMove: paint.showNumbersSoon }),
    net: { ...nets.LECTURE, plain: true }, // until the session is open
  });
  fitSession.start(reply);
  fitControls.start(playback, () => stream?.expect());
  api.onCaptivePortal(() => stream?.expect());
  fitFields.start();
  weightHighlight.start();
  paint.start();
  i18n.onLanguage(translate);
  tabs.claim().then(fitSession.open);
};

const translate = () => {
  fitControls.showPlayback(playback);
  fitControls.translateMessages();
  const ready = readyNow();
  if (ready) fitData.describe(ready.data, ready.net);
  if (state) fitControls.showState(state, playback);
  fitFields.show(state);
  paint.translate();
};

export const fieldsChanged = (values: unknown[]) => {
  fitFields.changed(values);
  netSteps.keepFields();
  notifySoon();
  fitFields.show(state);
};

export const frame = () => playback.frame;
export const send = fitSession.send;

export { isReady, type Now, now, onChange, open, type Ready } from "./now";
export { commitWithSliders as commit, editWithSliders as edit, logX } from "./paint";
