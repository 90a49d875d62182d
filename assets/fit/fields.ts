// The fields of Fit: net, optimizer, engine, seed and number of epochs. Dash has their values, and calls
// `changed` at each change. This module fills them from the session, summarizes them in words, and compares them
// with the session's net.
import { ancestor, byId, labelOf, markInvalid, setText } from "../core/dom";
import { allows, limits, refusal } from "../core/limits";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Activation, Loss, NetDescription, Optimizer, Snapshot } from "../core/types";
import * as fitNet from "./net-description";

const { t } = i18n;

const NAMES = ["seed", "hidden", "bias", "activation", "loss", "kind", "lr", "momentum", "engine", "epochs"] as const;
const SHOWN_MS = 1000; // the longest time that Dash needs to show a value after `set`
export type FieldName = (typeof NAMES)[number];
// The fields' values in Dash; `bias` is a list of one element or none.
type Fields = Record<Exclude<FieldName, "bias">, string> & { bias: string[] };
type Value = string | string[];

let fields: Fields | null = null;

// Set a field's value in Dash. Values that are set in the same task are collected, and Dash gets only the last one for
// each field: if it got two in quick succession, its input might show the first.
const pending = new Map<string, Value>();
export const set = (id: string, value: Value) => {
  if (!pending.size) setTimeout(flush);
  pending.set(id, value);
};
const flush = () => {
  for (const [id, value] of pending) window.dash_clientside.set_props(id, { value });
  pending.clear();
};

// Wait until Dash shows new values, at most SHOWN_MS.
export const waitUntil = async (isShown: () => boolean) => {
  for (let waited = 0; !isShown() && waited < SHOWN_MS; waited += 20) {
    await new Promise((done) => setTimeout(done, 20));
  }
};

export const changed = (values: unknown[]) => {
  const next = Object.fromEntries(NAMES.map((name, i) => [name, values[i]])) as Fields;
  fields = next;
  ancestor(byId("fit-momentum"), ".field").classList.toggle("unused", next.kind !== "sgd");
};

// All values in Dash, by the ids of their fields.
export type Values = Record<string, Value | undefined>;
export const values = (): Values => {
  const { kind, ...others } = fields ?? {};
  const named = Object.entries(others).map(([name, value]) => [`fit-${name}`, value]);
  return { ...Object.fromEntries(named), "fit-optimizer": kind };
};

// The values of a session, by the ids of their fields.
const valuesOfNet = ({ seed, net }: Snapshot): Record<string, Value> => ({
  "fit-seed": String(seed),
  "fit-hidden": String(net.h),
  "fit-bias": net.bias1 ? ["bias1"] : [],
  "fit-activation": net.activation,
  "fit-loss": net.loss,
});
export const valuesOf = (snapshot: Snapshot): Record<string, Value> => {
  const { optimizer, engine } = snapshot;
  return {
    ...valuesOfNet(snapshot),
    "fit-optimizer": optimizer.kind,
    "fit-lr": String(optimizer.lr),
    ...(optimizer.kind === "sgd" && { "fit-momentum": String(optimizer.momentum) }),
    "fit-engine": engine,
  };
};

export const setAll = (values: Values) => {
  for (const [id, value] of Object.entries(values)) if (value !== undefined) set(id, value);
};
export const fillNet = (snapshot: Snapshot) => setAll(valuesOfNet(snapshot));
export const fill = (snapshot: Snapshot) => setAll(valuesOf(snapshot));

// The net and the optimizer in the fields. A text that is no number gives NaN.
export const netOf = (fields: Fields): NetDescription => ({
  h: numbers.parse(fields.hidden),
  bias1: Boolean(fields.bias?.length),
  activation: fields.activation as Activation,
  loss: fields.loss as Loss,
});
export const optimizerOf = (fields: Fields): Optimizer => {
  const lr = numbers.parse(fields.lr);
  return fields.kind === "sgd" ? { kind: "sgd", lr, momentum: numbers.parse(fields.momentum) } : { kind: "adam", lr };
};
const isLearningRate = (value: number) => value > 0 && value <= limits.max_lr;
const isMomentum = (value: number) => value >= 0 && value < 1;
export const isAllowed = ({ lr, momentum = 0 }: Optimizer) => isLearningRate(lr) && isMomentum(momentum);

const isOtherNet = (fields: Fields, net: NetDescription) => {
  const { h, bias1, activation, loss } = netOf(fields);
  return h !== net.h || bias1 !== net.bias1 || activation !== net.activation || loss !== net.loss;
};

const engineName = (id: string) => {
  const [loop, device = ""] = id.split("@");
  return t(`engine.${loop}_${device.startsWith("cuda") ? "cuda" : "cpu"}`);
};

// Two significant digits, because the speed varies from slice to slice.
const speedText = (speed: number) => {
  const rounded = Number(speed.toPrecision(2));
  return rounded < 10 ? numbers.short(rounded, 1) : numbers.whole(rounded);
};

// The typed text, or a dash if it is not an allowed number.
const typed = (text: string, isValid: (value: number) => boolean) => (isValid(numbers.parse(text)) ? text : "–");

const optimizerText = (fields: Fields) => {
  const method = t(`optimizer.${fields.kind}`);
  const words = { method, lr: typed(fields.lr, isLearningRate), momentum: typed(fields.momentum, isMomentum) };
  return t(fields.kind === "sgd" ? "summary.momentum" : "summary.lr", words);
};

const engineText = ({ engine }: Fields, used: string | null | undefined) => {
  if (engine !== "auto") return engineName(engine);
  return used ? t("summary.auto_used", { engine: engineName(used) }) : t("summary.auto");
};

// "2 units · ReLU · no bias · BCE · Adam, learning rate 0.001 · automatic engine"
const summary = (fields: Fields, state: Snapshot | null) => {
  const net = netOf(fields);
  const units = allows("hidden", net.h) ? numbers.whole(net.h) : "–";
  return [...fitNet.words(units, net), optimizerText(fields), engineText(fields, state?.engine_used)].join(" · ");
};

const isOtherSeed = (fields: Fields, seed: number) => numbers.parse(fields.seed) !== seed;

// "Train 5,000 epochs", or another label if the seed or the net in the fields is not that of the session's trained net:
// the server then refuses to train it.
const trainLabel = (fields: Fields, state: Snapshot | null) => {
  const n = numbers.parse(fields.epochs);
  if (!allows("epochs", n) || !allows("seed", numbers.parse(fields.seed))) return t("fit.train");
  const isOther = state && (isOtherNet(fields, state.net) || isOtherSeed(fields, state.seed));
  if (isOther && state.epoch > 0) return t("fit.train_refused");
  return t("fit.train_n", { n: numbers.whole(n) });
};

// "Reset", or another label if the fields have another net or seed, which the reset will use
const resetLabel = (fields: Fields, state: Snapshot | null) => {
  const seed = numbers.parse(fields.seed);
  if (state && isOtherNet(fields, state.net)) return t("fit.reset_net");
  if (state && isOtherSeed(fields, state.seed) && allows("seed", seed)) {
    return t("fit.reset_seed", { seed: numbers.whole(seed) });
  }
  return t("fit.reset");
};

const engineUsed = ({ engine_used: used, engine_speed: speed }: Snapshot) => {
  if (!used) return t("fit.engine_none");
  const engine = engineName(used);
  return speed ? t("fit.engine_used", { engine, speed: speedText(speed) }) : t("fit.engine_used_only", { engine });
};

// Mark invalid values of seed and N, and show the error below. An empty field is not an error yet.
const validate = (now: Fields) => {
  const problems = (["seed", "epochs"] as const).map((name) => {
    const problem = now[name].trim() ? refusal(name, numbers.parse(now[name])) : null;
    markInvalid(byId(`fit-${name}`), problem !== null);
    return problem;
  });
  const first = problems.find((problem) => problem !== null);
  setText(byId("fit-complaint"), first ? i18n.sentence("error", first) : "");
};

// `state` is the newest snapshot, or null before there is one.
export const show = (state: Snapshot | null) => {
  if (!fields) return;
  validate(fields);
  setText(byId("fit-summary"), summary(fields, state));
  setText(labelOf("fit-train"), trainLabel(fields, state));
  setText(labelOf("fit-reset"), resetLabel(fields, state));
  if (state) setText(byId("fit-engine-used"), engineUsed(state));
};

// When the optimizer is changed and the learning rate is the other optimizer's default, set this optimizer's
// default: with Adam's default, SGD hardly moves.
const updateLearningRate = ({ target }: Event) => {
  if (!fields || !(target instanceof HTMLInputElement)) return;
  const now = numbers.parse(fields.lr);
  const { [target.value]: chosen, ...others } = limits.optimizers;
  const isDefault = Object.values(others).some(({ lr }) => lr === now);
  if (chosen && isDefault) set("fit-lr", String(chosen.lr));
};

export const start = () => {
  byId("fit-optimizer").addEventListener("change", updateLearningRate);
};

// BCE, with a sigmoid at the output, is only offered for y between 0 and 1.
export const limitLosses = (isBinary: boolean) => {
  const bce = document.querySelector<HTMLInputElement>("#fit-loss input[value='bce']");
  if (!bce) return;
  bce.disabled = !isBinary;
  ancestor(bce, "label").classList.toggle("no-choice", !isBinary);
};

export const now = () => fields;
