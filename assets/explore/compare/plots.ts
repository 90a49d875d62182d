// Two plots of several runs: their loss, and what they say of the data. One trace for each colour,
// so that a run keeps its place; above them the run in Fit, which moves, and the truth.
import * as i18n from "../../core/i18n";
import * as nets from "../../core/net";
import * as painting from "../../core/painting";
import * as plotting from "../../core/plotting";
import * as fitData from "../../fit/data";
import * as fitPlots from "../../fit/plots";

const NOTHING = { x: [null], y: [null] }; // but a point: a trace without any would lose its place
const LIVE = 8,
  TRUTH = 9;
const WIDTH = 2.5,
  WIDE = 5;
const EPOCH_HOVER = "%{fullData.name}<br>%{x:,} · %{y:.6f}<extra></extra>";
const X_HOVER = "%{fullData.name}<br>(%{x:.2f}, %{y:.4f})<extra></extra>";

let plots = null; // {loss, points, fit}
const shown = new Map(); // by plot: what each trace shows
let pointsKey = ""; // of the data that are drawn

const inside = (id) => document.getElementById(id).appendChild(document.createElement("div"));

// Colours that differ from the roles' and, four solid and four dashed, from one another.
const traces = (hovertemplate) => [
  ...Array.from({ length: LIVE }, (_, i) =>
    plotting.line(`run${i + 1}`, { ...NOTHING, hovertemplate, line: { width: WIDTH, dash: i < 4 ? "solid" : "dash" } }),
  ),
  plotting.line("yhat", { ...NOTHING, hovertemplate, line: { width: 4 } }),
  // in the grey that app.css gives the ink of each theme
  plotting.line("truth", { ...NOTHING, hovertemplate, line: { color: "#6b7a90", width: 2, dash: "dash" } }),
];

export const create = async () => {
  const { axis, layout, line } = plotting;
  const fitLook = () => layout(axis("x", [-1.04, 1.04]), axis("y", [-0.12, 1.12]));
  const dots = {
    ...line("data"),
    ...NOTHING,
    mode: "markers",
    hoverinfo: "skip",
    marker: { color: plotting.colour("data"), size: 4, opacity: 0.18 },
  };
  const [loss, points, fit] = await Promise.all([
    plotting.create(
      inside("compare-loss-plot"),
      traces(EPOCH_HOVER),
      layout(axis("", [0, 5000]), axis("", [0.2, 0.9])),
    ),
    plotting.create(inside("compare-points-plot"), [dots], fitLook()),
    plotting.create(inside("compare-fit-plot"), traces(X_HOVER), fitLook()),
  ]);
  plots = { loss, points, fit };
  pointsKey = "";
};

// Show these curves in these traces. All are painted: of a part, Plotly loses what lies above what.
const put = (gd, places, curves) => {
  const all = shown.get(gd) ?? Array(TRUTH + 1).fill(NOTHING);
  places.forEach((place, i) => (all[place] = curves[i]));
  shown.set(gd, all);
  painting.curves(
    gd,
    all.map((_, i) => i),
    all,
  );
};

// --- the data -------------------------------------------------------------------------------------
// As Fit draws them; those that are held out look like the others here.
const drawData = (data) => {
  if (data.key === pointsKey) return;
  pointsKey = data.key;
  const { sets, isFew, size, opacity, range } = fitData.look(data);
  plots.points.closest(".graph").dataset.points = isFew ? "few" : "many";
  const all = (axis) => sets.flatMap((set) => set[axis]);
  const marker = { "marker.size": size, "marker.opacity": opacity };
  Plotly.update(plots.points, { x: [all("x")], y: [all("y")], ...marker }, { "xaxis.range": range }, [0]);
  Plotly.relayout(plots.fit, { "xaxis.range": range });
};

// --- curves ---------------------------------------------------------------------------------------
// What a net says over the shown data: {x, y}. `span` is where a wide net's curve was taken.
export const fitOf = ({ net, p, curve, span }, data) => {
  if (p) {
    const { x } = fitPlots.placesOf(data, { net, p });
    return { x, y: nets.yhat(p, x, net) };
  }
  return { x: nets.grid(span[0], span[1], curve.length), y: nets.output(curve, net) };
};

// A place on a logarithmic axis for what has one.
const onAxes = ({ x, y }, { logX, logY }) => {
  if (!logX && !logY) return { x, y };
  const kept = x.map((_, i) => i).filter((i) => (!logX || x[i] > 0) && (!logY || y[i] > 0));
  return kept.length ? { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) } : NOTHING;
};

// What stands still: `runs` are those that are kept; `names` what they are called.
export const still = (runs, names, data, logs) => {
  drawData(data);
  const losses = Array(LIVE).fill(NOTHING);
  const fits = Array(LIVE).fill(NOTHING);
  runs.forEach((run, i) => {
    if (!run.shown) return;
    const name = names[i].replaceAll("<", "&lt;");
    losses[run.colour] = { ...onAxes(run.losses, logs), name };
    if (run.data === data.key) fits[run.colour] = { ...fitOf(run, data), name };
  });
  const kept = losses.map((_, i) => i);
  put(plots.loss, kept, losses);
  put(plots.fit, [...kept, TRUTH], [...fits, { ...(data.truth ?? NOTHING), name: i18n.t("role.prob") }]);
};

// What moves: the run in Fit up to the play head. `live` is {losses, fit}.
export const live = ({ losses, fit }, logs) => {
  const name = i18n.t("compare.live");
  put(plots.loss, [LIVE], [{ ...onAxes(losses, logs), name }]);
  put(plots.fit, [LIVE], [{ ...fit, name }]);
};

// --- axes -----------------------------------------------------------------------------------------
const ends = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];

const lossAxes = (curves, truth, { logX, logY }) => {
  const shown = curves.map((curve) => onAxes(curve, { logX, logY }));
  const usable = (value) => Number.isFinite(value) && (!logY || value > 0);
  const losses = [...shown.flatMap(({ y }) => y), truth].filter(usable);
  const last = shown.flatMap(({ x }) => x).reduce((a, b) => Math.max(a, b), 10);
  const [low, high] = ends(losses.length ? losses : [0.2, 0.9]).map(logY ? Math.log10 : Number);
  const pad = (high - low) * 0.08 || 0.05;
  const level = { x: [logX ? 1 : 0, last * 1.1], y: [truth, truth], name: i18n.t("role.true_loss") };
  put(plots.loss, [TRUTH], [Number.isFinite(truth) ? level : NOTHING]);
  const look = {
    "xaxis.type": logX ? "log" : "linear",
    "yaxis.type": logY ? "log" : "linear",
    "xaxis.range": logX ? [0, Math.log10(last * 1.1)] : [0, last * 1.02],
    "yaxis.range": [low - pad, high + pad],
    "xaxis.title.text": i18n.t("word.epoch"),
    "yaxis.title.text": i18n.t("word.loss"),
  };
  relayout(plots.loss, look);
};

// Only when something is another one: a relayout draws the whole plot.
const looks = new WeakMap();
const relayout = (gd, look) => {
  const key = JSON.stringify(look);
  if (looks.get(gd) === key) return;
  looks.set(gd, key);
  Plotly.relayout(gd, look);
};

export const axes = ({ losses, fits, truth, data }, logs) => {
  lossAxes(losses, truth, logs);
  const values = fits.flatMap(({ y }) => y).filter(Number.isFinite);
  fitPlots.setRange([plots.points, plots.fit], fitPlots.rangeOf(values, data.span[0], data.span[1]));
};

// One run drawn wider than the others, in both plots.
export const stress = (colour, on) => {
  if (!plots) return;
  for (const gd of [plots.loss, plots.fit]) {
    gd.data[colour].line.width = on ? WIDE : WIDTH;
    Plotly.redraw(gd); // a restyle does not reach traces that were animated
  }
};

export const ready = () => plots !== null;
