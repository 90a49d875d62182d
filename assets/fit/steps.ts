// What a student does to the net in Fit, as steps for Undo and Redo.
//
// A step that puts another net in the place of the session's (reset, other data, another seed's run,
// a link) keeps the whole session and swaps it with the one that stands there: so Redo brings back
// what Undo took away, the epochs trained since among it. Weights that were set by hand are swapped
// as weights: the epochs stay counted and the optimizer keeps its memory, as with any edit.
import * as buildSection from "../build/build";
import * as api from "../core/api";
import * as undo from "../core/history";
import * as i18n from "../core/i18n";
import * as numbers from "../core/numbers";
import * as fitControls from "./controls";
import * as fitFieldSteps from "./field-steps";
import * as fitSection from "./fit";

const MOST_NUMBERS = 300_000; // of a film that is kept with a step; the curve of a longer one is gone
const WAIT_MS = 3000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const say = (code, args = {}) => fitControls.showMessage("fit-notice", "notice", { code, args });
const ask = async (verb, body = {}) => {
  const answer = await fitSection.send(verb, body);
  if (answer.error) throw answer.error; // Fit has told it
  return answer;
};

// --- the whole session ------------------------------------------------------------------------
// The frames up to `epoch`, or null if there are too many to be kept.
const filmUntil = async (epoch) => {
  try {
    const { frames } = await api.get(`frames/${encodeURIComponent(fitSection.now().sid)}?since=0`);
    const until = frames.filter((frame) => frame[1] <= epoch);
    return until.length * (until[0]?.length ?? 0) > MOST_NUMBERS ? null : until;
  } catch {
    return null; // not worth to refuse anything
  }
};

// Everything that stands on the page and is the session's, or leads to the next one.
const capture = async () => {
  const { state } = fitSection.now();
  const fields = fitFieldSteps.read();
  const { saved } = await ask("saved");
  const frames = await filmUntil(saved.epoch);
  return { saved, frames, fields, build: buildSection.now(), halted: ["running", "paused"].includes(state.status) };
};

const bringBack = async ({ saved, frames, fields, build }) => {
  await ask("restore", { saved, ...(frames && { frames }) });
  await fitFieldSteps.put(fields);
  if (JSON.stringify(build) !== JSON.stringify(buildSection.now())) buildSection.show(build);
};

const tellBack = ({ saved, frames, halted }, stopped) => {
  const args = { epoch: saved.epoch };
  if (!frames) say("back_no_curve", args);
  else if (halted || stopped) say("back_halted", args);
  else i18n.announce(i18n.t("notice.back", { epoch: numbers.whole(saved.epoch) }));
};

const swapWith = (before) => {
  let other = before;
  return async () => {
    const now = await capture();
    await bringBack(other);
    tellBack(other, now.halted);
    other = now;
  };
};

// Do something that changes the whole session, as one step. Gives what `action` gives: {error} if
// it was refused. What throws is no step either.
export const whole = async (action) => {
  let before;
  try {
    before = await capture();
  } catch (error) {
    return { error };
  }
  const since = fitSection.now().state.first_seq;
  const answer = await action();
  const isHalfDone = fitSection.now().state.first_seq !== since; // refused after its first part
  if (!answer?.error || isHalfDone) recordSwap(before);
  return answer;
};
const recordSwap = (before) => {
  const swap = swapWith(before);
  undo.record(swap, swap);
};

// --- the reset button, which is Dash's: what stood there is asked for first --------------------
let passing = false; // the click goes on to Dash
let resetting = null; // {before, since}: what stood there, until the answer

const onReset = async (event) => {
  if (passing) return;
  event.stopPropagation();
  const since = fitSection.now().state?.first_seq;
  try {
    resetting = { before: await capture(), since };
  } catch {
    resetting = null; // reset all the same: the student asked for it
  }
  passing = true;
  event.target.closest("button").click();
  passing = false;
};

export const answered = ({ error, snapshot }) => {
  if (!resetting || !(error || snapshot)) return;
  const isDone = snapshot?.epoch === 0 && snapshot.first_seq > resetting.since;
  if (!error && !isDone) return; // the answer to something else
  const { before } = resetting;
  resetting = null;
  if (isDone) recordSwap(before);
};

// --- weights by hand ---------------------------------------------------------------------------
let sent = null; // {p, version}: on its way to the server

const isUnderWay = () => sent && sent.version === fitSection.now().state.version;
const standing = () => (isUnderWay() ? sent.p : fitSection.now().state.params);

const swapWeights = (before, epoch) => {
  let other = { p: before, epoch };
  return async () => {
    for (let waited = 0; isUnderWay() && waited < WAIT_MS; waited += 20) await pause(20);
    const { state } = fitSection.now();
    if (state.params?.length !== other.p.length) {
      say("undo_other_net");
      return;
    }
    const now = { p: state.params, epoch: state.epoch };
    await ask("edit", { params: other.p });
    if (now.epoch !== other.epoch) say("undo_trained_since", { epoch: now.epoch, then: other.epoch });
    other = now;
  };
};

// The weights `p` are being sent to the server.
export const edited = (p) => {
  const { state } = fitSection.now();
  const before = standing();
  const changed = p.flatMap((value, k) => (Math.fround(value) === before[k] ? [] : [k]));
  sent = { p: p.map(Math.fround), version: state.version };
  const swap = swapWeights(before, state.epoch);
  undo.record(swap, swap, changed.length === 1 ? `fit weight ${changed}` : null);
};

export const start = () => document.getElementById("fit-reset").addEventListener("click", onReset);
