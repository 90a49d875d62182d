// The straight pieces of a ReLU net's logit. Unit k bends at the knot x = -b1 / W1; right of the knot (left
// of it, if W1 < 0) it adds W1 W2 x + b1 W2 to the logit. So at each knot, from left to right, the slope
// changes by |W1| W2 and the intercept by sign(W1) b1 W2. The pieces are running sums of these changes.

import type { NetDescription, Pieces, Weights } from "../types";
import * as nets from "./net";

const SAME_SLOPE = 1e-9; // a change of slope smaller than this, relative to the largest slope, is no bend

type Change = [knot: number, slope: number, intercept: number];

// The changes of slope and intercept at each knot, from left to right.
const changesOf = (units: nets.Unit[]) => {
  const changes = new Map<number, Change>();
  for (const { W1, b1, W2, knot } of units) {
    if (W1 === 0) continue;
    const change: Change = changes.get(knot) ?? [knot, 0, 0];
    change[1] += Math.abs(W1) * W2;
    change[2] += Math.sign(W1) * b1 * W2;
    changes.set(knot, change);
  }
  return [...changes.values()].sort((a, b) => a[0] - b[0]);
};

// Slope and intercept left of all knots.
const leftmost = (units: nets.Unit[], b2: number) => {
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

// Merge neighbouring pieces of the same slope.
const merged = ({ knots, slopes, intercepts }: Pieces): Pieces => {
  const least = SAME_SLOPE * slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
  const bends = knots.map((_, i) => Math.abs(slopes[i + 1] - slopes[i]) > least);
  const begins = (_: number, i: number) => i === 0 || bends[i - 1];
  return {
    knots: knots.filter((_, i) => bends[i]),
    slopes: slopes.filter(begins),
    intercepts: intercepts.filter(begins),
  };
};

// The pieces of the logit between `low` and `high`, with the knots that lie strictly between them.
export const pieces = (p: Weights, net: NetDescription = nets.LECTURE, low = -Infinity, high = Infinity) => {
  const units = Array.from({ length: net.h }, (_, k) => nets.unitOf(p, k, net));
  let [slope, intercept] = leftmost(units, p[p.length - 1]);
  const line: Pieces = { knots: [], slopes: [slope], intercepts: [intercept] };
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
