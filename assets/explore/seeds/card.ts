// "Train 500 seeds": asks the server for them part by part, paints what has come, and opens any of
// them in Fit.
import { byId, element, write } from "../../core/dom";
import * as i18n from "../../core/i18n";
import { allows, limits } from "../../core/limits";
import * as nets from "../../core/net";
import * as numbersModule from "../../core/numbers";
import * as painting from "../../core/painting";
import * as plotting from "../../core/plotting";
import * as fitSection from "../../fit/fit";
import { begin as startOver } from "../begin";
import * as seedsAsking from "./asking";
import * as seedsOutcomes from "./outcomes";
import * as plateauStore from "./plateaus";
import * as seedsPlots from "./plots";

const { t } = i18n;
const PAINT_MS = 250; // at most so often while the seeds come in,
const PAINT_SHARE = 4; // and so that painting takes a quarter of the time at most

const nodes: Record<string, PlotlyGraph> = {}; // {curves, dots}: the plots, once they are near the screen
let shown = empty(); // what is, or will be, on screen
let chosen = null; // the run that is ringed
let turn = 0; // of the button; an answer of an earlier turn is dropped
let running = false;
let trouble = null; // {code, args} of the server, or null
let lastPaint = { at: -Infinity, cost: 0 };

// {runs, record: epochs of the curves, first, count, epochs, net, optimizer, dataKey}
function empty() {
  return { runs: [], record: [], first: 1, count: 500, epochs: 5000, net: null, optimizer: null, dataKey: null };
}

const typed = (id) => {
  const value = numbersModule.parse(byId(id).value);
  return Number.isFinite(value) ? value : null; // the server says what is allowed
};
const wanted = () => ({ first: typed("seeds-first"), count: typed("seeds-count"), epochs: typed("seeds-epochs") });

// --- asking -------------------------------------------------------------------------------------
const insist = (body, mine) =>
  seedsAsking.insist(body, {
    isOver: () => mine !== turn,
    onWait: (code) => {
      trouble = { code, args: {} };
      showStatus();
    },
  });

const kindOf = ({ net, optimizer, data_key: key }) => JSON.stringify([net, optimizer, key]);

const run = async () => {
  const what = wanted();
  const mine = ++turn;
  let kind = null;
  setRunning(true);
  for (let got = 0; got === 0 || got < what.count; ) {
    const rest = got && { first: what.first + got, count: what.count - got };
    const answer = await insist({ ...what, ...rest }, mine);
    if (mine !== turn) return;
    trouble = answer.error ?? null;
    if (answer.error) break;
    const part = answer as seedsAsking.Part;
    if (!kind) begin(what, part);
    kind ??= kindOf(part);
    if (kindOf(part) !== kind) {
      trouble = { code: "seeds_changed", args: {} };
      break;
    }
    shown.runs.push(...answer.runs);
    got += answer.runs.length;
    if (what.first + got > limits.ranges.seed.max) break;
    paintInTime();
  }
  finish(mine);
};

const begin = (what, { epochs, net, optimizer, data_key: dataKey }) => {
  shown = { ...empty(), ...what, record: epochs, net, optimizer, dataKey };
  choose(null);
};

const finish = (mine) => {
  if (mine !== turn) return;
  setRunning(false);
  paint();
  if (shown.runs.length && !trouble) i18n.announce(sentences()[0]);
};

const stop = () => {
  turn += 1;
  trouble = null;
  setRunning(false);
  paint();
};

const setRunning = (now) => {
  running = now;
  if (now) trouble = null;
  const [train, stopper] = [byId("seeds-train"), byId("seeds-stop")];
  const from = document.activeElement; // the keyboard goes from the one button to the other
  train.disabled = now;
  stopper.disabled = !now;
  if (now && from === train) stopper.focus({ preventScroll: true });
  if (!now && from === stopper) train.focus({ preventScroll: true });
  showWords();
};

// --- painting -----------------------------------------------------------------------------------
const plateaus = () => {
  const now = fitSection.now();
  return now.state ? plateauStore.of(now, paint) : null;
};

// Before the button is pressed: axes, and the plateaus of the net in Fit.
const seen = () => {
  if (shown.net) return shown;
  const { state } = fitSection.now();
  const asked = Object.entries(wanted()).filter(([, value]) => value > 0);
  return { ...shown, ...Object.fromEntries(asked), net: state.net, optimizer: state.optimizer };
};

const paint = () => {
  const found = plateaus();
  if (found && nodes.curves) {
    const began = performance.now();
    const isNew = !nodes.dots.on;
    seedsPlots.paintCurves(nodes.curves, seen(), found);
    seedsPlots.paintDots(nodes.dots, seen(), found);
    seedsPlots.choose(nodes, shown, chosen);
    if (isNew) listen();
    lastPaint = { at: performance.now(), cost: performance.now() - began };
  }
  showWords();
};

const paintInTime = () => {
  const rest = Math.max(PAINT_MS, PAINT_SHARE * lastPaint.cost);
  if (performance.now() - lastPaint.at > rest) painting.request("seeds", paint);
  else showStatus();
};

const sentences = () => seedsOutcomes.told(shown, plateaus());

const showWords = () => {
  showStatus();
  showLabel();
  seedsOutcomes.legend(byId("seeds-legend"), shown.net ?? fitSection.now().net ?? nets.LECTURE);
  showSetting();
  showChosen();
  const [first = t("seeds.nothing_yet"), ...rest] = sentences();
  byId("seeds-told").textContent = first;
  byId("seeds-reasons").replaceChildren(...rest.map((textContent) => element("li", { textContent })));
};

const showStatus = () => {
  const status = byId("seeds-status");
  write(status, trouble ? troubleWords() : statusWords());
  status.classList.toggle("complaint", Boolean(trouble) && !running);
  byId("seeds-progress").value = shown.runs.length / shown.count;
};

const troubleWords = () => t(i18n.first(`error.${trouble.code}`), i18n.readable(trouble.args));

// How many there are; and of which net, should that not be the one in Fit any more.
const statusWords = () => {
  const { runs, count } = shown;
  if (!runs.length) return running ? t("status.starting") : "";
  const key = running || runs.length < count ? "seeds.status" : "seeds.status_all";
  const said = t(key, { k: numbersModule.whole(runs.length), n: numbersModule.whole(count) });
  const { kind } = seedsOutcomes;
  const isOther = kind(shown) !== kind(fitSection.now().state);
  return isOther ? `${said} (${kind(shown)})` : said;
};

const showLabel = () => {
  const count = typed("seeds-count");
  const key = count > 1 && allows("seeds", count) ? "seeds.train" : "seeds.train_any";
  byId("seeds-train").firstElementChild.textContent = t(key, { n: numbersModule.whole(count ?? 0) });
};

const showSetting = () => {
  const { state } = fitSection.now();
  if (!state) return;
  write(byId("seeds-setting"), t("seeds.setting", { kind: seedsOutcomes.kind(state) }));
};

// --- one of them --------------------------------------------------------------------------------
const choose = (run) => {
  chosen = run;
  painting.request("seed", () => seedsPlots.choose(nodes, shown, chosen));
  showChosen();
};

const chooseSeed = (seed) => {
  const run = shown.runs.find((each) => each.seed === seed);
  if (run) choose(run);
  return run;
};

const showChosen = () => {
  const field = byId("seeds-open-field");
  field.disabled = !shown.runs.length;
  byId("seeds-open").disabled = !chosen;
  if (document.activeElement !== field) field.value = chosen ? String(chosen.seed) : "";
  byId("seeds-chosen").textContent = chosen
    ? seedsOutcomes.one(chosen, shown.net)
    : t(shown.runs.length ? "seeds.choose" : "seeds.choose_later");
};

// The field whose arrow keys go from seed to seed: the keyboard's way to the dots.
const buildField = () => {
  const field = element("input", {
    id: "seeds-open-field",
    type: "text",
    inputMode: "numeric",
    autocomplete: "off",
    maxLength: 10,
  });
  const words = element("span", { textContent: t("seeds.open_field") });
  words.dataset.t = "seeds.open_field";
  field.addEventListener("keydown", onFieldKey);
  field.addEventListener("input", () => {
    if (chooseSeed(numbersModule.parse(field.value))) return;
    choose(null);
    if (field.value.trim()) tellMissing();
  });
  byId("seeds-one").prepend(element("label", { className: "field" }, words, field));
};

// The same run in Fit: same net, optimizer and number of epochs.
const open = (run) => {
  if (!run) return;
  choose(run);
  startOver({ seed: run.seed, net: shown.net, optimizer: shown.optimizer, epochs: shown.epochs });
};

const onFieldKey = (event) => {
  const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (step) {
    event.preventDefault();
    const { runs } = shown;
    const at = chosen ? runs.indexOf(chosen) + step : 0;
    const next = runs[Math.min(Math.max(at, 0), runs.length - 1)];
    if (!next) return;
    event.target.value = String(next.seed);
    choose(next);
    i18n.announce(`${t("fit.seed")} ${next.seed}: ${seedsOutcomes.one(next, shown.net)}`);
  }
  if (event.key === "Enter") openTyped();
};

const tellMissing = () => {
  byId("seeds-chosen").textContent = t("seeds.not_there", { seed: byId("seeds-open-field").value });
};

const openTyped = () => {
  const seed = numbersModule.parse(byId("seeds-open-field").value);
  const run = shown.runs.find((each) => each.seed === seed);
  if (run) open(run);
  else tellMissing();
};

const seedAt = (event) => event.points.find((point) => typeof point.customdata === "number")?.customdata;

// --- start ----------------------------------------------------------------------------------------
// The plots are made once the plateaus are known, which say how far the axes reach.
const near = () => {
  Object.assign(nodes, { curves: byId("seeds-curves"), dots: byId("seeds-dots") });
  paint();
};

const listen = () => {
  nodes.dots.on("plotly_hover", (event) => chooseSeed(seedAt(event)));
  nodes.dots.on("plotly_click", (event) => open(chooseSeed(seedAt(event))));
};

// Other data: these runs are about something else.
let about = ""; // what the axes are for, until there are runs
const fitChanged = ({ state }) => {
  if (shown.dataKey && shown.dataKey !== state.data_key) {
    if (running) stop();
    shown = empty();
    choose(null);
    paint();
  } else if (!shown.runs.length) {
    const next = JSON.stringify([state.data_key, state.net, state.optimizer, wanted()]);
    if (next !== about) painting.request("seeds", paint);
    about = next;
  }
  showSetting();
  showStatus();
};

export const start = () => {
  byId("seeds-train").addEventListener("click", run);
  byId("seeds-stop").addEventListener("click", stop);
  byId("seeds-stop").disabled = true;
  for (const id of ["seeds-first", "seeds-count", "seeds-epochs"]) {
    byId(id).addEventListener("input", showLabel);
    byId(id).addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || running) return;
      event.preventDefault(); // or the key would go on to press what gets the focus
      run();
    });
  }
  buildField();
  byId("seeds-open").addEventListener("click", openTyped);
  fitSection.onChange(fitChanged);
  i18n.onLanguage(paint);
  window.addEventListener("resize", painting.throttle(PAINT_MS, paint)); // names fit, or not
  plotting.whenNear(byId("seeds-dots"), near);
  showWords();
};

export const trained = () => shown.runs.length;
