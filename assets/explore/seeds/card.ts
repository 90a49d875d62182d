// "Train 500 seeds": requests the runs from the server, and paints each part of the answer as it arrives.

import { byId, element, labelOf, markInvalid, setText } from "../../core/dom";
import { allows, limits, refusal } from "../../core/limits";
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as api from "../../core/session/api";
import * as storage from "../../core/storage";
import * as i18n from "../../core/text/i18n";
import * as numbersModule from "../../core/text/numbers";
import type { Message, NetDescription, Optimizer } from "../../core/types";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as chosenSeed from "./chosen-seed";
import type { Run } from "./outcomes";
import * as seedsOutcomes from "./outcomes";
import * as plateauStore from "./plateaus";
import * as seedsPlots from "./plots";

const { t } = i18n;
const PAINT_MS = 250; // the minimum time between two paints,
const PAINT_SHARE = 4; // which is also at least this many times the duration of the last paint
const MAX_TRIES = 5; // attempts, if the server cannot be reached
const RETRY_MS = 1000;

// The runs that are shown. `net` is null until the button is pressed.
type Asked = { first: number; count: number; epochs: number };
type Kind = { net: NetDescription; optimizer: Optimizer; dataKey: string };
type Shown = Asked & { runs: Run[]; record: number[] } & (Kind | { [name in keyof Kind]: null });
const empty = (): Shown => ({
  ...{ runs: [], record: [], first: 1, count: 500, epochs: 5000 },
  ...{ net: null, optimizer: null, dataKey: null },
});

let nodes: seedsPlots.Nodes | null = null; // null until the card comes near the screen
let isDrawn = false;
let shown = empty();
let request: AbortController | null = null; // of the last press of the button
let running = false;
let problem: Message | null = null;
let lastPaint = { at: -Infinity, cost: 0 };

const typed = (id: string) => numbersModule.parse(byId(id, HTMLInputElement).value);
const wanted = (): Asked => ({
  first: typed("seeds-first"),
  count: typed("seeds-count"),
  epochs: typed("seeds-epochs"),
});

// The first part of the answer is a Head; its `epochs` are the x of the loss curves. Each other part has runs, or the
// code of a message that says why the runs have to wait.
type Head = { epochs: number[]; net: NetDescription; optimizer: Optimizer; data_key: string };
type Part = Partial<Head> & { runs?: Run[]; waiting?: string };

// The tab keeps the runs for a reload, as far as there is room for them.
const KEY = "pwl.seeds";
const keep = () => {
  storage.writeTab(KEY, "null");
  if (shown.net) storage.writeTab(KEY, JSON.stringify(shown));
};
const restore = () => {
  const kept = storage.readTabJson(KEY) as Shown | null;
  if (!kept) return;
  shown = kept;
  for (const name of ["first", "count", "epochs"] as const) {
    byId(`seeds-${name}`, HTMLInputElement).value = String(kept[name]);
  }
};

// --- the request --------------------------------------------------------------------------------
// Mark the fields that are not allowed; returns the message of the first one.
const validate = ({ first, count, epochs }: Asked): Message | null => {
  const isBeyond = allows("seed", first) && allows("seeds", count) && !allows("seed", first + count - 1);
  const refusals = {
    first: refusal("seed", first),
    count: isBeyond ? { code: "seeds_beyond", args: { max: limits.ranges.seed.max } } : refusal("seeds", count),
    epochs: refusal("epochs", epochs),
  };
  for (const [name, message] of Object.entries(refusals)) markInvalid(byId(`seeds-${name}`), message !== null);
  return refusals.first ?? refusals.count ?? refusals.epochs;
};

const run = async () => {
  const asked = wanted();
  problem = validate(asked);
  if (problem) return showStatus();
  request = new AbortController();
  const { signal } = request;
  setRunning(true);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = await receive(asked, signal);
    if (signal.aborted) return;
    problem = found;
    if (found?.code !== "server" && found?.code !== "foreign") break;
    showStatus();
    await new Promise((done) => setTimeout(done, RETRY_MS)); // the server keeps finished runs and sends them at once
  }
  setRunning(false);
  paint();
  if (!problem) i18n.announce(sentences()[0]);
};

// Process the answer until the last seed has come. Resolves to the problem, or null.
const receive = async (asked: Asked, signal: AbortSignal) => {
  for await (const part of api.streamCommand<Part>(fitSection.now().sid, "seeds", asked, signal)) {
    if (part.error || signal.aborted) return part.error ?? null;
    problem = part.waiting ? { code: part.waiting, args: {} } : null;
    if ("net" in part) begin(asked, part as Head);
    else shown.runs.push(...(part.runs ?? []));
    paintInTime();
  }
  return shown.runs.length < shown.count ? api.UNREACHABLE : null;
};

const begin = (asked: Asked, { epochs, net, optimizer, data_key: dataKey }: Head) => {
  shown = { ...empty(), ...asked, record: epochs, net, optimizer, dataKey };
  keep();
  chosenSeed.choose(null);
};

const stop = () => {
  request?.abort();
  problem = null;
  setRunning(false);
  paint();
};

const setRunning = (isRunning: boolean) => {
  running = isRunning;
  if (!isRunning) keep();
  const [trainButton, stopButton] = ["seeds-train", "seeds-stop"].map((id) => byId(id, HTMLButtonElement));
  const focused = document.activeElement; // the button that becomes disabled passes the focus to the other one
  trainButton.disabled = isRunning;
  stopButton.disabled = !isRunning;
  if (isRunning && focused === trainButton) stopButton.focus({ preventScroll: true });
  if (!isRunning && focused === stopButton) trainButton.focus({ preventScroll: true });
  showWords();
};

// --- painting -----------------------------------------------------------------------------------
const plateaus = () => {
  const now = fitSection.now();
  return fitSection.isReady(now) ? plateauStore.of(now, paint) : null;
};

// What the plots show. Before the button is pressed, that is only the axes and the plateaus of the net in Fit.
const plotted = (): seedsPlots.Shown => {
  if (shown.net) return shown;
  const asked = Object.entries(wanted()).filter(([, value]) => value > 0);
  return { ...shown, ...Object.fromEntries(asked), net: fitSection.open().state.net };
};

const markChosen = () => nodes && seedsPlots.choose(nodes, shown.record, chosenSeed.current());

const paint = () => {
  const found = plateaus();
  if (found && nodes) {
    const began = performance.now();
    seedsPlots.paintCurves(nodes.curves, plotted(), found);
    seedsPlots.paintDots(nodes.dots, plotted(), found);
    markChosen();
    if (!isDrawn) listen(nodes.dots);
    isDrawn = true;
    lastPaint = { at: performance.now(), cost: performance.now() - began };
  }
  showWords();
};

// In plots of another size, the plateaus' names may have another place.
const repaint = () => {
  if (isDrawn && nodes?.dots.clientWidth) paint();
};

const paintInTime = () => {
  const rest = Math.max(PAINT_MS, PAINT_SHARE * lastPaint.cost);
  if (performance.now() - lastPaint.at > rest) painting.request("seeds", paint);
  else showStatus();
};

const sentences = () => seedsOutcomes.summary(shown, plateaus());

const showWords = () => {
  showStatus();
  showLabel();
  seedsOutcomes.legend(byId("seeds-legend"), shown.net ?? fitSection.now().net ?? nets.LECTURE);
  showSetting();
  chosenSeed.show();
  const [first = t("seeds.nothing_yet"), ...rest] = sentences();
  byId("seeds-told").textContent = first;
  byId("seeds-reasons").replaceChildren(...rest.map((textContent) => element("li", { textContent })));
};

const showStatus = () => {
  const status = byId("seeds-status");
  setText(status, problem ? i18n.sentence("error", problem) : statusWords());
  status.classList.toggle("complaint", Boolean(problem) && !running);
  byId("seeds-progress", HTMLProgressElement).value = shown.runs.length / shown.count;
};

// The number of runs so far, and their net if Fit now has another one.
const statusWords = () => {
  const { runs, count } = shown;
  if (!runs.length) return running ? t("status.starting") : "";
  const key = running || runs.length < count ? "seeds.status" : "seeds.status_all";
  const progress = t(key, { k: numbersModule.whole(runs.length), n: numbersModule.whole(count) });
  const { kind } = seedsOutcomes;
  const { state } = fitSection.now();
  const trained = shown.net ? kind(shown) : "";
  return state && trained !== kind(state) ? `${progress} (${trained})` : progress;
};

const onTyped = () => {
  if (running) return;
  problem = validate(wanted());
  showStatus();
};
const showLabel = () => {
  const count = typed("seeds-count");
  const key = count > 1 && allows("seeds", count) ? "seeds.train" : "seeds.train_any";
  labelOf("seeds-train").textContent = t(key, { n: numbersModule.whole(count) });
};

const showSetting = () => {
  const { state } = fitSection.now();
  if (!state) return;
  setText(byId("seeds-setting"), t("seeds.setting", { kind: seedsOutcomes.kind(state) }));
};

// --- start ----------------------------------------------------------------------------------------
// The plots are made when the plateaus are known, because their axes depend on them.
const onNear = () => {
  nodes = { curves: byId("seeds-curves") as PlotlyGraph, dots: byId("seeds-dots") as PlotlyGraph };
  paint();
};

const listen = (dots: PlotlyGraph) => {
  dots.on("plotly_hover", (event) => chosenSeed.chooseSeed(plotting.numberAt(event)));
  plotting.onPointClick(dots, (seed) => chosenSeed.open(chosenSeed.chooseSeed(seed)));
};

let axesKey = ""; // the settings for which the empty axes were painted
const fitChanged = ({ state }: Ready) => {
  if (shown.dataKey && shown.dataKey !== state.data_key) {
    if (running) stop(); // the runs are of other data
    shown = empty();
    keep();
    chosenSeed.choose(null);
    paint();
  } else if (!isDrawn || !shown.runs.length) {
    const next = JSON.stringify([state.data_key, state.net, state.optimizer, wanted()]);
    if (next !== axesKey) painting.request("seeds", paint);
    axesKey = next;
  }
  showSetting();
  showStatus();
};

export const start = () => {
  byId("seeds-train").addEventListener("click", run);
  byId("seeds-stop").addEventListener("click", stop);
  byId("seeds-stop", HTMLButtonElement).disabled = true;
  for (const id of ["seeds-first", "seeds-count", "seeds-epochs"]) {
    byId(id).addEventListener("input", showLabel);
    byId(id).addEventListener("change", onTyped);
    byId(id).addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || running) return;
      event.preventDefault(); // otherwise the key would also press the button that gets the focus
      run();
    });
  }
  chosenSeed.start(
    () => shown,
    () => painting.request("seed", markChosen),
  );
  restore();
  fitSection.onChange(fitChanged);
  i18n.onLanguage(paint);
  new ResizeObserver(painting.throttle(PAINT_MS, repaint)).observe(byId("seeds-dots"));
  plotting.whenNear(byId("seeds-dots"), onNear);
  showWords();
};

export const trained = () => shown.runs.length;
