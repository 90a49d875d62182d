// The best that the lecture's net can do on given data. Whatever its five numbers are, its logit is
// a line with one bend at x = 0: left x for x < 0, right x for x > 0, plus b. The loss is convex in
// (left, right, b), so Newton's method finds its only lowest value.
import * as nets from "../../core/net/net";
import type { Loss, Weights } from "../../core/types";

const ROUNDS = 60;
const RIDGE = 1e-9; // keeps a side without points, or data that a step divides, from infinity
const CLOSE = 1e-12;

// Solve the symmetric 3 x 3 system A s = g by Cramer's rule.
const solve = ([[a, b, c], [, d, e], [, , f]]: number[][], [p, q, r]: number[]) => {
  const [ca, cb, cc] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const determinant = a * ca + b * cb + c * cc;
  const [cd, ce, cf] = [a * f - c * c, b * c - a * e, a * d - b * b];
  return [ca * p + cb * q + cc * r, cb * p + cd * q + ce * r, cc * p + ce * q + cf * r].map(
    (value) => value / determinant,
  );
};

// Gradient and second derivatives of the loss at (left, right, b)
const derivatives = (s: number[], xs: number[], ys: number[], loss: Loss) => {
  const g = [0, 0, 0];
  const A = [
    [RIDGE, 0, 0],
    [0, RIDGE, 0],
    [0, 0, RIDGE],
  ];
  xs.forEach((x, i) => {
    const row = [Math.min(x, 0), Math.max(x, 0), 1];
    const z = row[0] * s[0] + row[1] * s[1] + s[2];
    const yhat = loss === "mse" ? z : nets.sigmoid(z);
    const slope = (loss === "mse" ? 2 * (yhat - ys[i]) : yhat - ys[i]) / xs.length;
    const bend = (loss === "mse" ? 2 : yhat * (1 - yhat)) / xs.length;
    for (let j = 0; j < 3; j++) {
      g[j] += slope * row[j];
      for (let k = j; k < 3; k++) A[j][k] += bend * row[j] * row[k];
    }
  });
  return { g: g.map((value, j) => value + RIDGE * s[j]), A };
};

// W1 = (1, -1) as in the lecture; W2 then has the two slopes.
const weightsOf = ([left, right, b]: number[]): Weights => [1, -1, right, -left, b];

// The best weights [W1, W1, W2, W2, b2] for a loss.
export const bestBent = (xs: number[], ys: number[], loss: Loss): Weights => {
  const lossAt = (s: number[]) => nets.loss(weightsOf(s), xs, ys, { ...nets.LECTURE, loss });
  let s = [0, 0, 0];
  let now = lossAt(s);
  for (let round = 0; round < ROUNDS; round++) {
    const { g, A } = derivatives(s, xs, ys, loss);
    const step = solve(A, g);
    if (!step.every(Number.isFinite)) break;
    let size = 1;
    const next = () => s.map((value, k) => value - size * step[k]);
    while (size > 1e-6 && !(lossAt(next()) <= now)) size /= 2; // a full step may go too far
    const then = lossAt(next());
    if (!(then <= now)) break;
    s = next();
    if (now - then < CLOSE) break;
    now = then;
  }
  return weightsOf(s);
};
