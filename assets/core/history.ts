// Undo and redo of what a student changes, by the two buttons in the header or Ctrl+Z and Ctrl+Y.
import { byId, targetWithin } from "./dom";
import { isMessage } from "./types";

const MAX_STEPS = 100;
const MERGE_MS = 700; // changes of the same control closer together than this are one step
export const TEXT_FIELDS = "input:not([type='range'], [type='radio'], [type='checkbox']), textarea, [contenteditable]";

type Action = () => unknown; // may be asynchronous
type Step = { undo: Action; redo: Action; source: string | null; at: number };

let done: Step[] = [];
let undone: Step[] = [];
const listeners: (() => void)[] = [];
let isMoving = false; // changes that an undo or a redo makes are not recorded
let awaited = 0; // number of steps that are being made
let queue: Promise<unknown> = Promise.resolve(); // undo and redo run one after the other

const notify = () => listeners.forEach((listener) => listener());

// Record a step that has just been made. Steps of the same `source` in quick succession are merged, for example while
// an arrow key is held down on a slider: the merged step has the `undo` of the first and the `redo` of the last. If
// `undo` and `redo` are one function, that function swaps the present value with a stored one, and the merged step
// keeps the first one's function for both.
export const record = (undo: Action, redo: Action, source: string | null = null) => {
  if (isMoving) return;
  const at = performance.now();
  const last = done.at(-1);
  if (last && source !== null && last.source === source && at - last.at < MERGE_MS && !undone.length) {
    Object.assign(last, undo === redo ? { at } : { redo, at });
    return;
  }
  done.push({ undo, redo, source, at });
  if (done.length > MAX_STEPS) done.shift();
  undone.length = 0;
  notify();
};

// Add steps that were made before the page was loaded. Both lists end with the step that comes next.
type Actions = Pick<Step, "undo" | "redo">;
export const restore = (toUndo: Actions[], toRedo: Actions[]) => {
  const asSteps = (all: Actions[]) => all.map((each) => ({ ...each, source: null, at: 0 }));
  if (!done.length) undone.push(...asSteps(toRedo));
  done.unshift(...asSteps(toUndo));
  notify();
};

// Replace all steps; returns the previous ones.
export type Steps = { done: Step[]; undone: Step[] };
export const replaceSteps = (next: Steps = { done: [], undone: [] }): Steps => {
  const before = { done, undone };
  ({ done, undone } = next);
  notify();
  return before;
};

// Undo or redo the last step of `from`, and move it to `to`. If the server refuses, the step stays in `from`; the
// server's message is already on the page.
const move = async (from: Step[], to: Step[], way: "undo" | "redo") => {
  const step = from.pop();
  if (!step) return;
  isMoving = true;
  notify();
  try {
    await step[way]();
    to.push({ ...step, source: null });
  } catch (error) {
    from.push(step);
    if (!isMessage(error)) throw error;
  } finally {
    isMoving = false;
    notify();
  }
};
const enqueue = (job: () => Promise<void>) => {
  const result = queue.then(job);
  queue = result.catch(() => {});
  return result;
};
// Make undo and redo wait until `step` is finished. For example, if Undo is pressed before the server has answered a
// reset, it undoes the reset and not the step before it.
export const awaitStep = async (step: Promise<void>) => {
  awaited++;
  notify();
  await enqueue(() => step);
  awaited--;
  notify();
};
export const undo = () => enqueue(() => move(done, undone, "undo"));
export const redo = () => enqueue(() => move(undone, done, "redo"));

// While a step is undone or redone, both are possible: they wait for its end. So does the undo of a step that is being
// made.
export const canUndo = () => isMoving || awaited > 0 || done.length > 0;
export const canRedo = () => isMoving || undone.length > 0;

// --- buttons and keys -------------------------------------------------------------------------
// A button that becomes disabled passes the focus to the other one.
const showButtons = () => {
  const buttons = { undo: byId("undo", HTMLButtonElement), redo: byId("redo", HTMLButtonElement) };
  const focused = document.activeElement;
  buttons.undo.disabled = !canUndo();
  buttons.redo.disabled = !canRedo();
  if (focused === buttons.undo && buttons.undo.disabled) buttons.redo.focus();
  if (focused === buttons.redo && buttons.redo.disabled) buttons.undo.focus();
};

const onKey = (event: KeyboardEvent) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
  const key = event.key.toLowerCase();
  const way = key === "z" ? (event.shiftKey ? redo : undo) : key === "y" && !event.shiftKey ? redo : null;
  if (!way || targetWithin(event, TEXT_FIELDS)) return; // there the browser undoes typing
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) way();
};

export const start = () => {
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  document.addEventListener("keydown", onKey);
  listeners.push(showButtons);
  showButtons();
};

export const onChange = (listener: () => void) => listeners.push(listener);
