// What a student set can be taken back, and taken back again: by the two buttons in the header, or by
// the keys that everybody knows.
import { byId, targetWithin } from "./dom";
import { isMessage } from "./types";

const MOST = 100;
const TOGETHER_MS = 700; // what is done to the same thing sooner than this belongs to one step
export const TYPED = "input:not([type='range'], [type='radio'], [type='checkbox']), textarea, [contenteditable]";

type Action = () => unknown; // may be asynchronous
type Step = { undo: Action; redo: Action; what: string | null; at: number };

let done: Step[] = [];
let undone: Step[] = [];
const listeners: (() => void)[] = [];
let moving = false; // what is set while something is taken back is no step of its own
let turn: Promise<unknown> = Promise.resolve(); // one after the other, however fast the keys come

const tell = () => listeners.forEach((listener) => listener());

// Remember a step that has just been made. Steps with the same `what` that follow one another
// closely are one: the arrow key that is held down on a slider. (A step whose two ways are the same
// function swaps what there is with what it keeps; it needs no other redo.)
export const record = (undo: Action, redo: Action, what: string | null = null) => {
  if (moving) return;
  const at = performance.now();
  const last = done.at(-1);
  if (last && what !== null && last.what === what && at - last.at < TOGETHER_MS && !undone.length) {
    Object.assign(last, undo === redo ? { at } : { redo, at });
    return;
  }
  done.push({ undo, redo, what, at });
  if (done.length > MOST) done.shift();
  undone.length = 0;
  tell();
};

// Steps from before the page was loaded, the nearest last, and those of them that were taken back.
type Ways = Pick<Step, "undo" | "redo">;
export const recall = (before: Ways[], takenBack: Ways[]) => {
  const asSteps = (ways: Ways[]) => ways.map((each) => ({ ...each, what: null, at: 0 }));
  if (!done.length) undone.push(...asSteps(takenBack));
  done.unshift(...asSteps(before));
  tell();
};

// Put other steps in the place of those that there are, and give those.
export type Steps = { done: Step[]; undone: Step[] };
export const exchange = (next: Steps = { done: [], undone: [] }): Steps => {
  const before = { done, undone };
  ({ done, undone } = next);
  tell();
  return before;
};

// A step that the server refused (it has said why) stays where it was.
const move = async (from: Step[], to: Step[], way: "undo" | "redo") => {
  const step = from.pop();
  if (!step) return;
  moving = true;
  try {
    await step[way]();
    to.push({ ...step, what: null });
  } catch (error) {
    from.push(step);
    if (!isMessage(error)) throw error;
  } finally {
    moving = false;
    tell();
  }
};
const inTurn = (job: () => Promise<void>) => {
  const mine = turn.then(job);
  turn = mine.catch(() => {});
  return mine;
};
// What is on its way to becoming a step is waited for: Undo that is pressed before the server has
// answered a reset takes back the reset, not what was done before it.
export const awaitStep = (step: Promise<unknown>) => void inTurn(async () => void (await step));
export const undo = () => inTurn(() => move(done, undone, "undo"));
export const redo = () => inTurn(() => move(undone, done, "redo"));

// --- buttons and keys -------------------------------------------------------------------------
// A button that is used up hands the keyboard to the other one.
const showButtons = () => {
  const buttons = { undo: byId("undo", HTMLButtonElement), redo: byId("redo", HTMLButtonElement) };
  const focused = document.activeElement;
  buttons.undo.disabled = !done.length;
  buttons.redo.disabled = !undone.length;
  if (focused === buttons.undo && buttons.undo.disabled) buttons.redo.focus();
  if (focused === buttons.redo && buttons.redo.disabled) buttons.undo.focus();
};

const onKey = (event: KeyboardEvent) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
  const key = event.key.toLowerCase();
  const way = key === "z" ? (event.shiftKey ? redo : undo) : key === "y" && !event.shiftKey ? redo : null;
  if (!way || targetWithin(event, TYPED)) return; // what is typed has an undo of its own
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
export const canUndo = () => done.length > 0;
export const canRedo = () => undone.length > 0;
