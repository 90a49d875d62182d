// The data card of Fit: choose a set, draw points, send a file; say how many are kept for testing.

import * as api from "../../core/api";
import { byId, element } from "../../core/dom";
import * as i18n from "../../core/i18n";
import { t } from "../../core/i18n";
import { limits, refusal } from "../../core/limits";
import * as nets from "../../core/net";
import * as numbersModule from "../../core/numbers";
import * as fitControls from "../../fit/controls";
import * as fitFieldSteps from "../../fit/field-steps";
import * as fitSection from "../../fit/fit";
import * as fitSteps from "../../fit/steps";
import * as dataFile from "./file";
import * as dataOwn from "./own-points";
import * as dataTiles from "./tiles";

const SHARES = [0, 0.2, 0.3, 0.5];
const FIELDS = ["n", "noise", "seed"];

let laws; // {name: law}, as fit_dataset.law_row has them
let parts; // {tiles, fields, shares, belongs, own, file, use, ...}, once the fold was opened
let shownKey = null; // the data that the card was last filled from
let pending = Promise.resolve(); // live changes of own points go one after the other
let waiting = false;

const spoken = (tag, key, props = {}) => {
  const node = element(tag, { textContent: t(key), ...props });
  node.dataset.t = key;
  return node;
};

// --- what is chosen ---------------------------------------------------------------------------
const numberOf = (name) => numbersModule.parse(parts.fields[name].input.value);
const heldOut = () => Number(parts.shares.find((radio) => radio.checked).value);
const currentSpec = () => fitSection.now().data.spec;
const isOwnInUse = () => currentSpec().law === "own" && !currentSpec().label;

const netFor = (isBinary) => {
  const {
    net: { h, bias1, activation, loss },
    data,
  } = fitSection.now();
  const kept = data.isBinary ? loss : "bce";
  return { h, bias1, activation, loss: isBinary ? kept : "mse" };
};

// Throws {code, args} for a number that cannot be meant.
const readFields = (law) => {
  const [n, noise, seed] = FIELDS.map(numberOf);
  const [wrongCount, wrongSeed] = [refusal("points", n), refusal("seed", seed)];
  if (wrongCount) throw wrongCount;
  if (!(noise >= 0 && noise <= law.max_noise)) throw { code: "bad_noise", args: { min: 0, max: law.max_noise } };
  if (wrongSeed) throw wrongSeed;
  return { n, noise, seed };
};

// {verb, body, law}: what "Use these data" asks for
const wanted = async () => {
  const chosen = parts.tiles.get();
  const share = heldOut();
  if (chosen === "csv") return { verb: "upload", body: { ...(await parts.file.body()), held_out: share } };
  if (chosen === "own") {
    const { kind, x, y } = parts.own.get();
    const spec = { law: "own", x, y, prob: null, held_out: share };
    return { verb: "use_data", body: { spec, net: netFor(kind === "binary") } };
  }
  const law = laws[chosen];
  const belongs = parts.belongs.checked ? (law ?? laws.irony) : null;
  const numbers = law ? readFields(law) : {};
  return {
    verb: "use_data",
    law: belongs,
    body: {
      spec: { law: chosen, held_out: share, ...numbers },
      net: belongs ? belongs.net : netFor(law?.is_binary ?? true),
    },
  };
};

// --- use it -----------------------------------------------------------------------------------
const writeRecipe = ({ lr, epochs }) =>
  fitFieldSteps.put({ "fit-lr": String(lr), "fit-epochs": String(epochs), "fit-optimizer": "adam" });

const use = async () => {
  parts.use.disabled = true;
  try {
    const { verb, body, law } = await wanted();
    const answer = await fitSteps.whole(() => ask(verb, body));
    if (answer.error) return;
    if (law) writeRecipe(law);
    i18n.announce(t("dataset.used"));
  } catch (error) {
    complain(error.code ? error : { code: "server", args: {} }); // a file that is gone, or no answer
  } finally {
    parts.use.disabled = false;
    showChoice();
  }
};

const complain = (error) => {
  if (parts.tiles.get() === "csv") parts.file.complain(error);
  else fitControls.showMessage("fit-notice", "error", error);
};

// A file's errors stand beside the file; all others where Fit says its own.
const ask = async (verb, body) => {
  if (verb !== "upload") return fitSection.send(verb, body);
  const answer = await api.command(fitSection.now().sid, verb, body);
  parts.file.complain(answer.error ?? null);
  if (!answer.error) fitSection.reply(answer);
  return answer;
};

// Own points that are in use follow the hand: the net keeps its weights and meets the new points.
const follow = () => {
  showChoice();
  if (!isOwnInUse() || waiting) return pending;
  waiting = true;
  pending = pending.then(async () => {
    waiting = false;
    const { kind, x, y } = parts.own.get();
    if (x.length < limits.ranges.points.min) return;
    const spec = { law: "own", x, y, prob: null, held_out: currentSpec().held_out };
    if (kind === "numbers" && fitSection.now().net.loss === "bce") {
      await fitSection.send("use_data", { spec, net: netFor(false) });
    } else await fitSection.send("move_points", { spec });
  });
  return pending;
};

// --- the card ---------------------------------------------------------------------------------
const field = (name) => {
  const input = element("input", {
    type: "text",
    id: `data-${name}`,
    size: 7,
    inputMode: "decimal",
    autocomplete: "off",
    maxLength: 40,
  });
  const words = spoken("span", `dataset.field_${name}`);
  input.addEventListener("input", showChoice);
  return { input, words, node: element("label", { className: "field" }, words, input) };
};

const shareChoice = () => {
  const radios = SHARES.map((share) =>
    element("input", { type: "radio", name: "data-held-out", value: share, checked: share === 0 }),
  );
  const labels = radios.map((radio, i) => {
    const words = i ? element("span", {}, `${SHARES[i] * 100} %`) : spoken("span", "dataset.none");
    return element("label", {}, radio, words);
  });
  const group = element("div", { className: "data-shares" }, ...labels);
  group.setAttribute("role", "radiogroup");
  i18n.label(group, "dataset.held_out");
  return { radios, node: element("div", { className: "field choice" }, spoken("span", "dataset.held_out"), group) };
};

const build = (host) => {
  const fields = Object.fromEntries(FIELDS.map((name) => [name, field(name)]));
  const shares = shareChoice();
  const belongs = element("input", { type: "checkbox", id: "data-belongs", checked: true });
  const belongsWords = element("span");
  const belongsBox = element("label", { className: "check data-belongs" }, belongs, belongsWords);
  const ownHost = element("div", { className: "own", id: "data-own" });
  const fileHost = element("div", { className: "data-file", id: "data-csv" });
  const use = element("button", { type: "button", id: "data-use", className: "button primary" });
  const note = element("p", { className: "hint data-note" });
  parts = {
    fields,
    belongs,
    belongsWords,
    belongsBox,
    ownHost,
    fileHost,
    use,
    note,
    shares: shares.radios,
    tiles: dataTiles.create(Object.values(laws), chooseLaw),
  };
  parts.own = dataOwn.create(ownHost, follow);
  parts.file = dataFile.create(fileHost, showChoice);
  const row = element(
    "div",
    { className: "fields data-fields" },
    ...FIELDS.map((name) => fields[name].node),
    shares.node,
  );
  host.append(
    parts.tiles.node,
    ownHost,
    fileHost,
    row,
    belongsBox,
    element("div", { className: "data-go" }, use, note),
  );
  use.addEventListener("click", useNow);
  belongs.addEventListener("change", showChoice);
  i18n.onLanguage(showChoice);
  shownKey = null;
  fromSession(fitSection.now());
};
const useNow = () => use();

const setFields = ({ n, noise, seed }) => {
  const written = { n, noise, seed };
  FIELDS.forEach((name) => (parts.fields[name].input.value = String(written[name])));
};
const chooseLaw = (name) => {
  if (laws[name]) setFields(laws[name]);
  showChoice();
};

const recipeWords = ({ net, lr, epochs }) =>
  t("dataset.belongs", {
    units: numbersModule.whole(net.h),
    activation: t(`activation.${net.activation}`),
    bias: t(net.bias1 ? "summary.bias" : "summary.no_bias"),
    loss: t(`summary.${net.loss}`),
    lr,
    epochs: numbersModule.whole(epochs),
  });

const isReady = (chosen) => {
  if (chosen === "csv") return !parts.file.isEmpty();
  if (chosen === "own") return parts.own.get().x.length >= limits.ranges.points.min;
  return true;
};

// Everything that follows from the choice
const showChoice = () => {
  if (!parts) return;
  const chosen = parts.tiles.get();
  const law = laws[chosen];
  FIELDS.forEach((name) => (parts.fields[name].node.hidden = !law));
  const noise = parts.fields.noise.words;
  noise.dataset.t = law && !law.is_binary ? "dataset.field_noise_sd" : "dataset.field_noise";
  noise.textContent = t(noise.dataset.t);
  parts.ownHost.hidden = chosen !== "own";
  parts.fileHost.hidden = chosen !== "csv";
  const recipe = law ?? (chosen === "lecture" ? laws.irony : null);
  parts.belongsBox.hidden = !recipe;
  if (recipe) parts.belongsWords.textContent = recipeWords(recipe);
  parts.use.textContent = t("dataset.use");
  parts.use.disabled = !isReady(chosen);
  parts.note.textContent = t(noteKey(chosen, law));
};
const noteKey = (chosen, law) => {
  if (!isReady(chosen)) return chosen === "csv" ? "csv.none" : "own.few";
  if (chosen === "own" && isOwnInUse()) return "own.live";
  const isBinary = chosen === "own" ? parts.own.get().kind === "binary" : (law?.is_binary ?? true);
  return isBinary ? "dataset.note" : "dataset.note_numbers";
};

// The card says what the session has, whoever chose it: this tab, another one, a link, an undo.
const fromSession = ({ data }) => {
  if (!parts || !data || data.key === shownKey) return;
  shownKey = data.key;
  const { spec } = data;
  const isFile = spec.law === "own" && Boolean(spec.label);
  parts.tiles.set(isFile ? "csv" : spec.law);
  if (laws[spec.law]) setFields(spec);
  parts.shares.forEach((radio) => (radio.checked = Number(radio.value) === spec.held_out));
  if (!parts.shares.some((radio) => radio.checked)) parts.shares[0].checked = true;
  if (isOwnInUse() && parts.own.isEmpty()) parts.own.show(data);
  showChoice();
};

// The net in the plot of own points, where a hand moves the points that it is trained on
const curveOf = ({ data, net, frame }) => {
  const x = frame.p ? data.grid : data.curveX;
  return { x, y: nets.output(frame.p ? nets.logit(frame.p, x, net) : frame.curve, net) };
};
let hasCurve = false;
const showCurve = (now) => {
  if (!parts || parts.ownHost.hidden) return;
  const isOn = now.data.spec.law === "own" && Boolean(now.frame) && now.frame.net === now.net;
  if (isOn || hasCurve) parts.own.showCurve(isOn ? curveOf(now) : null);
  hasCurve = isOn;
};

export const start = () => {
  const host = byId("fit-data-choice");
  const drawer = byId("fit-data-panel");
  laws = Object.fromEntries(JSON.parse(host.dataset.laws).map((law) => [law.name, law]));
  drawer.addEventListener("toggle", () => {
    if (!parts && drawer.open) build(host);
  });
  fitSection.onChange(fromSession);
  fitSection.onChange(showCurve);
};
