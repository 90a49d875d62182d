// The scale of an axis, from values to pixels, and its ticks.
import { extremes, linear } from "../../core/ranges";
import type { Range } from "../../core/types";

export type Scale = { range: Range; toPixel: (value: number) => number };

export const scale = (range: Range, pixels: Range): Scale => ({ range, toPixel: linear(range, pixels) });

const multiples = (step: number, [low, high]: Range) => {
  const found: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
};

// At most `most` ticks, at steps of 1, 2 or 5 times a power of ten. If there would be only one tick, the step is 4 times
// a power of ten, or smaller.
export const ticks = (range: Range, most: number): number[] => {
  const rough = (range[1] - range[0]) / most;
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const found = [10, 5, 2, 1, 0.5].map((m) => multiples(m * power, range));
  const four = multiples(4 * power, range);
  const isScale = ({ length }: number[]) => length > 1;
  return found.findLast((values) => isScale(values) && values.length <= most) ?? [four, ...found].find(isScale) ?? [];
};

// A range that contains `values` with a margin, and is at least `least` wide.
export const around = (values: number[], least: number, room = 0.06): Range => {
  const [low, high] = extremes(values);
  if (low > high) return [0, least];
  const more = Math.max(0, least - (high - low)) / 2 + room * Math.max(high - low, least);
  return [low - more, high + more];
};
