// The data drawer of Fit: choose a law, draw points or upload a file, and choose how many points are held out for
// testing.

import { byId, element, markInvalid } from "../../core/dom";
import { limits, refusal } from "../../core/limits";
import * as nets from "../../core/net/net";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import { t } from "../../core/text/i18n";
import * as numbersModule from "../../core/text/numbers";
import { type Answer, isMessage, type Law, type Message, type NetDescription, type Snapshot } from "../../core/types";
import * as fitControls from "../../fit/controls";
import type { FitData, Shown } from "../../fit/data";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as fitFieldSteps from "../../fit/undo/field-steps";
import * as netSteps from "../../fit/undo/net-steps";
import * as dataFile from "./file";
import * as dataOwn from "./own-points";
import * as dataTiles from "./tiles";

const SHARES = [0, 0.2, 0.3, 0.5];
const FIELDS = ["n", "noise", "seed"] as const;
type Field = (typeof FIELDS)[number];

let laws: Record<string, Law>;
let parts: ReturnType<typeof create>; // made when the drawer is first opened
let isBuilt = false;
let shownKey: string | null = null; // key of the data from which the drawer was last filled
let lastUpdate: Promise<void> = Promise.resolve(); // changes of own points are sent to the server one after the other
let isUpdateWaiting = false; // whether an update has not started yet; it will send the newest points

// --- what is chosen ---------------------------------------------------------------------------
const numberOf = (name: Field) => numbersModule.parse(parts.fields[name].input.value);
const lawOf = (name: string): Law | undefined => laws[name];
const heldOut = () => Number(parts.radios.find((radio) => radio.checked)?.value ?? 0);
const currentSpec = () => fitSection.open().data.spec;
const isOwnInUse = () => currentSpec().law === "own" && !currentSpec().label;

// The net in Fit with a loss that suits the data.
const netFor = (isBinary: boolean): NetDescription => {
  const { net, data } = fitSection.open();
  const { plain, ...kind } = net;
  const binaryLoss = data.isBinary ? kind.loss : "bce";
  return { ...kind, loss: isBinary ? binaryLoss : "mse" };
};

// Mark the fields that are not allowed; returns the message of the first one.
const validate = ({ max_noise: max }: Law): Message | null => {
  const noise = numberOf("noise");
  const refusals = {
    n: refusal("points", numberOf("n")),
    noise: noise >= 0 && noise <= max ? null : { code: "bad_noise", args: { min: 0, max } },
    seed: refusal("seed", numberOf("seed")),
  };
  for (const name of FIELDS) markInvalid(parts.fields[name].input, refusals[name] !== null);
  return refusals.n ?? refusals.noise ?? refusals.seed;
};

// The command of "Use these data", or null if the user has to answer the import dialog first. `law` is set if the law's
// net, learning rate and number of epochs are to be used as well.
type Wanted = { command: string; body: object; law?: Law | null };
const wanted = async (): Promise<Wanted | null> => {
  const chosen = parts.tiles.get();
  const share = heldOut();
  if (chosen === "csv") {
    const file = await parts.file.body();
    return file && { command: "upload", body: { ...file, held_out: share } };
  }
  if (chosen === "own") {
    const { kind, x, y } = parts.own.get();
    const spec = { law: "own", x, y, prob: null, held_out: share };
    return { command: "use_data", body: { spec, net: netFor(kind === "binary") } };
  }
  const law = lawOf(chosen);
  const recipe = parts.recipe.checked ? (law ?? laws.irony) : null;
  const numbers = law ? Object.fromEntries(FIELDS.map((name) => [name, numberOf(name)])) : {};
  return {
    command: "use_data",
    law: recipe,
    body: {
      spec: { law: chosen, held_out: share, ...numbers },
      net: recipe ? recipe.net : netFor(law?.is_binary ?? true),
    },
  };
};

// --- "Use these data" -------------------------------------------------------------------------
const writeRecipe = ({ lr, epochs }: Law) =>
  fitFieldSteps.put({ "fit-lr": String(lr), "fit-epochs": String(epochs), "fit-optimizer": "adam" });

const use = async () => {
  parts.useButton.disabled = true;
  try {
    const found = await wanted();
    if (!found) return;
    const { command, body, law } = found;
    const answer = await netSteps.asOneStep(() => send(command, body));
    if (answer.error) return;
    if (law) writeRecipe(law);
    i18n.announce(t("dataset.used"));
  } catch (error) {
    showError(isMessage(error) ? error : api.UNREACHABLE); // the file is gone, or the server does not answer
  } finally {
    parts.useButton.disabled = false;
    showChoice();
  }
};

const showError = (error: Message) => {
  if (parts.tiles.get() === "csv") parts.file.showError(error);
  else fitControls.showMessage("fit-notice", "error", error);
};

// Send the command. The errors of an upload are shown beside the file, all others by Fit.
const send = async (command: string, body: object): Promise<Answer> => {
  if (command !== "upload") return fitSection.send(command, body);
  const answer = await api.command<{ snapshot: Snapshot }>(fitSection.now().sid, command, body);
  parts.file.showError(answer.error ?? null);
  if (!answer.error) fitSection.reply(answer);
  return answer;
};

// Call this after a change of own points. If the net is trained on them, the server gets the new ones. The net keeps
// its weights.
const onOwnPoints = () => {
  showChoice();
  if (!isOwnInUse() || isUpdateWaiting) return lastUpdate;
  isUpdateWaiting = true;
  lastUpdate = lastUpdate.then(async () => {
    isUpdateWaiting = false;
    const { kind, x, y } = parts.own.get();
    if (x.length < limits.ranges.points.min) return;
    const spec = { law: "own", x, y, prob: null, held_out: currentSpec().held_out };
    if (kind === "numbers" && fitSection.open().net.loss === "bce") {
      await fitSection.send("use_data", { spec, net: netFor(false) });
    } else await fitSection.send("move_points", { spec });
  });
  return lastUpdate;
};

// --- elements of the drawer -------------------------------------------------------------------
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
  const group = element("div", { className: "data-shares", role: "radiogroup" }, ...labels);
  i18n.label(group, "dataset.held_out");
  return {
    radios,
    node: element("div", { className: "field choice" }, i18n.translated("span", "dataset.held_out"), group),
  };
};

const create = (host: HTMLElement) => {
  const fields = { n: field("n"), noise: field("noise"), seed: field("seed") };
  const shares = shareChoice();
  const recipe = element("input", { type: "checkbox", id: "data-belongs", checked: true });
  const recipeLabel = element("span");
  const recipeBox = element("label", { className: "check data-belongs" }, recipe, recipeLabel);
  const ownHost = element("div", { className: "own", id: "data-own" });
  const fileHost = element("div", { className: "data-file", id: "data-csv" });
  const useButton = element("button", { type: "button", id: "data-use", className: "button primary" });
  const note = element("p", { className: "hint data-note", role: "status" });
  const tiles = dataTiles.create(laws, chooseLaw);
  const own = dataOwn.create(ownHost, onOwnPoints);
  const file = dataFile.create(fileHost, showChoice, use);
  const row = element(
    "div",
    { className: "fields data-fields" },
    ...FIELDS.map((name) => fields[name].node),
    shares.node,
  );
  host.append(tiles.node, ownHost, fileHost, row, recipeBox, element("div", { className: "data-go" }, useButton, note));
  useButton.addEventListener("click", use);
  recipe.addEventListener("change", showChoice);
  const { radios } = shares;
  return { fields, recipe, recipeLabel, recipeBox, ownHost, fileHost, useButton, note, radios, tiles, own, file };
};

const setFields = (numbers: Partial<Record<Field, number>>) => {
  for (const name of FIELDS) parts.fields[name].input.value = String(numbers[name]);
};
const chooseLaw = (name: string) => {
  const law = lawOf(name);
  if (law) setFields(law);
  showChoice();
  for (const host of [parts.ownHost, parts.fileHost]) host.scrollIntoView({ block: "nearest" }); // no effect on a hidden one
};

const recipeText = ({ net, lr, epochs }: Law) =>
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

// Update everything that depends on the choice.
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
  parts.recipeBox.hidden = !recipe;
  if (recipe) parts.recipeLabel.textContent = recipeText(recipe);
  parts.useButton.textContent = t("dataset.use");
  const problem = law ? validate(law) : null;
  parts.useButton.disabled = problem !== null || !isReady(chosen);
  parts.note.textContent = problem ? i18n.sentence("error", problem) : t(noteKey(chosen, law));
  parts.note.classList.toggle("complaint", problem !== null);
};
const noteKey = (chosen: string, law?: Law) => {
  if (!isReady(chosen)) return chosen === "csv" ? "csv.none" : "own.few";
  if (chosen === "own" && isOwnInUse()) return "own.live";
  const isBinary = chosen === "own" ? parts.own.get().kind === "binary" : (law?.is_binary ?? true);
  return isBinary ? "dataset.note" : "dataset.note_numbers";
};

// Show the session's data in the drawer. Another tab, a link or undo may have changed them.
const showSessionData = ({ data }: Ready) => {
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

// The net's curve in the plot of own points, while it is trained on them
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
  if (fitSection.isReady(now)) showSessionData(now);
};

export const start = () => {
  const host = byId("fit-data-choice");
  const drawer = byId("fit-data-panel", HTMLDetailsElement);
  const listed: Law[] = JSON.parse(host.dataset.laws ?? "[]");
  laws = Object.fromEntries(listed.map((law) => [law.name, law]));
  drawer.addEventListener("toggle", () => {
    if (!isBuilt && drawer.open) build(host);
  });
  fitSection.onChange(showSessionData);
  fitSection.onChange(showCurve);
};
