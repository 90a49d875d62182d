// The fields that say what is trained and how: filled from the session, told in words, and compared
// with the session's own net. Dash keeps their values; each change arrives here.
import { ancestor, byId, labelOf, setText } from "../core/dom";
import { allows, limits, refusal } from "../core/limits";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { NetDescription, Snapshot } from "../core/types";

const { t } = i18n;

const NAMES = ["seed", "hidden", "bias", "activation", "loss", "kind", "lr", "momentum", "engine", "epochs"] as const;
export const SHOWN_MS = 1000; // Dash shows by then what it was told
export type FieldName = (typeof NAMES)[number];
// What stands in the fields, as Dash keeps it; `bias` is a list of one or none.
type Fields = Record<Exclude<FieldName, "bias">, string> & { bias: string[] };
type Value = string | string[];

let fields: Fields | null = null;

// One value for each field at a time: of two that follow each other closely, Dash's input may show
// the first.
const told = new Map<string, Value>();
export const tell = (id: string, value: Value) => {
  if (!told.size) setTimeout(pass);
  told.set(id, value);
};
const pass = () => {
  for (const [id, value] of told) window.dash_clientside.set_props(id, { value });
  told.clear();
};

// Dash shows what it was told a little later.
export const settled = async (isShown: () => boolean) => {
  for (let waited = 0; !isShown() && waited < SHOWN_MS; waited += 20) {
    await new Promise((done) => setTimeout(done, 20));
  }
};

export const changed = (values: unknown[]) => {
  const next = Object.fromEntries(NAMES.map((name, i) => [name, values[i]])) as Fields;
  fields = next;
  ancestor(byId("fit-momentum"), ".field").classList.toggle("unused", next.kind !== "sgd");
};

export const fillNet = ({ seed, net }: Snapshot) => {
  tell("fit-seed", String(seed));
  tell("fit-hidden", String(net.h));
  tell("fit-bias", net.bias1 ? ["bias1"] : []);
  tell("fit-activation", net.activation);
  tell("fit-loss", net.loss);
};

export const fill = (snapshot: Snapshot) => {
  const { optimizer, engine } = snapshot;
  fillNet(snapshot);
  tell("fit-optimizer", optimizer.kind);
  tell("fit-lr", String(optimizer.lr));
  if (optimizer.kind === "sgd") tell("fit-momentum", String(optimizer.momentum));
  tell("fit-engine", engine);
};

const typedNet = (fields: Fields) => ({
  h: numbers.parse(fields.hidden),
  bias1: Boolean(fields.bias?.length),
  activation: fields.activation,
  loss: fields.loss,
});
const isOtherNet = (fields: Fields, net: NetDescription) => {
  const { h, bias1, activation, loss } = typedNet(fields);
  return h !== net.h || bias1 !== net.bias1 || activation !== net.activation || loss !== net.loss;
};

const engineName = (id: string) => {
  const [loop, device = ""] = id.split("@");
  return t(`engine.${loop}_${device.startsWith("cuda") ? "cuda" : "cpu"}`);
};

// Two digits: what changes from slice to slice is noise.
const speedText = (speed: number) => {
  const rounded = Number(speed.toPrecision(2));
  return rounded < 10 ? numbers.short(rounded, 1) : numbers.whole(rounded);
};

// What is typed, or a dash where no number can be made of it that is allowed.
const typed = (text: string, allowed: (value: number) => boolean) => (allowed(numbers.parse(text)) ? text : "–");

const optimizerWords = (fields: Fields) => {
  const method = t(`optimizer.${fields.kind}`);
  const lr = typed(fields.lr, (value) => value > 0 && value <= limits.max_lr);
  const words = { method, lr, momentum: typed(fields.momentum, (value) => value >= 0 && value < 1) };
  return t(fields.kind === "sgd" ? "summary.momentum" : "summary.lr", words);
};

const engineWords = ({ engine }: Fields, used: string | null | undefined) => {
  if (engine !== "auto") return engineName(engine);
  return used ? t("summary.auto_used", { engine: engineName(used) }) : t("summary.auto");
};

// "2 units · ReLU · no bias · BCE · Adam, learning rate 0.001 · automatic engine"
const summary = (fields: Fields, state: Snapshot | null) => {
  const { h, bias1, activation, loss } = typedNet(fields);
  return [
    h === 1 ? t("summary.one_unit") : t("summary.units", { units: allows("hidden", h) ? numbers.whole(h) : "–" }),
    t(`activation.${activation}`),
    t(bias1 ? "summary.bias" : "summary.no_bias"),
    t(`summary.${loss}`),
    optimizerWords(fields),
    engineWords(fields, state?.engine_used),
  ].join(" · ");
};

const isOtherSeed = (fields: Fields, seed: number) => numbers.parse(fields.seed) !== seed;

// "Train 5,000 epochs", if pressing it does that: a trained net is not trained with another seed or
// as another net, and the server says so.
const trainLabel = (fields: Fields, state: Snapshot | null) => {
  const n = numbers.parse(fields.epochs);
  if (!allows("epochs", n) || !allows("seed", numbers.parse(fields.seed))) return t("fit.train");
  const isOther = state && (isOtherNet(fields, state.net) || isOtherSeed(fields, state.seed));
  if (isOther && state.epoch > 0) return t("fit.train_refused");
  return t(n === 1 ? "fit.train_one" : "fit.train_n", { n: numbers.whole(n) });
};

// "Reset"; or what the button does if another net or seed stands in the fields
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

// What is wrong with seed or N, at the field and below it; an empty field is being filled.
const complain = (now: Fields) => {
  const problems = (["seed", "epochs"] as const).map((name) => {
    const problem = now[name].trim() ? refusal(name, numbers.parse(now[name])) : null;
    if (problem) byId(`fit-${name}`).setAttribute("aria-invalid", "true");
    else byId(`fit-${name}`).removeAttribute("aria-invalid");
    return problem;
  });
  const first = problems.find((problem) => problem !== null);
  setText(byId("fit-complaint"), first ? t(`error.${first.code}`, i18n.formatArgs(first.args)) : "");
};

// `state` is the newest snapshot, or null before there is one.
export const show = (state: Snapshot | null) => {
  if (!fields) return;
  complain(fields);
  setText(byId("fit-summary"), summary(fields, state));
  setText(labelOf("fit-train"), trainLabel(fields, state));
  setText(labelOf("fit-reset"), resetLabel(fields, state));
  if (state) setText(byId("fit-engine-used"), engineUsed(state));
};

// Adam's usual learning rate hardly moves SGD: who changes the method and had left it at the one's
// usual value gets the other's.
const followMethod = ({ target }: Event) => {
  if (!fields || !(target instanceof HTMLInputElement)) return;
  const now = numbers.parse(fields.lr);
  const { [target.value]: chosen, ...others } = limits.optimizers;
  const isUsual = Object.values(others).some(({ lr }) => lr === now);
  if (chosen && isUsual) tell("fit-lr", String(chosen.lr));
};

export const start = () => {
  byId("fit-optimizer").addEventListener("change", followMethod);
};

// Where y is no yes and no, a sigmoid and BCE make no sense.
export const limit = (isBinary: boolean) => {
  const bce = document.querySelector<HTMLInputElement>("#fit-loss input[value='bce']");
  if (!bce) return;
  bce.disabled = !isBinary;
  ancestor(bce, "label").classList.toggle("no-choice", !isBinary);
};

export const now = () => fields;
