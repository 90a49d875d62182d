// The loss at each place of a grid on a plane of weights, computed exactly, over all points.
import { indicesOf, lossSum } from "../../core/net/net";
import type { Activation, NetDescription, Numbers } from "../../core/types";

// A plane in the space of a net's weights: the place (a, b) is the net with the weights origin + a u + b v.
export type Plane = { origin: number[]; u: number[]; v: number[] };
type Unit = ReturnType<typeof indicesOf>;

const BLOCK = 1024; // points that are processed together, so that the data of a grid line stay in the CPU cache

// Add the contribution of a unit of the net `p` to the logits z[0..count - 1] of the points from x[from] on.
const addUnit = (
  z: Float64Array,
  x: Numbers,
  from: number,
  count: number,
  p: Numbers,
  { W1, b1, W2 }: Unit,
  activation: Activation,
) => {
  const w = p[W1];
  const b = b1 === null ? 0 : p[b1];
  const out = p[W2];
  if (activation === "sigmoid") {
    for (let n = 0; n < count; n++) z[n] += out / (1 + Math.exp(-(w * x[from + n] + b)));
    return;
  }
  for (let n = 0; n < count; n++) {
    const u = w * x[from + n] + b;
    if (u > 0) z[n] += out * u;
  }
};

// The weights at the place (a, b)
export const at = ({ origin, u, v }: Plane, a: number, b: number, into = new Float64Array(origin.length)) => {
  for (let k = 0; k < into.length; k++) into[k] = origin[k] + a * u[k] + b * v[k];
  return into;
};

// The units, grouped by the directions of the plane that change their weights: none, u ("along"), v ("across") or both
const groupUnits = (net: NetDescription, { u, v }: Plane) => {
  const kinds: Record<"still" | "along" | "across" | "both", Unit[]> = { still: [], along: [], across: [], both: [] };
  for (let k = 0; k < net.h; k++) {
    const unit = indicesOf(net, k);
    const moves = (direction: number[]) =>
      Object.values(unit).some((place) => place !== null && direction[place] !== 0);
    const kind = moves(u) ? (moves(v) ? "both" : "along") : moves(v) ? "across" : "still";
    kinds[kind].push(unit);
  }
  return kinds;
};

// The loss of `net` at all places (as[i], bs[j]) of the plane, as loss[j * as.length + i]. Units that only one
// direction changes are computed once per grid line. This is a generator that yields after each line of each block of
// points, so that the worker can check for messages.
export function* lossGrid(
  net: NetDescription,
  { x, y }: { x: Numbers; y: Numbers },
  plane: Plane,
  as: Numbers,
  bs: Numbers,
): Generator<undefined, Float64Array> {
  const [columns, rows] = [as.length, bs.length];
  const total = new Float64Array(rows * columns);
  const { still, along, across, both } = groupUnits(net, plane);
  const sum = lossSum[net.loss];
  const bias = plane.origin.length - 1;
  // Parts of the logits of a block: `base` from the units that do not change, `line` also from those that change from
  // row to row, and `columnParts` from those that change from column to column, for each column.
  const columnParts = new Float64Array(columns * BLOCK);
  const [base, line, z, p] = [BLOCK, BLOCK, BLOCK, bias + 1].map((size) => new Float64Array(size));
  for (let from = 0; from < x.length; from += BLOCK) {
    const count = Math.min(BLOCK, x.length - from);
    const add = (into: Float64Array, units: Unit[]) => {
      for (const unit of units) addUnit(into, x, from, count, p, unit, net.activation);
    };
    at(plane, 0, 0, p);
    base.fill(0);
    add(base, still);
    columnParts.fill(0);
    for (let i = 0; i < columns && along.length; i++) {
      at(plane, as[i], 0, p);
      add(columnParts.subarray(i * BLOCK, (i + 1) * BLOCK), along);
    }
    for (let j = 0; j < rows; j++) {
      line.set(base);
      at(plane, 0, bs[j], p);
      add(line, across);
      for (let i = 0; i < columns; i++) {
        at(plane, as[i], bs[j], p);
        const b2 = p[bias];
        const part = i * BLOCK;
        for (let n = 0; n < count; n++) z[n] = line[n] + columnParts[part + n] + b2;
        add(z, both);
        total[j * columns + i] += sum(z, y, from, count);
      }
      yield;
    }
  }
  return total.map((value) => value / x.length);
}

const run = (steps: ReturnType<typeof lossGrid>) => {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
};

// The whole grid at once.
export const compute = (...args: Parameters<typeof lossGrid>) => run(lossGrid(...args));
