// A histogram in which every student is a block that can be seen and clicked.
import type { Range } from "../../core/types";
import type { Box } from "./layout";

// More students, finer bins.
export const binsFor = (count: number) => Math.min(Math.max(Math.round(2 * Math.sqrt(count)), 12), 32);
const TALLEST = 1.6; // of a block's width

// The bin of each value; what is outside stands in the first or in the last one.
export const binsOf = (values: number[], [low, high]: Range, bins = binsFor(values.length)) =>
  values.map((value) => Math.min(Math.max(Math.floor(((value - low) / (high - low || 1)) * bins), 0), bins - 1));

// A box for each value in a plot of this size, one on the other in the order of the values: the first
// ones at the bottom.
export const stack = (
  values: number[],
  range: Range,
  width: number,
  height: number,
  bins = binsFor(values.length),
): Box[] => {
  const places = binsOf(values, range, bins);
  const heights = new Array<number>(bins).fill(0);
  for (const bin of places) heights[bin] += 1;
  const wide = width / bins;
  const high = Math.min(TALLEST * wide, height / Math.max(1, ...heights));
  const filled = new Array<number>(bins).fill(0);
  return places.map((bin) => {
    filled[bin] += 1;
    return { x: bin * wide, y: height - filled[bin] * high, width: wide, height: high };
  });
};
