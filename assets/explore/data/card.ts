// The data card of Fit: choose a set, draw points, send a file; say how many are kept for testing.

import { byId, element } from "../../core/dom";
import { limits, refusal } from "../../core/limits";
import * as nets from "../../core/net/net";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import { t } from "../../core/text/i18n";
import * as numbersModule from "../../core/text/numbers";
import { type Answer, isMessage, type Law, type Message, type NetDescription, type Snapshot } from "../../core/types";
import * as fitControls from "../../fit/controls";
import type { FitData, Shown } from "../../fit/data";
import * as fitFieldSteps from "../../fit/field-steps";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as fitSteps from "../../fit/steps";
import * as dataFile from "./file";
import * as dataOwn from "./own-points";
import * as dataTiles from "./tiles";

const SHARES = [0, 0.2, 0.3, 0.5];
const FIELDS = ["n", "noise", "seed"] as const;
type Field = (typeof FIELDS)[number];

let laws: Record<string, Law>;
let parts: ReturnType<typeof create>; // once the drawer was opened
let isBuilt = false;
let shownKey: string | null = null; // the data that the card was last filled from
let pending: Promise<void> = Promise.resolve(); // live changes of own points go one after the other
let waiting = false;

// --- what is chosen ---------------------------------------------------------------------------
const numberOf = (name: Field) => numbersModule.parse(parts.fields[name].input.value);
const lawOf = (name: string): Law | undefined => laws[name];
const heldOut = () => Number(parts.radios.find((radio) => radio.checked)?.value ?? 0);
const currentSpec = () => fitSection.open().data.spec;
const isOwnInUse = () => currentSpec().law === "own" && !currentSpec().label;

const netFor = (isBinary: boolean): NetDescription => {
  const { net, data } = fitSection.open();
  const { plain, ...kind } = net;
  const kept = data.isBinary ? kind.loss : "bce";
  return { ...kind, loss: isBinary ? kept : "mse" };
};

// Throws a message for a number that cannot be meant.
const readFields = (law: Law) => {
  const [n, noise, seed] = FIELDS.map(numberOf);
  const [wrongCount, wrongSeed] = [refusal("points", n), refusal("seed", seed)];
  if (wrongCount) throw wrongCount;
  if (!(noise >= 0 && noise <= law.max_noise)) throw { code: "bad_noise", args: { min: 0, max: law.max_noise } };
  if (wrongSeed) throw wrongSeed;
  return { n, noise, seed };
};

// What "Use these data" asks for, null if a file has to be asked about first; `law` is that whose net
// and recipe come with it.
type Wanted = { verb: string; body: object; law?: Law | null };
const wanted = async (): Promise<Wanted | null> => {
  const chosen = parts.tiles.get();
  const share = heldOut();
  if (chosen === "csv") {
    const file = await parts.file.body();
    return file && { verb: "upload", body: { ...file, held_out: share } };
  }
  if (chosen === "own") {
    const { kind, x, y } = parts.own.get();
    const spec = { law: "own", x, y, prob: null, held_out: share };
    return { verb: "use_data", body: { spec, net: netFor(kind === "binary") } };
  }
  const law = lawOf(chosen);
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
const writeRecipe = ({ lr, epochs }: Law) =>
  fitFieldSteps.put({ "fit-lr": String(lr), "fit-epochs": String(epochs), "fit-optimizer": "adam" });

const use = async () => {
  parts.useButton.disabled = true;
  try {
    const asked = await wanted();
    if (!asked) return;
    const { verb, body, law } = asked;
    const answer = await fitSteps.asOneStep(() => ask(verb, body));
    if (answer.error) return;
    if (law) writeRecipe(law);
    i18n.announce(t("dataset.used"));
  } catch (error) {
    complain(isMessage(error) ? error : api.UNREACHABLE); // a file that is gone, or no answer
  } finally {
    parts.useButton.disabled = false;
    showChoice();
  }
};

const complain = (error: Message) => {
  if (parts.tiles.get() === "csv") parts.file.complain(error);
  else fitControls.showMessage("fit-notice", "error", error);
};

// A file's errors stand beside the file; all others where Fit says its own.
const ask = async (verb: string, body: object): Promise<Answer> => {
  if (verb !== "upload") return fitSection.send(verb, body);
  const answer = await api.command<{ snapshot: Snapshot }>(fitSection.now().sid, verb, body);
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
    if (kind === "numbers" && fitSection.open().net.loss === "bce") {
      await fitSection.send("use_data", { spec, net: netFor(false) });
    } else await fitSection.send("move_points", { spec });
  });
  return pending;
};

// --- the card ---------------------------------------------------------------------------------
const field = (name: Field) => {
  const input = element("input", {
    type: "text",
    id: `data-${name}`,
    size: 7,
    inputMode: "decimal",
    autocomplete: "off",
    maxLength: 40,
  });
  const words = i18n.translated("span", `dataset.field_${name}`);
  input.addEventListener("input", showChoice);
  return { input, words, node: element("label", { className: "field" }, words, input) };
};

const shareChoice = () => {
  const radios = SHARES.map((share) =>
    element("input", { type: "radio", name: "data-held-out", value: share, checked: share === 0 }),
  );
  const labels = radios.map((radio, i) => {
    const words = i ? element("span", {}, `${SHARES[i] * 100} %`) : i18n.translated("span", "dataset.none");
    return element("label", {}, radio, words);
  });
  const group = element("div", { className: "data-shares" }, ...labels);
  group.setAttribute("role", "radiogroup");
  i18n.label(group, "dataset.held_out");
  return {
    radios,
    node: element("div", { className: "field choice" }, i18n.translated("span", "dataset.held_out"), group),
  };
};

const create = (host: HTMLElement) => {
  const fields = { n: field("n"), noise: field("noise"), seed: field("seed") };
  const shares = shareChoice();
  const belongs = element("input", { type: "checkbox", id: "data-belongs", checked: true });
  const belongsWords = element("span");
  const belongsBox = element("label", { className: "check data-belongs" }, belongs, belongsWords);
  const ownHost = element("div", { className: "own", id: "data-own" });
  const fileHost = element("div", { className: "data-file", id: "data-csv" });
  const useButton = element("button", { type: "button", id: "data-use", className: "button primary" });
  const note = element("p", { className: "hint data-note" });
  const tiles = dataTiles.create(laws, chooseLaw);
  const own = dataOwn.create(ownHost, follow);
  const file = dataFile.create(fileHost, showChoice, use);
  const row = element(
    "div",
    { className: "fields data-fields" },
    ...FIELDS.map((name) => fields[name].node),
    shares.node,
  );
  host.append(
    tiles.node,
    ownHost,
    fileHost,
    row,
    belongsBox,
    element("div", { className: "data-go" }, useButton, note),
  );
  useButton.addEventListener("click", use);
  belongs.addEventListener("change", showChoice);
  const { radios } = shares;
  return { fields, belongs, belongsWords, belongsBox, ownHost, fileHost, useButton, note, radios, tiles, own, file };
};

const setFields = (numbers: Partial<Record<Field, number>>) => {
  for (const name of FIELDS) parts.fields[name].input.value = String(numbers[name]);
};
const chooseLaw = (name: string) => {
  const law = lawOf(name);
  if (law) setFields(law);
  showChoice();
};

const recipeWords = ({ net, lr, epochs }: Law) =>
  t("dataset.belongs", {
    units: numbersModule.whole(net.h),
    activation: t(`activation.${net.activation}`),
    bias: t(net.bias1 ? "summary.bias" : "summary.no_bias"),
    loss: t(`summary.${net.loss}`),
    lr,
    epochs: numbersModule.whole(epochs),
  });

const isReady = (chosen: string) => {
  if (chosen === "csv") return !parts.file.isEmpty();
  if (chosen === "own") return parts.own.get().x.length >= limits.ranges.points.min;
  return true;
};

// Everything that follows from the choice
const showChoice = () => {
  if (!isBuilt) return;
  const chosen = parts.tiles.get();
  const law = lawOf(chosen);
  for (const name of FIELDS) parts.fields[name].node.hidden = !law;
  const noise = parts.fields.noise.words;
  noise.dataset.t = law && !law.is_binary ? "dataset.field_noise_sd" : "dataset.field_noise";
  noise.textContent = t(noise.dataset.t);
  parts.ownHost.hidden = chosen !== "own";
  parts.fileHost.hidden = chosen !== "csv";
  const recipe = law ?? (chosen === "lecture" ? laws.irony : null);
  parts.belongsBox.hidden = !recipe;
  if (recipe) parts.belongsWords.textContent = recipeWords(recipe);
  parts.useButton.textContent = t("dataset.use");
  parts.useButton.disabled = !isReady(chosen);
  parts.note.textContent = t(noteKey(chosen, law));
};
const noteKey = (chosen: string, law?: Law) => {
  if (!isReady(chosen)) return chosen === "csv" ? "csv.none" : "own.few";
  if (chosen === "own" && isOwnInUse()) return "own.live";
  const isBinary = chosen === "own" ? parts.own.get().kind === "binary" : (law?.is_binary ?? true);
  return isBinary ? "dataset.note" : "dataset.note_numbers";
};

// The card says what the session has, whoever chose it: this tab, another one, a link, an undo.
const fromSession = ({ data }: Ready) => {
  if (!isBuilt || data.key === shownKey) return;
  shownKey = data.key;
  const { spec } = data;
  const isFile = spec.law === "own" && Boolean(spec.label);
  parts.tiles.set(isFile ? "csv" : spec.law);
  if (lawOf(spec.law)) setFields(spec);
  parts.radios.forEach((radio) => (radio.checked = Number(radio.value) === spec.held_out));
  if (!parts.radios.some((radio) => radio.checked)) parts.radios[0].checked = true;
  if (isOwnInUse() && parts.own.isEmpty()) parts.own.show(data);
  showChoice();
};

// The net in the plot of own points, where a hand moves the points that it is trained on
const curveOf = (data: FitData, { p, curve, net }: Shown) => {
  const x = p ? data.grid : data.curveX;
  return { x, y: nets.output(p ? nets.logit(p, x, net) : (curve ?? []), net) };
};
let hasCurve = false;
const showCurve = ({ data, net, frame }: Ready) => {
  if (!isBuilt || parts.ownHost.hidden) return;
  const isOn = data.spec.law === "own" && frame?.net === net;
  if (isOn || hasCurve) parts.own.showCurve(isOn ? curveOf(data, frame) : null);
  hasCurve = isOn;
};

const build = (host: HTMLElement) => {
  parts = create(host);
  isBuilt = true;
  i18n.onLanguage(showChoice);
  const now = fitSection.now();
  if (fitSection.isReady(now)) fromSession(now);
};

export const start = () => {
  const host = byId("fit-data-choice");
  const drawer = byId("fit-data-panel", HTMLDetailsElement);
  const listed: Law[] = JSON.parse(host.dataset.laws ?? "[]");
  laws = Object.fromEntries(listed.map((law) => [law.name, law]));
  drawer.addEventListener("toggle", () => {
    if (!isBuilt && drawer.open) build(host);
  });
  fitSection.onChange(fromSession);
  fitSection.onChange(showCurve);
};
