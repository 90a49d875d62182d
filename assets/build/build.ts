// Build: every drag redraws plot, panels, equations and error here, with no request.

import { byId, write } from "../core/dom";
import * as undo from "../core/history";
import * as i18n from "../core/i18n";
import * as nets from "../core/net";
import * as numbers from "../core/numbers";
import * as painting from "../core/painting";
import * as plotBoxes from "../core/plot-boxes";
import * as views from "../core/views";
import * as weightRows from "../core/weight-rows";
import * as equations from "./equations";

const STORE = "build";
const PANELS = ["panel-u1", "panel-u2", "panel-v1", "panel-v2", "panel-y"];
const FORMULAS_MS = 66;
const SOLVED = 0.01; // mean squared difference under which a challenge counts as hit

let weights;
let plots; // {big, panels: [5], construction}
let xs;
let challenge = null; // {left, right, b, shown} while the challenge is on
let constructions = null; // the server's last answer
let chosen = 1;

const target = () => challenge ?? nets.TARGET;
const listeners = [];
const remember = () => {
  recordStep();
  listeners.forEach((listener) => listener());
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ params: weights.get(), challenge }));
  } catch {
    // storage may be refused; the sliders still work
  }
};
const remembered = () => {
  try {
    const saved = JSON.parse(sessionStorage.getItem(STORE));
    const good = saved?.params?.length === 5 && saved.params.every(Number.isFinite);
    return good ? saved : {};
  } catch {
    return {};
  }
};

// --- steps for Undo and Redo --------------------------------------------------------------------
let stood = null; // what the last step left, as now() has it; null: what changes is no step

const recordStep = () => {
  if (!stood) return;
  const [from, to] = [stood, now()];
  stood = to;
  const moved = to.params.flatMap((value, k) => (value === from.params[k] ? [] : [k]));
  const same = JSON.stringify(from.challenge) === JSON.stringify(to.challenge);
  if (same && !moved.length) return;
  const what = same && moved.length === 1 ? `build weight ${moved}` : null;
  undo.record(
    () => show(from),
    () => show(to),
    what,
  );
};

const largest = (...lists) => Math.max(...lists.flat().map(Math.abs));

const paintBig = (p) => {
  const truth = nets.bent(target(), xs);
  const units = [0, 1].map((k) => nets.contribution(p, k, xs));
  const y = nets.logit(p, xs);
  painting.symmetricAxis(plots.big, largest(truth, y), 10);
  painting.curves(
    plots.big,
    [0, 1, 2, 3, 4],
    [{ y: units[0] }, { y: units[1] }, { y }, { y: truth }, { x: [0], y: [p[4]] }],
  );
};

const paintPanels = (p) => {
  const ys = [
    nets.unit(p, 0, xs),
    nets.unit(p, 1, xs),
    nets.hidden(p, 0, xs),
    nets.hidden(p, 1, xs),
    nets.logit(p, xs),
  ];
  plots.panels.forEach((gd, i) => {
    painting.panelAxis(gd, largest(ys[i]), i < 4 ? 1 : 5);
    painting.curves(gd, [0], [{ y: ys[i] }]);
  });
};

const showError = (mse) => {
  write(byId("build-mse"), numbers.short(mse, 4));
  if (challenge) showChallenge(mse);
};

let titles = []; // of the panels, as they stand there
const showTitles = (p) => {
  const before = titles;
  titles = equations.panelTitles(p);
  titles.forEach((title, i) => {
    if (title !== before[i]) byId(`${PANELS[i]}-title`).innerHTML = title;
  });
};

// Formulas take the browser longer than curves, and nobody reads them at 60 Hz.
const writeSoon = painting.throttle(FORMULAS_MS, () => {
  const p = weights.get();
  showError(nets.mse(nets.logit(p, xs), nets.bent(target(), xs)));
  if (isTabOpen("build-steps")) showTitles(p);
  if (isTabOpen("build-equations-panel")) equations.render(byId("build-equations"), p);
});

// A hidden tab is painted when it is shown.
const paintAll = (p) => {
  if (isTabOpen("build-steps")) {
    paintBig(p);
    paintPanels(p);
  }
  writeSoon();
};

const follow = (p) => painting.request("build", () => paintAll(p));

const commit = (p) => {
  remember();
  window.dash_clientside.set_props("construction-params", { data: { params: p } });
  const mse = nets.mse(nets.logit(p, xs), nets.bent(target(), xs));
  i18n.announce(i18n.t("build.announce", { mse: numbers.short(mse, 4) }));
};

const setWeights = (p) => {
  weights.set(p);
  follow(p);
  commit(p);
};

const random = () => {
  const draw = (span) => Math.round((Math.random() * 2 - 1) * span * 10) / 10;
  setWeights([draw(3), draw(3), draw(6), draw(6), draw(5)]);
};

// --- the challenge: a bent line whose formula is hidden ---------------------------------------
const showFormula = () => {
  const hidden = challenge && !challenge.shown;
  byId("build-formula").innerHTML = hidden
    ? i18n.t("challenge.hidden")
    : `${i18n.t("role.target")}: ${equations.piecewise(target())}`;
};

const newChallenge = () => {
  const half = (span) => Math.round((Math.random() * 2 - 1) * span * 2) / 2;
  challenge = { left: half(9), right: half(9), b: half(5), shown: false };
  if (Math.abs(challenge.left - challenge.right) < 2) challenge.right -= 4; // it must bend
  openChallenge();
};

const openChallenge = () => {
  const on = Boolean(challenge);
  byId("build-challenge-card").hidden = !on;
  byId("build-challenge").setAttribute("aria-pressed", String(on));
  showFormula();
  remember();
  follow(weights.get());
};

const showChallenge = (mse) => {
  byId("build-challenge-task").hidden = challenge.shown;
  const status = byId("build-challenge-status");
  const solved = mse < SOLVED;
  const message = solved ? "challenge.solved" : mse < 1 ? "challenge.close" : "challenge.far";
  status.textContent = i18n.t(message, { mse: numbers.short(mse, 4) });
  status.classList.toggle("solved", solved);
};

// --- the six constructions --------------------------------------------------------------------
export const showConstructions = (answer) => {
  if (!answer) return;
  if (answer.error) {
    byId("construction-difference").textContent = i18n.t(`error.${answer.error.code}`, answer.error.args);
    return;
  }
  constructions = answer.results;
  showConstruction();
};

const showConstruction = () => {
  document.querySelectorAll<HTMLElement>("#construction-tabs .tab").forEach((tab) => {
    const on = Number(tab.dataset.number) === chosen;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
  });
  byId("construction-name").textContent = i18n.t(`constructions.name${chosen}`);
  const result = constructions?.[chosen - 1];
  if (!result || !plots) return;
  byId("construction-code").textContent = result.code;
  byId("construction-difference").textContent =
    chosen === 1 ? i18n.t("constructions.reference") : result.max_difference.toExponential(2).replace("e-", "e−");
  if (!isTabOpen("build-constructions-panel")) return; // painted when it is shown
  painting.symmetricAxis(plots.construction, largest(result.y), 10);
  const x = nets.grid(-1, 1, result.y.length);
  painting.curves(plots.construction, [0], [{ x, y: result.y }]);
};

const isTabOpen = (panel) => !byId(panel).hidden;

const chooseTab = (tab, focus = false) => {
  for (const each of byId("build-tabs").children) {
    const on = each === tab;
    each.setAttribute("aria-selected", String(on));
    each.tabIndex = on ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !on;
  }
  if (focus) tab.focus();
  plotBoxes.resize(byId("build"));
  if (plots) follow(weights.get());
  showConstruction();
};

// The arrow keys go through a row of tabs; `choose(tab, focus)` opens one.
const listenToRow = (row, choose) => {
  row.addEventListener("click", ({ target }) => {
    const tab = target.closest(".tab");
    if (tab) choose(tab);
  });
  row.addEventListener("keydown", ({ key }) => {
    const tabs = [...row.children];
    const move = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (move) choose(tabs.at((tabs.indexOf(document.activeElement) + move) % tabs.length), true);
  });
};

const choose = (tab, focus = false) => {
  chosen = Number(tab.dataset.number);
  showConstruction();
  if (focus) tab.focus();
};

// --- for the other sections -------------------------------------------------------------------
let isReady;
export const ready = new Promise((done) => (isReady = done)); // its plots are drawn

export const now = () => ({ params: weights.get(), challenge: challenge && { ...challenge } });
export const show = (next) => {
  stood = null;
  challenge = next.challenge && { ...next.challenge };
  openChallenge();
  setWeights([...next.params]);
  stood = now();
};

export const start = async () => {
  const saved = remembered();
  xs = nets.grid(-1, 1, 101);
  weights = weightRows.create(byId("build-weights"), { onInput: follow, onCommit: commit });
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
    challenge.shown = true;
    openChallenge();
  });
  listenToRow(byId("build-tabs"), chooseTab);
  listenToRow(byId("construction-tabs"), choose);
  showConstruction();
  equations.render(byId("build-equations"), weights.get());
  const [big, construction, ...panels] = await painting.graphs([
    "build-plot",
    "construction-plot",
    ...PANELS.map((id) => `${id}-plot`),
  ]);
  plots = { big, construction, panels };
  plotBoxes.watch([big, construction, ...panels]);
  show({ params: saved.params ?? nets.START, challenge: saved.challenge ?? null });
  isReady();
  views.onShow("build", () => follow(weights.get()));
  i18n.onLanguage(() => {
    showFormula();
    showConstruction();
    follow(weights.get());
  });
};

export const onChange = (listener) => listeners.push(listener);

const weightsElsewhere = () => weights.get();

export { weightsElsewhere as weights };
