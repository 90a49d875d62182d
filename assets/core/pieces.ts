// A ReLU net's logit, piece by piece. It is continuous, and straight between its knots. Unit k bends
// at x = -b1 / W1; right of it (left of it, if W1 < 0) it adds W1 W2 x + b1 W2. So each knot that is
// passed from left to right changes the slope by |W1| W2 and the intercept by sign(W1) b1 W2, and
// the pieces are the running sums of these changes.
import * as nets from "./net";

const SAME_SLOPE = 1e-9; // of the largest slope: a smaller change is no bend

// How slope and intercept change at each knot, from left to right: [[knot, slope, intercept]].
const changesOf = (units) => {
  const changes = new Map();
  for (const { W1, b1, W2, knot } of units) {
    if (W1 === 0) continue;
    const change = changes.get(knot) ?? [knot, 0, 0];
    change[1] += Math.abs(W1) * W2;
    change[2] += Math.sign(W1) * b1 * W2;
    changes.set(knot, change);
  }
  return [...changes.values()].sort((a, b) => a[0] - b[0]);
};

// The piece left of all knots.
const leftmost = (units, b2) => {
  let slope = 0;
  let intercept = b2;
  for (const { W1, b1, W2 } of units) {
    if (W1 < 0) {
      slope += W1 * W2;
      intercept += b1 * W2;
    } else if (W1 === 0) intercept += Math.max(b1, 0) * W2;
  }
  return [slope, intercept];
};

// Neighbours of the same slope are one piece.
const merged = ({ knots, slopes, intercepts }) => {
  const least = SAME_SLOPE * slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
  const bends = knots.map((_, i) => Math.abs(slopes[i + 1] - slopes[i]) > least);
  const begins = (_, i) => i === 0 || bends[i - 1];
  return {
    knots: knots.filter((_, i) => bends[i]),
    slopes: slopes.filter(begins),
    intercepts: intercepts.filter(begins),
  };
};

// {knots, slopes, intercepts} of the logit between `low` and `high`: slopes[i] x + intercepts[i]
// between knots[i - 1] and knots[i]. A knot at an end or outside of them is left out.
export const pieces = (p, kind = nets.LECTURE, low = -Infinity, high = Infinity) => {
  const units = Array.from({ length: kind.h }, (_, k) => nets.unitOf(p, k, kind));
  let [slope, intercept] = leftmost(units, p[p.length - 1]);
  const line = { knots: [], slopes: [slope], intercepts: [intercept] };
  for (const [knot, steeper, higher] of changesOf(units)) {
    slope += steeper;
    intercept += higher;
    if (knot >= high) break;
    if (knot <= low) {
      line.slopes[0] = slope;
      line.intercepts[0] = intercept;
      continue;
    }
    line.knots.push(knot);
    line.slopes.push(slope);
    line.intercepts.push(intercept);
  }
  return merged(line);
};
