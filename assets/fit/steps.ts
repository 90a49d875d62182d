// What a student does to the net in Fit, as steps for Undo and Redo.
//
// The server keeps the session's own steps: a net that took the place of another (reset, other data,
// another seed's run, a link), and weights set by hand. The page keeps the order of all steps, and what
// stands in its fields.
import * as buildSection from "../build/build";
import { byId } from "../core/dom";
import * as undo from "../core/history";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Answer, Snapshot, Weights } from "../core/types";
import * as fitFieldSteps from "./field-steps";
import { SHOWN_MS } from "./fields";
import { state } from "./session";
import { depth, goTo, sending } from "./session-history";

// What stands on the page and leads to the next net.
const capture = () => ({ fields: fitFieldSteps.read(), build: buildSection.now() });
type Page = ReturnType<typeof capture>;
const bringBack = async ({ fields, build }: Page) => {
  await fitFieldSteps.put(fields);
  if (JSON.stringify(build) !== JSON.stringify(buildSection.now())) buildSection.show(build);
};

const announceBack = () => {
  if (state && !state.notice) i18n.announce(i18n.t("notice.back", { epoch: numbers.whole(state.epoch) }));
};

// A step of the session: those that the server has counted since it had `before` of them.
const record = (before: number, page: Page) => {
  const after = depth();
  let other = page; // what the next direction brings back
  const swapTo = (wanted: number) => async () => {
    const now = capture();
    await goTo(wanted);
    await bringBack(other);
    other = now;
    announceBack();
  };
  undo.record(swapTo(before), swapTo(after));
};

// Do something that changes the whole session, as one step. Gives what `action` gives: {error} if
// it was refused, perhaps after its first part.
export const whole = async <T>(action: () => Promise<T>): Promise<T> => {
  const page = capture();
  const before = depth();
  const answer = await action();
  if (depth() > before) record(before, page);
  return answer;
};

// --- the reset button, which is Dash's ----------------------------------------------------------
const ANSWER_MS = 3000; // an answer that is not here by then was lost
let resetting: { page: Page; before: number; since: number; isOver: () => void } | null = null; // what stood there, until the answer

const onReset = () => {
  if (!state) return;
  const { first_seq: since } = state;
  const answer = new Promise<void>((isOver) => {
    resetting = { page: capture(), before: depth(), since, isOver };
    setTimeout(isOver, ANSWER_MS);
  });
  undo.awaitStep(answer);
};

// Fit has taken the answer to a command.
export const answered = ({ error, snapshot }: Answer) => {
  if (!resetting || !(error || snapshot)) return;
  const isDone = snapshot?.epoch === 0 && snapshot.first_seq > resetting.since;
  if (!error && !isDone) return; // the answer to something else
  const { page, before, isOver } = resetting;
  resetting = null;
  if (isDone) record(before, page);
  isOver();
};

// --- weights by hand ---------------------------------------------------------------------------
// The weights `p` are being sent to the server.
export const edited = (p: Weights) => {
  const params = state?.params;
  const changed = p.flatMap((value, k) => (Math.fround(value) === params?.[k] ? [] : [k]));
  const before = sending();
  undo.record(
    () => goTo(before),
    () => goTo(before + 1),
    changed.length === 1 ? `fit weight ${changed}` : null,
  );
};

// --- a page that is loaded again -----------------------------------------------------------------
// The server still has the session's steps, though not what stood in the page's fields.
let recalled = false;
const recall = ({ can_undo: before, can_redo: after }: Snapshot) => {
  if (recalled) return;
  recalled = true;
  const steps = Array.from({ length: before + after }, (_, k) => ({ undo: () => goTo(k), redo: () => goTo(k + 1) }));
  undo.restore(steps.slice(0, before), steps.slice(before).reverse());
};

// --- another session ------------------------------------------------------------------------------
// What belongs to the sessions that the page does not show now: what stood there, and their steps.
type Aside = { page: Page | null; steps: undo.Steps; recalled: boolean };
const aside = new Map<string, Aside>();
let arrived = -Infinity; // when the session that is shown came

export const setAside = (sid: string) => {
  const isFilled = performance.now() - arrived > SHOWN_MS; // before, the fields may show the last session's
  aside.set(sid, { page: isFilled ? capture() : null, steps: undo.replaceSteps(), recalled });
  recalled = false;
};

// The page shows `sid`, which begins with `snapshot`; its fields are filled.
export const arrive = async (sid: string, snapshot: Snapshot) => {
  const kept = aside.get(sid);
  arrived = performance.now();
  if (!kept) return recall(snapshot);
  aside.delete(sid);
  undo.replaceSteps(kept.steps);
  recalled = kept.recalled;
  recall(snapshot);
  if (kept.page) await bringBack(kept.page);
};

export const start = () => byId("fit-reset").addEventListener("click", onReset);
