// Curves as short rows of numbers, of equal length whatever the net and its data: so that one can
// become another step by step.
import * as nets from "../../core/net/net";
import type { Numbers, Range } from "../../core/types";
import type { FitData } from "../../fit/data";
import type { Row } from "./types";

export const POINTS = 41; // of a curve; the middle of the data is one of them

// What the tiles need of the data: where curves are drawn, the axis of y, and prob (null: nobody knows).
export type Ground = { x: number[]; span: Range; truth: Float32Array | null };

// `values` at `wanted`, between their places `x`, which ascend.
export const interpolate = (x: Numbers, values: Numbers, wanted: number[]) => {
  let i = 0;
  return Float32Array.from(wanted, (at) => {
    while (i < x.length - 2 && x[i + 1] < at) i++;
    const share = x[i + 1] > x[i] ? (at - x[i]) / (x[i + 1] - x[i]) : 0;
    return values[i] + Math.min(Math.max(share, 0), 1) * (values[i + 1] - values[i]);
  });
};

export const ground = ({ x: xs, truth, span }: Pick<FitData, "x" | "truth" | "span">): Ground => {
  const x = nets.grid(xs[0], xs[xs.length - 1], POINTS);
  return { x, span, truth: truth && truth.x.length > 1 ? interpolate(truth.x, truth.y, x) : null };
};

// yhat of a student at `x`, which go from the first of the data to the last; null where it is no number.
export const yhat = ({ numbers, plain, net }: Row, x: number[]): Float32Array | null => {
  if (!numbers.every((value): value is number => value !== null)) return null;
  const logits = plain
    ? nets.logit(numbers, x, net)
    : interpolate(nets.grid(x[0], x[x.length - 1], numbers.length), numbers, x);
  return Float32Array.from(nets.output([...logits], net));
};
