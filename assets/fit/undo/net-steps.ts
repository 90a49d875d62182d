// Undo steps of the net in Fit.
//
// The server keeps the undo history of the session: nets that were replaced (by a reset, other data, another seed's run
// or a link), and weights set by hand. The page keeps the order of all steps, and the values of its fields.
import * as buildSection from "../../build/build";
import { byId } from "../../core/dom";
import * as undo from "../../core/history";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Answer, Snapshot, Weights } from "../../core/types";
import * as fitFields from "../fields";
import * as fitSession from "../session";
import { state } from "../session";
import * as fitFieldSteps from "./field-steps";
import { depth, goTo, sending } from "./session-history";

// The values of Fit's fields, and Build's weights.
const capture = () => ({ fields: fitFieldSteps.read(), build: buildSection.now() });
type Page = ReturnType<typeof capture>;
const restorePage = async ({ fields, build }: Page) => {
  await fitFieldSteps.put(fields);
  if (JSON.stringify(build) !== JSON.stringify(buildSection.now())) buildSection.show(build);
};

const announceEpoch = () => {
  if (state && !state.notice) i18n.announce(i18n.t("notice.back", { epoch: numbers.whole(state.epoch) }));
};

// Record a step that has taken the server's history from depth `before` to its present depth. `page` is what the page
// showed before the step.
const record = (before: number, page: Page) => {
  const after = depth();
  let toRestore = page; // what the next undo or redo of this step restores on the page
  const swapTo = (wanted: number) => async () => {
    const now = capture();
    await goTo(wanted);
    await restorePage(toRestore);
    toRestore = now;
    announceEpoch();
  };
  undo.record(swapTo(before), swapTo(after));
};

// Run `action`, which sends one or more commands to the session, and record its changes as one step. Resolves to the
// result of `action`. It is {error} if a command was refused; earlier commands may have succeeded.
export const asOneStep = async <T>(action: () => Promise<T>): Promise<T> => {
  const page = capture();
  const before = depth();
  const answer = await action();
  if (depth() > before) record(before, page);
  return answer;
};

// --- the reset button, whose command Dash sends ---------------------------------------------------
const ANSWER_MS = 3000; // undo and redo wait at most this time for the answer to a reset
let resetting: { page: Page; before: number; since: number; finish: () => void } | null = null; // null: no reset pending

const onReset = () => {
  if (!state) return;
  const { first_seq: since } = state;
  const answer = new Promise<void>((finish) => {
    resetting = { page: capture(), before: depth(), since, finish };
    setTimeout(finish, ANSWER_MS);
  });
  undo.awaitStep(answer);
};

// Call this after Fit has handled the answer to any command.
export const answered = ({ error, snapshot }: Answer) => {
  if (!resetting || !(error || snapshot)) return;
  const isDone = snapshot?.epoch === 0 && snapshot.first_seq > resetting.since;
  if (!error && !isDone) return; // the answer to another command
  const { page, before, finish } = resetting;
  resetting = null;
  if (isDone) record(before, page);
  finish();
};

// --- weights by hand ---------------------------------------------------------------------------
// Record the weights `p`, which are about to be sent to the server.
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

// --- after a reload --------------------------------------------------------------------------------
// The server still has the session's steps, so the page adds them. The fields' values before each step are lost.
let areServerStepsAdded = false;
const addServerSteps = ({ can_undo: before, can_redo: after }: Snapshot) => {
  if (areServerStepsAdded) return;
  areServerStepsAdded = true;
  const steps = Array.from({ length: before + after }, (_, k) => ({ undo: () => goTo(k), redo: () => goTo(k + 1) }));
  undo.restore(steps.slice(0, before), steps.slice(before).reverse());
};

// --- another session ------------------------------------------------------------------------------
// The fields and steps of sessions that the page does not show now, by `fitSession.historyKey()`.
type Saved = { page: Page | null; steps: undo.Steps; areServerStepsAdded: boolean };
const savedByKey = new Map<string, Saved>();
let filled: string | null = null; // the key of the session whose values the fields show

// The tab remembers the fields of its own session for a reload, also while the page shows another session. Call this
// at each change of a field.
const FIELDS_KEY = "pwl.fields";
type Kept = { sid: string; fields: fitFields.Values };
export const keepFields = () => {
  if (filled !== "own") return;
  const kept: Kept = { sid: fitSession.own, fields: fitFields.values() };
  storage.writeTab(FIELDS_KEY, JSON.stringify(kept));
};
const fieldsOf = (key: string, snapshot: Snapshot) => {
  const kept = storage.readTabJson(FIELDS_KEY) as Kept | null;
  return key === "own" && kept?.sid === fitSession.own ? kept.fields : fitFields.valuesOf(snapshot);
};

// Call this before the page shows another session.
export const save = (key: string) => {
  // Fields that are not filled yet still show another session.
  const page = filled === key ? capture() : (savedByKey.get(key)?.page ?? null);
  savedByKey.set(key, { page, steps: undo.replaceSteps(), areServerStepsAdded });
  filled = null;
  areServerStepsAdded = false;
};

// Call this with the first snapshot of the session that the page now shows. Fills the fields: with the values that
// were saved, else with the session's.
export const restore = async (key: string, snapshot: Snapshot) => {
  const saved = savedByKey.get(key);
  if (saved) {
    undo.replaceSteps(saved.steps);
    areServerStepsAdded = saved.areServerStepsAdded;
  }
  addServerSteps(snapshot);
  await (saved?.page ? restorePage(saved.page) : fitFieldSteps.put(fieldsOf(key, snapshot)));
  if (fitSession.historyKey() !== key) return; // the page shows yet another session
  savedByKey.delete(key);
  filled = key;
};

export const start = () => byId("fit-reset").addEventListener("click", onReset);
