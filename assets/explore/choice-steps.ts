// What is chosen or typed in the cards of Data, Explore and Take home, as steps for Undo and Redo. It
// comes back as if a hand had put it back, so that each card does what it does with any choice.
import * as undo from "../core/history";
import * as fitFields from "../fit/fields";

const AREAS = "#fit-data-choice, #explore, #share";
// These keep steps of their own: weights, own points, the names of kept runs. A file is no setting.
const APART = "#by-hand-weights *, [name='own-kind'], #compare-table *, [type='file'], [readonly]";
const TYPED = "[type='text'], [type='number']";

const isOurs = (node) => node.matches("input, select") && node.closest(AREAS) && !node.matches(APART);
const isTyped = (node) => node.matches(TYPED);
const settingOf = (node) => (["radio", "checkbox"].includes(node.type) ? node.checked : node.value);

const typing = new WeakMap(); // a text field, as it was when it was entered
let chosen = new Map(); // everything else, as it was when the hand came to it
let putting = false; // what comes back is no step

const enter = ({ target }) => {
  if (isOurs(target) && isTyped(target)) typing.set(target, target.value);
};
const look = ({ target }) => {
  if (!target.closest?.(AREAS)) return;
  const nodes = document.querySelectorAll(`:is(${AREAS}) :is(input, select)`);
  chosen = new Map([...nodes].filter((node) => isOurs(node) && !isTyped(node)).map((node) => [node, settingOf(node)]));
};

// --- putting back -------------------------------------------------------------------------------
const tell = (node, ...names) => names.forEach((name) => node.dispatchEvent(new Event(name, { bubbles: true })));

const put = async (node, value) => {
  if (!node.isConnected) return;
  if (node.classList.contains("dash-input-element")) {
    fitFields.tell(node.id, value);
    await fitFields.settled(() => node.value === value);
    tell(node, "input");
  } else if (typeof value === "boolean") {
    if (node.checked === value || (node.type === "radio" && !value)) return; // another radio is put
    node.checked = value;
    tell(node, "change");
  } else {
    node.value = value;
    tell(node, "input", "change");
  }
};

const record = (before, what) => {
  let other = before;
  const swap = async () => {
    const now = new Map([...other.keys()].map((node) => [node, settingOf(node)]));
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

const onChange = ({ target }) => {
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
    const key = target.type === "range" ? `choice ${target.closest("[id]").id}` : null;
    if (changed.some(([node]) => node === target)) record(new Map(changed), key);
  });
};

export const start = () => {
  document.addEventListener("focusin", enter);
  document.addEventListener("pointerdown", look, { capture: true });
  document.addEventListener("keydown", look, { capture: true });
  document.addEventListener("change", onChange);
};
