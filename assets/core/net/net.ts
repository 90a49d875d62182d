// The net's forward pass, slopes, bends and losses, as in pwlapp/core/net.py. Parameters are one vector
// [W1_1..W1_h, b1_1..b1_h, W2_1..W2_h, b2], as in the server's frames; b1 only in nets that have it.
import type { BentLine, NetDescription, Numbers, Weights } from "../types";

export const LECTURE: NetDescription = { h: 2, bias1: false, activation: "relu", loss: "bce" };
export const START: Weights = [1, -1, -4.5, -9, 4.5]; // Build's first weights, whose logit is TARGET

export const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
export const logitOf = (p: number) => Math.log(p / (1 - p));
export const finiteLogitOf = (p: number) => (p > 0 && p < 1 ? logitOf(p) : null);

export const size = (net: NetDescription) => (net.bias1 ? 3 : 2) * net.h + 1;
// Indices of unit k's weights in the vector.
export const indicesOf = ({ h, bias1 }: NetDescription, k: number): { W1: number; b1: number | null; W2: number } =>
  bias1 ? { W1: k, b1: h + k, W2: 2 * h + k } : { W1: k, b1: null, W2: h + k };
const w1Of = (p: Weights, k: number) => p[k];
const b1Of = (p: Weights, k: number, net: NetDescription) => (net.bias1 ? p[net.h + k] : 0);
const w2Of = (p: Weights, k: number, net: NetDescription) => p[(net.bias1 ? 2 : 1) * net.h + k];
const b2Of = (p: Weights) => p[p.length - 1];

const unitAt = (p: Weights, k: number, x: number, net: NetDescription) => w1Of(p, k) * x + b1Of(p, k, net);
const hiddenAt = (p: Weights, k: number, x: number, net: NetDescription) => {
  const u = unitAt(p, k, x, net);
  return net.activation === "sigmoid" ? sigmoid(u) : Math.max(u, 0);
};
const logitAt = (p: Weights, x: number, net: NetDescription) => {
  let z = b2Of(p);
  for (let k = 0; k < net.h; k++) z += w2Of(p, k, net) * hiddenAt(p, k, x, net);
  return z;
};

type OfUnit = (p: Weights, k: number, xs: number[], net?: NetDescription) => number[];
type OfNet = (p: Weights, xs: number[], net?: NetDescription) => number[];

export const unit: OfUnit = (p, k, xs, net = LECTURE) => xs.map((x) => unitAt(p, k, x, net)); // u = x W1 + b1
export const hidden: OfUnit = (p, k, xs, net = LECTURE) => xs.map((x) => hiddenAt(p, k, x, net)); // v = a1(u)
export const contribution: OfUnit = (p, k, xs, net = LECTURE) =>
  xs.map((x) => w2Of(p, k, net) * hiddenAt(p, k, x, net)); // v W2
export const logit: OfNet = (p, xs, net = LECTURE) => xs.map((x) => logitAt(p, x, net));
// The net's output, given the logits
export const output = (logits: number[], net: NetDescription) => (net.loss === "mse" ? logits : logits.map(sigmoid));
export const yhat: OfNet = (p, xs, net = LECTURE) => output(logit(p, xs, net), net);

// Slopes of a ReLU net's logit to the left and to the right of all its bends
export const slopes = (p: Weights, net = LECTURE) => {
  let left = 0;
  let right = 0;
  for (let k = 0; k < net.h; k++) {
    const slope = w1Of(p, k) * w2Of(p, k, net);
    if (w1Of(p, k) < 0) left += slope;
    else right += slope;
  }
  return { left, right };
};

// The x at which a ReLU net bends, ascending, without duplicates. Without b1 that is only 0. A net of sigmoids has no
// bends.
export const knots = (p: Weights, net = LECTURE) => {
  if (net.activation !== "relu") return [];
  if (!net.bias1) return [0];
  const found = new Set<number>();
  for (let k = 0; k < net.h; k++) {
    const knot = -b1Of(p, k, net) / w1Of(p, k);
    if (Number.isFinite(knot)) found.add(knot);
  }
  return [...found].sort((a, b) => a - b);
};

// One unit's weights, and its knot: the x at which a ReLU bends, or a sigmoid is 1/2. The knot is NaN if W1 is 0.
export type Unit = { W1: number; b1: number; W2: number; knot: number };
export const unitOf = (p: Weights, k: number, net = LECTURE): Unit => {
  const [W1, b1, W2] = [w1Of(p, k), b1Of(p, k, net), w2Of(p, k, net)];
  return { W1, b1, W2, knot: W1 === 0 ? NaN : 0 - b1 / W1 };
};

// --- losses ---------------------------------------------------------------------------------------
// Sum of the losses at `count` points: z[n] is the logit of the point with y[from + n].
type LossSum = (z: Numbers, y: Numbers, from?: number, count?: number) => number;
const CLAMP = 100; // torch.nn.BCELoss clamps its logarithms at -100

// -(y log yhat + (1 - y) log(1 - yhat)) = max(z, 0) - y z + log(1 + e^-|z|). The logarithms are expensive, so
// the factors 1 + e^-|z| are multiplied first: the product of 512 of them, each at most 2, fits a double.
const bceSum: LossSum = (z, y, from = 0, count = z.length) => {
  let sum = 0;
  let product = 1;
  for (let n = 0; n < count; n++) {
    const each = z[n] > CLAMP ? CLAMP : Math.max(z[n], -CLAMP);
    sum += Math.max(each, 0) - y[from + n] * each;
    product *= 1 + Math.exp(each > 0 ? -each : each);
    if ((n & 511) === 511) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return sum + Math.log(product);
};
const mseSum: LossSum = (z, y, from = 0, count = z.length) => {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += (z[n] - y[from + n]) ** 2;
  return sum;
};
export const lossSum = { bce: bceSum, mse: mseSum };

export const bce = (logits: Numbers, ys: Numbers) => bceSum(logits, ys) / ys.length;
export const mse = (a: Numbers, b: Numbers) => mseSum(a, b) / a.length;
// The loss that training minimizes
export const loss = (p: Weights, xs: number[], ys: Numbers, net = LECTURE) =>
  lossSum[net.loss](logit(p, xs, net), ys) / ys.length;

// --- the line with one bend -----------------------------------------------------------------------
export const bent = ({ left, right, b }: BentLine, xs: number[]) => xs.map((x) => (x < 0 ? left : right) * x + b);
export const grid = (low: number, high: number, n: number) =>
  Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

export const TARGET: BentLine = { left: 9, right: -4.5, b: 4.5 };
