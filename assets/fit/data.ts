// The data of Fit: fetched once by its key, drawn once, never redrawn with the curves.
import * as i18n from "../core/i18n";
import * as nets from "../core/net";
import * as numbers from "../core/numbers";

export const CURVE_POINTS = 101; // of a wide net's curve, evenly over the data
const MOST_POINTS = 4000; // more than this are thinned on screen; the loss always counts all
const NOTHING = { x: [null], y: [null] };
const BINARY_SPAN = [-0.12, 1.12];
const LOG_FLOOR = -100; // as in torch.nn.BCELoss

// What the net is trained on is x, prob and y, sorted by x; `test` is {x, y} of the points that
// are held out, or null. `truth` is {x, y} of all points, or null where nobody knows it.
export const load = async (key) => {
  const answer = await fetch(`data/${key}.json`);
  if (!answer.ok) throw new Error(`data ${key}: ${answer.status}`);
  return shape(key, await answer.json());
};

const shape = (key, raw) => {
  const order = raw.x.map((_, i) => i).sort((a, b) => raw.x[a] - raw.x[b]);
  const heldOut = new Set(raw.held_out ?? []);
  const training = order.filter((i) => !heldOut.has(i));
  const testing = order.filter((i) => heldOut.has(i));
  const pick = (values, rows) => values && rows.map((i) => values[i]);
  const [x, y, prob] = [raw.x, raw.y, raw.prob].map((values) => pick(values, training));
  const isBinary = raw.is_binary ?? raw.y.every((value) => value >= 0 && value <= 1);
  const logit = x.map((_, i) => logitOf(isBinary && prob ? prob[i] : null));
  const ends = [x[0], x[x.length - 1]];
  const known = isBinary && prob;
  return {
    ...raw,
    key,
    x,
    y,
    prob,
    logit,
    isBinary,
    test: testing.length ? { x: pick(raw.x, testing), y: pick(raw.y, testing) } : null,
    truth: raw.prob && { x: pick(raw.x, order), y: pick(raw.prob, order) },
    true_loss: known ? (testing.length ? bce(prob, y) : raw.true_loss) : null,
    true_mse: prob && nets.mse(prob, y),
    span: isBinary ? BINARY_SPAN : padded(raw.y.concat(raw.prob ?? [])),
    grid: curveGrid(ends[0], ends[1]),
    curveX: nets.grid(ends[0], ends[1], CURVE_POINTS),
  };
};

const logitOf = (p) => (p > 0 && p < 1 ? Math.log(p / (1 - p)) : null);

const bce = (prob, y) => {
  const log = (p) => Math.max(Math.log(p), LOG_FLOOR);
  return -prob.reduce((sum, p, i) => sum + y[i] * log(p) + (1 - y[i]) * log(1 - p), 0) / y.length;
};

export const extremes = (values) =>
  values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
const padded = (values) => {
  const [low, high] = extremes(values);
  const pad = (high - low) * 0.08 || 1;
  return [low - pad, high + pad];
};

// the loss that `net` would have if its yhat were the truth itself; null where nobody knows it
export const trueLoss = (data, net) => (net?.loss === "mse" ? data.true_mse : data.true_loss);

// The loss of a frame at the points held out; computed once. A wide net's frame brought it along.
export const testLoss = (data, frame) => {
  if (!data.test) return null;
  if (frame.test === undefined && frame.p) {
    frame.test = nets.loss(frame.p, data.test.x, data.test.y, frame.net);
  }
  return frame.test ?? null;
};

// 201 points and 0 among them, where the line bends
const curveGrid = (low, high) => {
  const grid = nets.grid(low, high, 201);
  if (low < 0 && high > 0 && !grid.includes(0)) grid.push(0);
  return grid.sort((a, b) => a - b);
};

// The same small vertical shift for the same point at every visit, so that density is seen.
const jitter = (i) => (((i * 0.6180339887498949) % 1) - 0.5) * 0.08;

const dots = ({ x, y }, every, shifted) => {
  const shown = x.map((_, i) => i).filter((i) => i % every === 0);
  return { x: shown.map((i) => x[i]), y: shown.map((i) => y[i] + (shifted ? jitter(i) : 0)) };
};

// Few points are drawn large and full, many small and faint.
const LOOKS = [
  [60, 9, 0.85],
  [300, 6, 0.5],
  [1000, 5, 0.3],
  [Infinity, 4, 0.18],
];
const FEW = 300;

// How the points are drawn: {sets: those to train on and those held out, isFew, size, opacity, range}.
export const look = (data) => {
  const n = data.x.length + (data.test?.x.length ?? 0);
  const every = Math.ceil(n / MOST_POINTS);
  const [low, high] = [data.grid[0], data.grid[data.grid.length - 1]];
  const isFew = n <= FEW;
  const pad = (high - low) * (isFew ? 0.05 : 0.02) || 1;
  const shifted = data.isBinary && !isFew;
  const sets = [data, data.test].map((set) => (set ? dots(set, every, shifted) : NOTHING));
  const [, size, opacity] = LOOKS.find(([most]) => n <= most);
  return { sets, isFew, size, opacity, range: [low - pad, high + pad] };
};

export const paint = (data, plots) => {
  const { sets, isFew, size, opacity, range } = look(data);
  const span = { "xaxis.range": range };
  plots.points.closest(".graph").dataset.points = isFew ? "few" : "many";
  const markers = { "marker.size": size, "marker.opacity": [opacity, Math.min(1, 1.4 * opacity)] };
  const truth = data.truth ?? NOTHING;
  return Promise.all([
    Plotly.update(plots.points, { x: sets.map((set) => set.x), y: sets.map((set) => set.y), ...markers }, span, [0, 1]),
    Plotly.update(plots.yhat, { x: [truth.x], y: [truth.y] }, span, [1]),
    Plotly.relayout(plots.logit, span), // its truth depends on the net: see fitPlots.reshape
  ]);
};

// "Data: the step-like set (2,000 points, 600 of them kept for testing). Loss of prob itself 0.31"
const describe = (data, net) => {
  const { t } = i18n;
  const n = data.x.length + (data.test?.x.length ?? 0);
  const points = numbers.whole(n);
  const loss = numbers.fixed(trueLoss(data, net) ?? NaN, 6);
  const known = trueLoss(data, net) !== null;
  const said =
    data.spec.law === "lecture"
      ? [t(`data.${data.origin}`, { n: points, label: data.label, loss })]
      : [
          t("dataset.line", { name: nameOf(data.spec), n: points }),
          ...(known ? [t("dataset.line_truth", { loss })] : []),
        ];
  if (data.test) said.push(t("dataset.line_test", { n: numbers.whole(data.test.x.length) }));
  return said.join(" ");
};

export const nameOf = ({ law, label }) => (law === "own" && label ? label : i18n.t(`dataset.${law}`));

// The two lines under the data's title: which they are, and what kind of y they have.
export const tell = (data, net) => {
  document.getElementById("fit-data").textContent = describe(data, net);
  const kind = data.isBinary ? "" : i18n.t("dataset.numbers_hint");
  document.getElementById("fit-data-kind").textContent = kind;
};
