// Numbers in a range, and ranges of numbers, such as those of axes.
import type { Numbers, Range } from "./types";

// The number in the range that is nearest to `value`.
export const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

// The minimum and the maximum.
export const extremes = (values: number[]): Range =>
  values.reduce<Range>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

// The first and the last number, which are the extremes of sorted numbers.
export const endsOf = (sorted: Numbers): Range => [sorted[0], sorted[sorted.length - 1]];

// A function that maps one range linearly to another
export const linear = ([low, high]: Range, [start, end]: Range) => {
  const slope = (end - start) / (high - low || 1);
  return (value: number) => start + (value - low) * slope;
};

// The range with a margin at both ends, which is this share of its width.
export const padded = ([low, high]: Range, share: number): Range => {
  const pad = (high - low) * share || 1;
  return [low - pad, high + pad];
};
