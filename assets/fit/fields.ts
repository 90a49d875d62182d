// The fields that say what is trained and how: filled from the session, told in words, and compared
// with the session's own net. Dash keeps their values; each change arrives here.
import { byId } from "../core/dom";
import * as i18n from "../core/i18n";
import { allows, limits } from "../core/limits";
import * as numbers from "../core/numbers";

const { t } = i18n;

const NAMES = ["seed", "hidden", "bias", "activation", "loss", "kind", "lr", "momentum", "engine"];
const SHOWN_MS = 1000;
let fields = null;

// One value for each field at a time: of two that follow each other closely, Dash's input may show
// the first.
const told = new Map();
export const tell = (id, value) => {
  if (!told.size) setTimeout(pass);
  told.set(id, value);
};
const pass = () => {
  for (const [id, value] of told) window.dash_clientside.set_props(id, { value });
  told.clear();
};

// Dash shows what it was told a little later.
export const settled = async (isShown) => {
  for (let waited = 0; !isShown() && waited < SHOWN_MS; waited += 20) {
    await new Promise((done) => setTimeout(done, 20));
  }
};

export const changed = (values) => {
  fields = Object.fromEntries(NAMES.map((name, i) => [name, values[i]]));
  byId("fit-momentum")
    .closest(".field")
    .classList.toggle("unused", fields.kind !== "sgd");
};

export const fillNet = ({ seed, net }) => {
  tell("fit-seed", String(seed));
  tell("fit-hidden", String(net.h));
  tell("fit-bias", net.bias1 ? ["bias1"] : []);
  tell("fit-activation", net.activation);
  tell("fit-loss", net.loss);
};

export const fill = (snapshot) => {
  const { optimizer, engine } = snapshot;
  fillNet(snapshot);
  tell("fit-optimizer", optimizer.kind);
  tell("fit-lr", String(optimizer.lr));
  if (optimizer.kind === "sgd") tell("fit-momentum", String(optimizer.momentum));
  tell("fit-engine", engine);
};

const typedNet = () => ({
  h: numbers.parse(fields.hidden),
  bias1: Boolean(fields.bias?.length),
  activation: fields.activation,
  loss: fields.loss,
});
const isOther = (net) => Object.entries(typedNet()).some(([name, value]) => net[name] !== value);

const engineName = (id) => {
  const [loop, device] = id.split("@");
  return t(`engine.${loop}_${device.startsWith("cuda") ? "cuda" : "cpu"}`);
};

// Two digits: what changes from slice to slice is noise.
const speedText = (speed) => {
  const rounded = Number(speed.toPrecision(2));
  return rounded < 10 ? numbers.short(rounded, 1) : numbers.whole(rounded);
};

// What is typed, or a dash where no number can be made of it that is allowed.
const typed = (text, allowed) => (allowed(numbers.parse(text)) ? text : "–");

const optimizerWords = () => {
  const method = t(`optimizer.${fields.kind}`);
  const lr = typed(fields.lr, (value) => value > 0 && value <= limits.max_lr);
  const words = { method, lr, momentum: typed(fields.momentum, (value) => value >= 0 && value < 1) };
  return t(fields.kind === "sgd" ? "summary.momentum" : "summary.lr", words);
};

const engineWords = (used) => {
  if (fields.engine !== "auto") return engineName(fields.engine);
  return used ? t("summary.auto_used", { engine: engineName(used) }) : t("summary.auto");
};

// "2 units · ReLU · no bias · BCE · Adam, learning rate 0.001 · automatic engine"
const summary = (state) => {
  const { h, bias1, activation, loss } = typedNet();
  return [
    h === 1 ? t("summary.one_unit") : t("summary.units", { units: allows("hidden", h) ? numbers.whole(h) : "–" }),
    t(`activation.${activation}`),
    t(bias1 ? "summary.bias" : "summary.no_bias"),
    t(`summary.${loss}`),
    optimizerWords(),
    engineWords(state?.engine_used),
  ].join(" · ");
};

// "Reset"; or what the button does if another net or seed stands in the fields
const resetLabel = (state) => {
  const seed = numbers.parse(fields.seed);
  if (state && isOther(state.net)) return t("fit.reset_net");
  if (state && Number.isInteger(seed) && seed !== state.seed) {
    return t("fit.reset_seed", { seed: numbers.whole(seed) });
  }
  return t("fit.reset");
};

const engineUsed = ({ engine_used: used, engine_speed: speed }) => {
  if (!used) return t("fit.engine_none");
  const engine = engineName(used);
  return speed > 0 ? t("fit.engine_used", { engine, speed: speedText(speed) }) : t("fit.engine_used_only", { engine });
};

// `state` is the newest snapshot, or null before there is one.
export const show = (state) => {
  if (!fields) return;
  const write = (node, words) => {
    if (node.textContent !== words) node.textContent = words;
  };
  write(byId("fit-summary"), summary(state));
  write(byId("fit-reset").firstElementChild, resetLabel(state));
  if (state) write(byId("fit-engine-used"), engineUsed(state));
};

// Adam's usual learning rate hardly moves SGD: who changes the method and had left it at the one's
// usual value gets the other's.
const followMethod = ({ target }) => {
  const { [target.value]: chosen, ...others } = limits.optimizers;
  const isUsual = Object.values(others).some(({ lr }) => lr === numbers.parse(fields.lr));
  if (chosen && isUsual) tell("fit-lr", String(chosen.lr));
};

export const start = () => {
  byId("fit-optimizer").addEventListener("change", followMethod);
};

// Where y is no yes and no, a sigmoid and BCE make no sense.
export const limit = (isBinary) => {
  const bce = document.querySelector<HTMLInputElement>("#fit-loss input[value='bce']");
  if (!bce) return;
  bce.disabled = !isBinary;
  bce.closest("label").classList.toggle("no-choice", !isBinary);
};

export const now = () => fields;
