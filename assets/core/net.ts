// The net as numbers: the same mathematics as pwlapp/core/net.py, for the browser.
// Parameters travel as one vector [W1_1..W1_h, b1_1..b1_h, W2_1..W2_h, b2], as in the server's
// frames; b1 only in nets that have it. A net is described by {h, bias1, activation, loss}.
export const LECTURE = { h: 2, bias1: false, activation: "relu", loss: "bce" };
export const START = [1, -1, -4.5, -9, 4.5];

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
// softplus(z) = log(1 + e^z), without overflow
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

export const size = (net) => (net.bias1 ? 3 : 2) * net.h + 1;
const weightIn = (p, k) => p[k]; // W1
const biasIn = (p, k, net) => (net.bias1 ? p[net.h + k] : 0); // b1
const weightOut = (p, k, net) => p[(net.bias1 ? 2 : 1) * net.h + k]; // W2
const biasOut = (p) => p[p.length - 1]; // b2

const unitAt = (p, k, x, net) => weightIn(p, k) * x + biasIn(p, k, net);
const hiddenAt = (p, k, x, net) => {
  const u = unitAt(p, k, x, net);
  return net.activation === "sigmoid" ? sigmoid(u) : Math.max(u, 0);
};
const logitAt = (p, x, net) => {
  let z = biasOut(p);
  for (let k = 0; k < net.h; k++) z += weightOut(p, k, net) * hiddenAt(p, k, x, net);
  return z;
};

export const unit = (p, k, xs, net = LECTURE) => xs.map((x) => unitAt(p, k, x, net)); // u = x W1 + b1
export const hidden = (p, k, xs, net = LECTURE) => xs.map((x) => hiddenAt(p, k, x, net)); // v = a1(u)
export const contribution = (p, k, xs, net = LECTURE) => xs.map((x) => weightOut(p, k, net) * hiddenAt(p, k, x, net)); // v W2
export const logit = (p, xs, net = LECTURE) => xs.map((x) => logitAt(p, x, net));
// what comes out of the net whose last layer gives `logits`
export const output = (logits, net) => (net.loss === "mse" ? logits : logits.map(sigmoid));
export const yhat = (p, xs, net = LECTURE) => output(logit(p, xs, net), net);

// Slopes of a ReLU net's logit left and right of all its bends; without b1 they all lie at 0.
export const slopes = (p, net = LECTURE) => {
  let left = 0;
  let right = 0;
  for (let k = 0; k < net.h; k++) {
    const slope = weightIn(p, k) * weightOut(p, k, net);
    if (weightIn(p, k) < 0) left += slope;
    else right += slope;
  }
  return { left, right };
};

// Where a ReLU net bends, ascending, each place once; a net of sigmoids bends nowhere.
export const knots = (p, net = LECTURE) => {
  if (net.activation !== "relu") return [];
  if (!net.bias1) return [0];
  const found = new Set<number>();
  for (let k = 0; k < net.h; k++) {
    const knot = -biasIn(p, k, net) / weightIn(p, k);
    if (Number.isFinite(knot)) found.add(knot);
  }
  return [...found].sort((a, b) => a - b);
};

// One unit's own numbers, and where it bends; a sigmoid is at 1/2 there. NaN for a flat one.
export const unitOf = (p, k, net = LECTURE) => {
  const [W1, b1, W2] = [weightIn(p, k), biasIn(p, k, net), weightOut(p, k, net)];
  return { W1, b1, W2, knot: W1 === 0 ? NaN : 0 - b1 / W1 };
};

// Binary cross-entropy from logits; each log is clamped at -100, as torch.nn.BCELoss does.
const bce = (logits, ys) => {
  const sum = logits.reduce(
    (total, z, i) => total + ys[i] * Math.min(softplus(-z), 100) + (1 - ys[i]) * Math.min(softplus(z), 100),
    0,
  );
  return sum / ys.length;
};
export const mse = (a, b) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
// the loss that the net is trained on
export const loss = (p, xs, ys, net = LECTURE) => {
  const logits = logit(p, xs, net);
  return net.loss === "mse" ? mse(logits, ys) : bce(logits, ys);
};

// The bent line y = left x + b (x < 0), right x + b (x >= 0).
export const bent = ({ left, right, b }, xs) => xs.map((x) => (x < 0 ? left : right) * x + b);
export const grid = (low, high, n) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

export const TARGET = { left: 9, right: -4.5, b: 4.5 };
