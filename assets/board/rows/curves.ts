// Curves as arrays of POINTS numbers, independent of the net and its data, so that one can be animated into another.
import * as nets from "../../core/net/net";
import { clamp, endsOf } from "../../core/ranges";
import type { Numbers, Range, Weights } from "../../core/types";
import type { FitData } from "../../fit/data";
import type { Row } from "./types";

export const POINTS = 41; // an odd number, so that the middle of the data is one of them

// What the board needs of a dataset: the x of curves, the range of the y axis, and prob (`truth`) and the slopes at
// both its ends (`trueSlopes`), if they are known. The students' slopes are at the same places.
export type PlotData = { x: number[]; span: Range; truth: Float32Array | null; trueSlopes: [number, number] | null };

// Linear interpolation: the values at `wanted`, given `values` at the ascending `x`.
export const interpolate = (x: Numbers, values: Numbers, wanted: number[]) => {
  let i = 0;
  return Float32Array.from(wanted, (at) => {
    while (i < x.length - 2 && x[i + 1] < at) i++;
    const share = x[i + 1] > x[i] ? (at - x[i]) / (x[i + 1] - x[i]) : 0;
    return values[i] + clamp(share, 0, 1) * (values[i + 1] - values[i]);
  });
};

export const plotData = ({
  x: xs,
  truth,
  span,
  isBinary,
}: Pick<FitData, "x" | "truth" | "span" | "isBinary">): PlotData => {
  const x = nets.grid(...endsOf(xs), POINTS);
  const prob = truth && truth.x.length > 1 ? interpolate(truth.x, truth.y, x) : null;
  return { x, span, truth: prob, trueSlopes: prob && endSlopes(x, prob, isBinary) };
};

const endSlopes = (x: number[], prob: Float32Array, isBinary: boolean): [number, number] | null => {
  const z = [...prob].map((p) => (isBinary ? nets.logitOf(p) : p));
  const last = x.length - 1;
  const slopes: [number, number] = [(z[1] - z[0]) / (x[1] - x[0]), (z[last] - z[last - 1]) / (x[last] - x[last - 1])];
  return slopes.every(Number.isFinite) ? slopes : null;
};

// The plot data with the line to match in place of prob.
export const withTarget = (plotData: PlotData, target: Weights): PlotData => {
  const truth = Float32Array.from(nets.output(nets.logit(target, plotData.x), nets.LECTURE));
  return { ...plotData, truth, trueSlopes: endSlopes(plotData.x, truth, true) };
};

// A student's logit and yhat at `x`, which span the data. Null if a weight is not finite.
export const logit = ({ numbers, plain, net }: Row, x: number[]): number[] | null => {
  if (!numbers.every((value) => value !== null)) return null;
  return plain ? nets.logit(numbers, x, net) : [...interpolate(nets.grid(...endsOf(x), numbers.length), numbers, x)];
};
export const yhat = (row: Row, x: number[]): Float32Array | null => {
  const logits = logit(row, x);
  return logits && Float32Array.from(nets.output(logits, row.net));
};
