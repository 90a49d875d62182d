// What is chosen or typed in the cards of Data, Explore and Take home, as steps for Undo and Redo. It
// comes back as if a hand had put it back, so that each card does what it does with any choice.
import { ancestor, targetWithin } from "../core/dom";
import * as undo from "../core/history";
import * as fitFields from "../fit/fields";

const AREAS = "#fit-data-choice, #explore, #share";
// These keep steps of their own: weights, own points, the names of kept runs. A file is no setting.
const APART = "#by-hand-weights *, [name='own-kind'], #compare-table *, [type='file'], [readonly]";
const TYPED = "[type='text'], [type='number']";

type Control = HTMLInputElement | HTMLSelectElement;
type Setting = string | boolean;
type Settings = Map<Control, Setting>;

const isControl = (node: unknown): node is Control =>
  node instanceof HTMLInputElement || node instanceof HTMLSelectElement;
const isOurs = (node: unknown): node is Control =>
  isControl(node) && node.closest(AREAS) !== null && !node.matches(APART);
const isTyped = (node: Control) => node.matches(TYPED);
const isBox = (node: Control): node is HTMLInputElement =>
  node instanceof HTMLInputElement && ["radio", "checkbox"].includes(node.type);
const settingOf = (node: Control): Setting => (isBox(node) ? node.checked : node.value);

const typing = new WeakMap<Control, string>(); // a text field, as it was when it was entered
let chosen: Settings = new Map(); // everything else, as it was when the hand came to it
let putting = false; // what comes back is no step

const enter = ({ target }: Event) => {
  if (isOurs(target) && isTyped(target)) typing.set(target, target.value);
};
const look = (event: Event) => {
  if (!targetWithin(event, AREAS)) return;
  const nodes = [...document.querySelectorAll<Control>(`:is(${AREAS}) :is(input, select)`)];
  chosen = new Map(nodes.filter((node) => isOurs(node) && !isTyped(node)).map((node) => [node, settingOf(node)]));
};

// --- putting back -------------------------------------------------------------------------------
const tell = (node: Control, ...names: string[]) =>
  names.forEach((name) => node.dispatchEvent(new Event(name, { bubbles: true })));

const put = async (node: Control, value: Setting) => {
  if (!node.isConnected) return;
  if (typeof value === "string" && node.classList.contains("dash-input-element")) {
    fitFields.set(node.id, value);
    await fitFields.waitUntil(() => node.value === value);
    tell(node, "input");
  } else if (typeof value === "boolean") {
    if (!isBox(node) || node.checked === value || (node.type === "radio" && !value)) return; // another radio is put
    node.checked = value;
    tell(node, "change");
  } else {
    node.value = value;
    tell(node, "input", "change");
  }
};

const record = (before: Settings, what: string | null) => {
  let other = before;
  const swap = async () => {
    const now: Settings = new Map([...other.keys()].map((node) => [node, settingOf(node)]));
    putting = true;
    try {
      for (const [node, value] of other) await put(node, value);
    } finally {
      putting = false;
    }
    other = now;
  };
  undo.record(swap, swap, what);
};

const onChange = ({ target }: Event) => {
  if (putting || !isOurs(target)) return;
  if (isTyped(target)) {
    const before = typing.get(target);
    typing.set(target, target.value);
    if (before !== undefined && before !== target.value) record(new Map([[target, before]]), null);
    return;
  }
  const before = chosen;
  setTimeout(() => {
    // the card may have changed another one with it
    const changed = [...before].filter(([node, value]) => node.isConnected && settingOf(node) !== value);
    const key = target.type === "range" ? `choice ${ancestor(target, "[id]").id}` : null;
    if (changed.some(([node]) => node === target)) record(new Map(changed), key);
  });
};

export const start = () => {
  document.addEventListener("focusin", enter);
  document.addEventListener("pointerdown", look, { capture: true });
  document.addEventListener("keydown", look, { capture: true });
  document.addEventListener("change", onChange);
};
