// Undo steps of Fit's fields. A text field records a step when it loses focus or Enter is pressed, a radio button
// or a checkbox at once.
import { byId, targetWithin } from "../../core/dom";
import * as undo from "../../core/history";
import type { FieldName, Values } from "../fields";
import * as fitFields from "../fields";
import * as fitSession from "../session";
import { depth, goTo } from "./session-history";

type Typing = { id: string; value: string; touched: boolean }; // `value` is the field's value before typing

const TEXTS = ["fit-seed", "fit-epochs", "fit-hidden", "fit-lr", "fit-momentum"];
const CHOICES: Record<string, FieldName> = {
  "fit-activation": "activation",
  "fit-loss": "loss",
  "fit-optimizer": "kind",
  "fit-engine": "engine",
};
const BOXES: Record<string, string> = { "fit-bias": "bias1", "fit-log-x": "log" };
const OF_NET = ["fit-seed", "fit-hidden", "fit-bias", "fit-activation", "fit-loss"];
let typing: Typing | null = null; // the text field with the focus

// --- steps ------------------------------------------------------------------------------------
const only = (values: Values, ids: string[]): Values => Object.fromEntries(ids.map((id) => [id, values[id]]));

// Record a step. `before` has the previous values of the fields that changed. While the net is untrained, the server
// replaces it when a field changes, so undo restores the previous net as well.
const recordStep = (before: Values) => {
  const isOfNet = Object.keys(before).some((id) => OF_NET.includes(id));
  const ids = isOfNet ? OF_NET : Object.keys(before);
  const current = () => ({ values: only(read(), ids), depth: depth() });
  let toRestore = { values: { ...current().values, ...before }, depth: depth() };
  const swap = async () => {
    const now = current();
    if (isOfNet && fitSession.state?.epoch === 0) await goTo(toRestore.depth);
    await put(toRestore.values);
    toRestore = now;
  };
  undo.record(swap, swap);
};

const toggled = (values: Values, id: string): Values => ({ ...values, [id]: values[id]?.length ? [] : [BOXES[id]] });

const textField = ({ target }: Event) =>
  target instanceof HTMLInputElement && TEXTS.includes(target.id) ? target : null;

// Record a step for a changed field. This runs before Dash's own listener, while Dash still has the previous values.
const onChange = (event: Event) => {
  const within = (table: object) => {
    const selectors = Object.keys(table).map((id) => `#${id}`);
    return targetWithin(event, selectors.join(","));
  };
  const [choice, box, text] = [within(CHOICES), within(BOXES), textField(event)];
  if (text) recordTyping(text);
  else if (choice) recordStep(beforeChoice(choice.id));
  else if (box) recordStep(only(toggled(read(), box.id), [box.id]));
};

// A change of the optimizer may change the learning rate too; see fields.ts.
const beforeChoice = (id: string): Values => {
  const before = { [id]: fitFields.now()?.[CHOICES[id]] };
  return id === "fit-optimizer" ? { ...before, "fit-lr": byId("fit-lr", HTMLInputElement).value } : before;
};

const onFocus = (event: Event) => {
  const field = textField(event);
  if (field) typing = { id: field.id, value: field.value, touched: false };
};
const onInput = (event: Event) => {
  if (typing && typing.id === textField(event)?.id) typing.touched = true;
};
const recordTyping = ({ id, value }: HTMLInputElement) => {
  if (typing?.id !== id || !typing.touched) return;
  const before = typing.value;
  typing = { id, value, touched: false };
  if (before !== value) recordStep({ [id]: before });
};

// --- reading and writing ----------------------------------------------------------------------
const checked = (id: string) => [...document.querySelectorAll<HTMLInputElement>(`#${id} input:checked`)];
export const read = (): Values => ({
  ...Object.fromEntries(TEXTS.map((id) => [id, byId(id, HTMLInputElement).value])),
  ...Object.fromEntries(Object.keys(CHOICES).map((id) => [id, checked(id)[0]?.value])),
  ...Object.fromEntries(Object.keys(BOXES).map((id) => [id, checked(id).length ? [BOXES[id]] : []])),
});

// Set fields. Resolves when they show the values, because the next undo reads them from there.
export const put = async (values: Values) => {
  const typed = typing && values[typing.id];
  if (typing && typeof typed === "string") typing = { ...typing, value: typed, touched: false };
  fitFields.setAll(values);
  await fitFields.waitUntil(() => {
    const shown = read();
    return Object.keys(values).every((id) => values[id] === undefined || String(shown[id]) === String(values[id]));
  });
};

export const start = () => {
  document.addEventListener("focusin", onFocus);
  document.addEventListener("input", onInput, { capture: true });
  document.addEventListener("focusout", (event) => {
    const field = textField(event);
    if (field) recordTyping(field);
  });
  document.addEventListener("change", onChange, { capture: true });
};
