// The fields of Fit as steps for Undo and Redo: a text field when it is left or Enter is pressed, a
// choice or a box at once.
import { byId } from "../core/dom";
import * as undo from "../core/history";
import * as fitControls from "./controls";
import * as fitFields from "./fields";
import * as fitSection from "./fit";
import { depth, goTo } from "./session-history";

const TEXTS = ["fit-seed", "fit-epochs", "fit-hidden", "fit-lr", "fit-momentum"];
const CHOICES = { "fit-activation": "activation", "fit-loss": "loss", "fit-optimizer": "kind", "fit-engine": "engine" };
const BOXES = { "fit-bias": "bias1", "fit-log-x": "log" };
const OF_NET = ["fit-seed", "fit-hidden", "fit-bias", "fit-activation", "fit-loss"];
let typing = null; // {id, value, touched}: a text field, as it was when it was entered

// --- steps ------------------------------------------------------------------------------------
const only = (values, ids) => Object.fromEntries(ids.map((id) => [id, values[id]]));

// `before` has the values of the fields that changed. An untrained net follows the fields, so it goes
// back with them.
const recordStep = (before) => {
  const isOfNet = Object.keys(before).some((id) => OF_NET.includes(id));
  const ids = isOfNet ? OF_NET : Object.keys(before);
  const standing = () => ({ values: only(read(), ids), steps: depth() });
  let other = { values: { ...standing().values, ...before }, steps: depth() };
  const swap = async () => {
    const now = standing();
    if (isOfNet && fitSection.now().state?.epoch === 0) await goTo(other.steps);
    await put(other.values);
    other = now;
  };
  undo.record(swap, swap);
};

const toggled = (values, id) => ({ ...values, [id]: values[id].length ? [] : [BOXES[id]] });

// Before Dash has heard of it: its own values are those that stood there.
const onChange = ({ target }) => {
  const within = (table) =>
    target.closest(
      Object.keys(table)
        .map((id) => `#${id}`)
        .join(","),
    );
  const [choice, box] = [within(CHOICES), within(BOXES)];
  if (TEXTS.includes(target.id)) leave(target);
  else if (choice) recordStep(beforeChoice(choice.id));
  else if (box) recordStep(only(toggled(read(), box.id), [box.id]));
};

// With the method goes the learning rate; see fit-fields.js.
const beforeChoice = (id) => {
  const before = { [id]: fitFields.now()[CHOICES[id]] };
  return id === "fit-optimizer" ? { ...before, "fit-lr": byId("fit-lr").value } : before;
};

const enter = ({ target }) => {
  if (TEXTS.includes(target.id)) typing = { id: target.id, value: target.value, touched: false };
};
const touch = ({ target }) => {
  if (typing?.id === target.id) typing.touched = true;
};
const leave = ({ id, value }) => {
  if (typing?.id !== id || !typing.touched) return;
  const before = typing.value;
  typing = { id, value, touched: false };
  if (before !== value) recordStep({ [id]: before });
};

// --- reading and writing ----------------------------------------------------------------------
const checked = (id) => [...document.querySelectorAll<HTMLInputElement>(`#${id} input:checked`)];
export const read = () => ({
  ...Object.fromEntries(TEXTS.map((id) => [id, byId(id).value])),
  ...Object.fromEntries(Object.keys(CHOICES).map((id) => [id, checked(id)[0]?.value])),
  ...Object.fromEntries(Object.keys(BOXES).map((id) => [id, checked(id).length ? [BOXES[id]] : []])),
});

// Resolves when the fields show the values: what is taken back next reads them there.
export const put = async (values) => {
  if (typing?.id in values) typing = { ...typing, value: values[typing.id], touched: false };
  for (const [id, value] of Object.entries(values)) {
    if (value !== undefined) fitFields.tell(id, value);
  }
  await fitFields.settled(() => {
    const shown = read();
    return Object.keys(values).every((id) => values[id] === undefined || String(shown[id]) === String(values[id]));
  });
  if ("fit-epochs" in values) fitControls.keepEpochs();
};

export const start = () => {
  document.addEventListener("focusin", enter);
  document.addEventListener("input", touch, { capture: true });
  document.addEventListener("focusout", ({ target }) => leave(target as HTMLInputElement));
  document.addEventListener("change", onChange, { capture: true });
};
