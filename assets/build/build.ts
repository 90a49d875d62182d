// The Build view: sliders for five weights, and the plots, equations and error that follow them in the browser.

import { byId, setText } from "../core/dom";
import * as undo from "../core/history";
import * as nets from "../core/net/net";
import * as weightRows from "../core/net/weight-rows";
import * as painting from "../core/plots/painting";
import * as plotBoxes from "../core/plots/plot-boxes";
import * as storage from "../core/storage";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import type { Answer, BuildState, Challenge, Weights } from "../core/types";
import * as views from "../core/views";
import * as equations from "./equations";
import * as tabs from "./tabs";

const STORE = "build";
const PANELS = ["panel-u1", "panel-u2", "panel-v1", "panel-v2", "panel-y"];
const IDLE_MS = 5000; // after the start, before plots are drawn that are not needed yet
const SOLVED_MSE = 0.01; // a challenge with a smaller error is solved

type Construction = { code: string; y: number[]; max_difference: number };
type Plots = { big: PlotlyGraph; panels: PlotlyGraph[]; construction: PlotlyGraph };

let weights: weightRows.WeightRows;
let plots: Plots | null = null; // null until they are drawn, see `draw`
let xs: number[];
let challenge: Challenge | null = null;
let constructions: Construction[] | null = null; // the server's last answer
let chosen = 1; // the number of the chosen construction

const target = () => challenge ?? nets.TARGET;
const listeners: (() => void)[] = [];
const onChanged = () => {
  recordStep();
  listeners.forEach((listener) => listener());
  storage.writeTab(STORE, JSON.stringify(now()));
};
const savedState = (): BuildState => {
  const saved = storage.readTabJson(STORE) as BuildState | null;
  const isValid = saved?.params?.length === 5 && saved.params.every(Number.isFinite);
  return isValid ? saved : { params: nets.START, challenge: null };
};

// --- undo steps ---------------------------------------------------------------------------------
let lastStep: BuildState | null = null; // the state after the last step; null while changes are not recorded

const recordStep = () => {
  if (!lastStep) return;
  const [from, to] = [lastStep, now()];
  lastStep = to;
  const moved = to.params.flatMap((value, k) => (value === from.params[k] ? [] : [k]));
  const isSameChallenge = JSON.stringify(from.challenge) === JSON.stringify(to.challenge);
  if (isSameChallenge && !moved.length) return;
  const source = isSameChallenge && moved.length === 1 ? `build weight ${moved}` : null;
  undo.record(
    () => show(from),
    () => show(to),
    source,
  );
};

const largest = (...lists: number[][]) => Math.max(...lists.flat().map(Math.abs));

const paintBig = (gd: PlotlyGraph, p: Weights) => {
  const truth = nets.bent(target(), xs);
  const units = [0, 1].map((k) => nets.contribution(p, k, xs));
  const y = nets.logit(p, xs);
  painting.setSymmetricAxis(gd, largest(truth, y), 10);
  painting.setCurves(
    gd,
    [0, 1, 2, 3, 4],
    [{ y: units[0] }, { y: units[1] }, { y }, { y: truth }, { x: [0], y: [p[4]] }],
  );
};

const paintPanels = (panels: PlotlyGraph[], p: Weights) => {
  const ys = [
    nets.unit(p, 0, xs),
    nets.unit(p, 1, xs),
    nets.hidden(p, 0, xs),
    nets.hidden(p, 1, xs),
    nets.logit(p, xs),
  ];
  panels.forEach((gd, i) => {
    painting.setPanelAxis(gd, largest(ys[i]), i < 4 ? 1 : 5);
    painting.setCurves(gd, [0], [{ y: ys[i] }]);
  });
};

const mseOf = (p: Weights) => nets.mse(nets.logit(p, xs), nets.bent(target(), xs));

const showError = (mse: number) => {
  setText(byId("build-mse"), numbers.short(mse, 4));
  if (challenge) showChallenge(challenge, mse);
};

let titles: string[] = []; // of the panels
const showTitles = (p: Weights) => {
  const before = titles;
  titles = equations.panelTitles(p);
  titles.forEach((title, i) => {
    if (title !== before[i]) byId(`${PANELS[i]}-title`).innerHTML = title;
  });
};

// Texts and formulas are updated less often than curves, because the browser takes longer for them.
const showTextsSoon = painting.throttle(painting.TEXT_UPDATE_MS, () => {
  const p = weights.get();
  showError(mseOf(p));
  if (isTabOpen("build-steps")) showTitles(p);
  if (isTabOpen("build-equations-panel")) equations.render(byId("build-equations"), p);
});

// A hidden tab is painted when it is shown.
const paintAll = (p: Weights) => {
  if (plots && isTabOpen("build-steps")) {
    paintBig(plots.big, p);
    paintPanels(plots.panels, p);
  }
  showTextsSoon();
};

const paintSoon = (p: Weights) => painting.request("build", () => paintAll(p));

const commit = (p: Weights) => {
  onChanged();
  requestConstructions();
  i18n.announce(i18n.t("build.announce", { mse: numbers.short(mseOf(p), 4) }));
};

const setWeights = (p: Weights) => {
  weights.set(p);
  paintSoon(p);
  commit(p);
};

const random = () => {
  const draw = (span: number) => Math.round((Math.random() * 2 - 1) * span * 10) / 10;
  setWeights([draw(3), draw(3), draw(6), draw(6), draw(5)]);
};

// --- the challenge: match a line whose formula is hidden --------------------------------------
const showFormula = () => {
  const hidden = challenge && !challenge.shown;
  byId("build-formula").innerHTML = hidden
    ? i18n.t("challenge.hidden")
    : `${i18n.t("role.target")}: ${equations.piecewise(target())}`;
};

const newChallenge = () => {
  const half = (span: number) => Math.round((Math.random() * 2 - 1) * span * 2) / 2;
  challenge = { left: half(9), right: half(9), b: half(5), shown: false };
  if (Math.abs(challenge.left - challenge.right) < 2) challenge.right -= 4; // it must bend
  openChallenge();
};

const openChallenge = () => {
  const on = Boolean(challenge);
  byId("build-challenge-card").hidden = !on;
  byId("build-challenge").setAttribute("aria-pressed", String(on));
  showFormula();
  onChanged();
  paintSoon(weights.get());
};

const showChallenge = ({ shown }: Challenge, mse: number) => {
  byId("build-challenge-task").hidden = shown;
  const status = byId("build-challenge-status");
  const solved = mse < SOLVED_MSE;
  const message = solved ? "challenge.solved" : mse < 1 ? "challenge.close" : "challenge.far";
  status.textContent = i18n.t(message, { mse: numbers.short(mse, 4) });
  status.classList.toggle("solved", solved);
};

// --- the six constructions --------------------------------------------------------------------
export const showConstructions = (answer: Answer<{ results: Construction[] }> | null) => {
  if (!answer) return;
  if (answer.error) {
    byId("construction-difference").textContent = i18n.sentence("error", answer.error);
    return;
  }
  constructions = answer.results;
  showConstruction();
};

const showConstruction = () => {
  byId("construction-name").textContent = i18n.t(`constructions.name${chosen}`);
  const result = constructions?.[chosen - 1];
  if (!result || !plots) return;
  byId("construction-code").textContent = result.code;
  byId("construction-difference").textContent =
    chosen === 1 ? i18n.t("constructions.reference") : result.max_difference.toExponential(2).replace("e-", "e−");
  if (!isTabOpen("build-constructions-panel")) return; // choosePanel paints it later
  painting.setSymmetricAxis(plots.construction, largest(result.y), 10);
  const x = nets.grid(-1, 1, result.y.length);
  painting.setCurves(plots.construction, [0], [{ x, y: result.y }]);
};

const isTabOpen = (panel: string) => !byId(panel).hidden;

// The server runs the constructions' code. It is asked when a drag has ended and while their tab is open.
let requestedParams = "";
const requestConstructions = () => {
  const params = weights.get();
  if (!isTabOpen("build-constructions-panel") || requestedParams === String(params)) return;
  requestedParams = String(params);
  window.dash_clientside.set_props("construction-params", { data: { params } });
};

const choosePanel = (tab: HTMLElement) => {
  for (const each of tabs.of(byId("build-tabs"))) {
    byId(each.getAttribute("aria-controls") ?? "").hidden = each !== tab;
  }
  plotBoxes.resize(byId("build"));
  if (plots) paintSoon(weights.get());
  showConstruction();
  requestConstructions();
};

const chooseConstruction = (tab: HTMLElement) => {
  chosen = Number(tab.dataset.number);
  showConstruction();
};

// --- what other modules use -------------------------------------------------------------------
export const now = (): BuildState => ({ params: weights.get(), challenge: challenge && { ...challenge } });
export const show = (next: BuildState) => {
  lastStep = null;
  challenge = next.challenge && { ...next.challenge };
  openChallenge();
  setWeights([...next.params]);
  lastStep = now();
};

// Draw the plots, once: when they are first needed, or before that when the page has been idle for a while. With the
// other view's plots they would delay the page's start, on a slow phone by most of a second.
let isDrawn = false;
const draw = async () => {
  if (isDrawn) return;
  isDrawn = true;
  const [big, construction, ...panels] = await painting.graphs([
    "build-plot",
    "construction-plot",
    ...PANELS.map((id) => `${id}-plot`),
  ]);
  plots = { big, construction, panels };
  plotBoxes.watch([big, construction, ...panels]);
  paintSoon(weights.get());
  showConstruction();
};

export const start = () => {
  xs = nets.grid(-1, 1, 101);
  weights = weightRows.create(byId("build-weights"), { onInput: paintSoon, onCommit: commit });
  byId("build-start").addEventListener("click", () => setWeights([...nets.START]));
  byId("build-random").addEventListener("click", random);
  byId("build-challenge").addEventListener("click", () => {
    if (challenge) {
      challenge = null;
      openChallenge();
    } else newChallenge();
  });
  byId("build-challenge-new").addEventListener("click", newChallenge);
  byId("build-challenge-show").addEventListener("click", () => {
    if (challenge) challenge.shown = true;
    openChallenge();
  });
  tabs.listen(byId("build-tabs"), choosePanel);
  tabs.listen(byId("construction-tabs"), chooseConstruction);
  equations.render(byId("build-equations"), weights.get());
  show(savedState());
  views.onShow("build", draw);
  views.onShow("share", draw); // it saves plots as pictures
  if (views.isOpen("build")) draw(); // before Fit's
  setTimeout(() => window.requestIdleCallback?.(draw), IDLE_MS);
  i18n.onLanguage(() => {
    showFormula();
    showConstruction();
    paintSoon(weights.get());
  });
};

export const onChange = (listener: () => void) => listeners.push(listener);

const current = () => weights.get();

export { current as weights };
