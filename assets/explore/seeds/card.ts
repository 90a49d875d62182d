// "Train 500 seeds": asks the server for them, and paints each part that comes.

import { byId, element, wordsOf, write } from "../../core/dom";
import { allows, refusal } from "../../core/limits";
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import * as numbersModule from "../../core/text/numbers";
import type { Message, NetDescription, Optimizer } from "../../core/types";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as one from "./one";
import type { Run } from "./outcomes";
import * as seedsOutcomes from "./outcomes";
import * as plateauStore from "./plateaus";
import * as seedsPlots from "./plots";

const { t } = i18n;
const PAINT_MS = 250; // at most so often while the seeds come in,
const PAINT_SHARE = 4; // and so that painting takes a quarter of the time at most
const TRIES = 5; // when the server cannot be reached,
const AGAIN_MS = 1000; // so far apart

// What is, or will be, on screen; of no net before the button is pressed.
type Asked = { first: number; count: number; epochs: number };
type Kind = { net: NetDescription; optimizer: Optimizer; dataKey: string };
type Shown = Asked & { runs: Run[]; record: number[] } & (Kind | { [name in keyof Kind]: null });
const empty = (): Shown => ({
  ...{ runs: [], record: [], first: 1, count: 500, epochs: 5000 },
  ...{ net: null, optimizer: null, dataKey: null },
});

let nodes: seedsPlots.Nodes | null = null; // once they are near the screen
let isDrawn = false;
let shown = empty();
let asking: AbortController | null = null; // of the newest press of the button
let running = false;
let trouble: Message | null = null;
let lastPaint = { at: -Infinity, cost: 0 };

const typed = (id: string) => numbersModule.parse(byId(id, HTMLInputElement).value);
const wanted = (): Asked => ({
  first: typed("seeds-first"),
  count: typed("seeds-count"),
  epochs: typed("seeds-epochs"),
});

// What is trained comes first; `epochs` are those of the loss curves. Then the runs, or why they wait.
type Head = { count: number; epochs: number[]; net: NetDescription; optimizer: Optimizer; data_key: string };
type Part = Partial<Head> & { runs?: Run[]; waiting?: string };

// --- asking -------------------------------------------------------------------------------------
const run = async () => {
  const what = wanted();
  trouble = refusal("seed", what.first) ?? refusal("seeds", what.count) ?? refusal("epochs", what.epochs);
  if (trouble) return showStatus();
  asking = new AbortController();
  const { signal } = asking;
  setRunning(true);
  for (let tries = 0; tries < TRIES; tries++) {
    const problem = await follow(what, signal);
    if (signal.aborted) return;
    trouble = problem;
    if (problem?.code !== "server" && problem?.code !== "foreign") break;
    showStatus();
    await new Promise((done) => setTimeout(done, AGAIN_MS)); // what it has trained already comes at once
  }
  setRunning(false);
  paint();
  if (!trouble) i18n.announce(sentences()[0]);
};

// Takes what the server sends until the last seed has come. Gives what went wrong, or null.
const follow = async (what: Asked, signal: AbortSignal) => {
  for await (const part of api.parts<Part>(fitSection.now().sid, "seeds", what, signal)) {
    if (part.error || signal.aborted) return part.error ?? null;
    trouble = part.waiting ? { code: part.waiting, args: {} } : null;
    if ("net" in part) begin(what, part as Head);
    else shown.runs.push(...(part.runs ?? []));
    paintInTime();
  }
  return shown.runs.length < shown.count ? api.UNREACHABLE : null;
};

const begin = (what: Asked, { count, epochs, net, optimizer, data_key: dataKey }: Head) => {
  shown = { ...empty(), ...what, count, record: epochs, net, optimizer, dataKey };
  one.choose(null);
};

const stop = () => {
  asking?.abort();
  trouble = null;
  setRunning(false);
  paint();
};

const setRunning = (now: boolean) => {
  running = now;
  const [train, stopper] = ["seeds-train", "seeds-stop"].map((id) => byId(id, HTMLButtonElement));
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
  return fitSection.isReady(now) ? plateauStore.of(now, paint) : null;
};

// Before the button is pressed: axes, and the plateaus of the net in Fit.
const seen = (): seedsPlots.Shown => {
  if (shown.net) return shown;
  const asked = Object.entries(wanted()).filter(([, value]) => value > 0);
  return { ...shown, ...Object.fromEntries(asked), net: fitSection.open().state.net };
};

const ring = () => nodes && seedsPlots.choose(nodes, shown.record, one.current());

const paint = () => {
  const found = plateaus();
  if (found && nodes) {
    const began = performance.now();
    seedsPlots.paintCurves(nodes.curves, seen(), found);
    seedsPlots.paintDots(nodes.dots, seen(), found);
    ring();
    if (!isDrawn) listen(nodes.dots);
    isDrawn = true;
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
  one.show();
  const [first = t("seeds.nothing_yet"), ...rest] = sentences();
  byId("seeds-told").textContent = first;
  byId("seeds-reasons").replaceChildren(...rest.map((textContent) => element("li", { textContent })));
};

const showStatus = () => {
  const status = byId("seeds-status");
  write(status, trouble ? t(i18n.first(`error.${trouble.code}`), i18n.readable(trouble.args)) : statusWords());
  status.classList.toggle("complaint", Boolean(trouble) && !running);
  byId("seeds-progress", HTMLProgressElement).value = shown.runs.length / shown.count;
};

// How many there are; and of which net, should that not be the one in Fit any more.
const statusWords = () => {
  const { runs, count } = shown;
  if (!runs.length) return running ? t("status.starting") : "";
  const key = running || runs.length < count ? "seeds.status" : "seeds.status_all";
  const said = t(key, { k: numbersModule.whole(runs.length), n: numbersModule.whole(count) });
  const { kind } = seedsOutcomes;
  const { state } = fitSection.now();
  const trained = shown.net ? kind(shown) : "";
  return state && trained !== kind(state) ? `${said} (${trained})` : said;
};

const showLabel = () => {
  const count = typed("seeds-count");
  const key = count > 1 && allows("seeds", count) ? "seeds.train" : "seeds.train_any";
  wordsOf("seeds-train").textContent = t(key, { n: numbersModule.whole(count) });
};

const showSetting = () => {
  const { state } = fitSection.now();
  if (!state) return;
  write(byId("seeds-setting"), t("seeds.setting", { kind: seedsOutcomes.kind(state) }));
};

const seedAt = ({ points }: PlotlyPointEvent) =>
  points.map(({ customdata }) => customdata).find((value) => typeof value === "number");

// --- start ----------------------------------------------------------------------------------------
// The plots are made once the plateaus are known, which say how far the axes reach.
const near = () => {
  nodes = { curves: byId("seeds-curves") as PlotlyGraph, dots: byId("seeds-dots") as PlotlyGraph };
  paint();
};

const listen = (dots: PlotlyGraph) => {
  dots.on("plotly_hover", (event) => one.chooseSeed(seedAt(event)));
  dots.on("plotly_click", (event) => one.open(one.chooseSeed(seedAt(event))));
};

// Other data: these runs are about something else.
let about = ""; // what the axes are for, until there are runs
const fitChanged = ({ state }: Ready) => {
  if (shown.dataKey && shown.dataKey !== state.data_key) {
    if (running) stop();
    shown = empty();
    one.choose(null);
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
  byId("seeds-stop", HTMLButtonElement).disabled = true;
  for (const id of ["seeds-first", "seeds-count", "seeds-epochs"]) {
    byId(id).addEventListener("input", showLabel);
    byId(id).addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || running) return;
      event.preventDefault(); // or the key would go on to press what gets the focus
      run();
    });
  }
  one.start(
    () => shown,
    () => painting.request("seed", ring),
  );
  fitSection.onChange(fitChanged);
  i18n.onLanguage(paint);
  window.addEventListener("resize", painting.throttle(PAINT_MS, paint)); // names fit, or not
  plotting.whenNear(byId("seeds-dots"), near);
  showWords();
};

export const trained = () => shown.runs.length;
