// A histogram in which each student is a block that can be clicked.
import { clamp } from "../../core/ranges";
import type { Range } from "../../core/types";
import type { Box } from "./layout";

// The number of bins for a number of students.
export const binsFor = (count: number) => clamp(Math.round(2 * Math.sqrt(count)), 12, 32);
const MAX_ASPECT = 1.6; // the greatest height of a block, relative to its width

// The bin of each value. Values outside the range are in the first or the last bin.
export const binsOf = (values: number[], [low, high]: Range, bins = binsFor(values.length)) =>
  values.map((value) => clamp(Math.floor(((value - low) / (high - low || 1)) * bins), 0, bins - 1));

// A box for each value, in a plot of this size. The boxes of a bin are stacked in the order of the values; the first is
// at the bottom.
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
  const high = Math.min(MAX_ASPECT * wide, height / Math.max(1, ...heights));
  const filled = new Array<number>(bins).fill(0);
  return places.map((bin) => {
    filled[bin] += 1;
    return { x: bin * wide, y: height - filled[bin] * high, width: wide, height: high };
  });
};
