// Undo steps of the inputs in Data, Explore and Take home. Undo sets an input and dispatches its events, so that
// each card reacts as it does to the user.
import { ancestor, targetWithin } from "../core/dom";
import * as undo from "../core/history";
import * as fitFields from "../fit/fields";

const AREAS = "#fit-data-choice, #explore, #share";
// Inputs with undo steps of their own (weights, own points, names of runs), and inputs that are not settings.
const EXCLUDED = "#by-hand-weights *, [name='own-kind'], #compare-table *, [type='file'], [readonly]";
const TEXT = "[type='text'], [type='number']";

type Control = HTMLInputElement | HTMLSelectElement;
type Setting = string | boolean;
type Settings = Map<Control, Setting>;

const isControl = (node: unknown): node is Control =>
  node instanceof HTMLInputElement || node instanceof HTMLSelectElement;
const isTracked = (node: unknown): node is Control =>
  isControl(node) && node.closest(AREAS) !== null && !node.matches(EXCLUDED);
const isText = (node: Control) => node.matches(TEXT);
const isBox = (node: Control): node is HTMLInputElement =>
  node instanceof HTMLInputElement && ["radio", "checkbox"].includes(node.type);
const settingOf = (node: Control): Setting => (isBox(node) ? node.checked : node.value);

const textBefore = new WeakMap<Control, string>(); // the value of a text field when it got the focus
let settingsBefore: Settings = new Map(); // the values of all other inputs, before the last press of a pointer or key
let isRestoring = false; // changes that undo and redo make are not recorded

const onFocus = ({ target }: Event) => {
  if (isTracked(target) && isText(target)) textBefore.set(target, target.value);
};
const onPress = (event: Event) => {
  if (!targetWithin(event, AREAS)) return;
  const nodes = [...document.querySelectorAll<Control>(`:is(${AREAS}) :is(input, select)`)];
  settingsBefore = new Map(
    nodes.filter((node) => isTracked(node) && !isText(node)).map((node) => [node, settingOf(node)]),
  );
};

// --- restoring ----------------------------------------------------------------------------------
const dispatch = (node: Control, ...names: string[]) =>
  names.forEach((name) => node.dispatchEvent(new Event(name, { bubbles: true })));

const put = async (node: Control, value: Setting) => {
  if (!node.isConnected) return;
  if (typeof value === "string" && node.classList.contains("dash-input-element")) {
    fitFields.set(node.id, value);
    await fitFields.waitUntil(() => node.value === value);
    dispatch(node, "input");
  } else if (typeof value === "boolean") {
    if (!isBox(node) || node.checked === value) return;
    if (node.type === "radio" && !value) return; // checking another radio button of the group unchecks it
    node.checked = value;
    dispatch(node, "change");
  } else {
    node.value = value;
    dispatch(node, "input", "change");
  }
};

const record = (before: Settings, source: string | null) => {
  let toRestore = before;
  const swap = async () => {
    const now: Settings = new Map([...toRestore.keys()].map((node) => [node, settingOf(node)]));
    isRestoring = true;
    try {
      for (const [node, value] of toRestore) await put(node, value);
    } finally {
      isRestoring = false;
    }
    toRestore = now;
  };
  undo.record(swap, swap, source);
};

const onChange = ({ target }: Event) => {
  if (isRestoring || !isTracked(target)) return;
  if (isText(target)) {
    const before = textBefore.get(target);
    textBefore.set(target, target.value);
    if (before !== undefined && before !== target.value) record(new Map([[target, before]]), null);
    return;
  }
  const before = settingsBefore;
  setTimeout(() => {
    // This runs after the card's own listeners, because they may have changed other inputs as well.
    const changed = [...before].filter(([node, value]) => node.isConnected && settingOf(node) !== value);
    const source = target.type === "range" ? `choice ${ancestor(target, "[id]").id}` : null;
    if (changed.some(([node]) => node === target)) record(new Map(changed), source);
  });
};

export const start = () => {
  document.addEventListener("focusin", onFocus);
  document.addEventListener("pointerdown", onPress, { capture: true });
  document.addEventListener("keydown", onPress, { capture: true });
  document.addEventListener("change", onChange);
};
