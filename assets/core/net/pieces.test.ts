import { describe, expect, test } from "vitest";
import { expectNear, golden } from "../../vitest/golden";
import { LECTURE, START } from "./net";
import { pieces } from "./pieces";

test.each(golden.pieces)("slopes and knots of autograd: $net between $low and $high", (wanted) => {
  const { p, net, low, high } = wanted;
  const line = pieces(p, net, low ?? -Infinity, high ?? Infinity);
  expectNear(line.knots, wanted.knots);
  expectNear(line.slopes, wanted.slopes, 1e-8);
  expectNear(line.intercepts, wanted.intercepts, 1e-8);
  line.knots.forEach((knot: number, i: number) => {
    const [before, after] = [i, i + 1].map((k) => line.slopes[k] * knot + line.intercepts[k]);
    expectNear([before], [after], 1e-8); // neighbours meet
  });
});

describe("units whose knot is no bend of the line", () => {
  const of = (W1: number[], b1: number[], W2: number[]) => [...W1, ...b1, ...W2, 0.5];
  const four = of([1, 1, 1, -1], [1, 0, -1, 2], [1, 1, 1, 1]); // knots -1, 0, 1, 2
  test.each<[string, number[], number[], number[][]]>([
    ["W1 is 0: each unit is constant", of([0, 0], [2, -3], [4, 5]), [], [[], [0], [8.5]]],
    ["W2 of one unit is 0", of([1, 2], [-1, 0], [0, 3]), [], [[0], [0, 6], [0.5, 0.5]]],
    ["two units cancel", of([1, 1], [-1, -1], [2, -2]), [], [[], [0], [0.5]]],
    ["two units with the same knot", of([1, 2], [-1, -2], [2, 2]), [], [[1], [0, 6], [0.5, -5.5]]],
    ["relu(x) - relu(-x) is x", of([1, -1], [0, 0], [1, -1]), [], [[], [1], [0.5]]],
    ["a knot far outside", of([1e-30], [1e6], [1]), [-1, 1], [[], [0], [1e6 + 0.5]]],
    ["a knot at an end of the range", four, [-1, 1], [[0], [0, 1], [3.5, 3.5]]],
    ["all knots outside", four, [3, 4], [[], [3], [0.5]]],
  ])("%s", (_, p, [low, high], [knots, slopes, intercepts]) => {
    const line = pieces(p, { ...LECTURE, h: (p.length - 1) / 3, bias1: true }, low, high);
    expectNear(line.knots, knots);
    expectNear(line.slopes, slopes);
    expectNear(line.intercepts, intercepts);
  });
  test("the target has one knot", () => {
    expect(pieces(START)).toEqual({ knots: [0], slopes: [9, -4.5], intercepts: [4.5, 4.5] });
  });
});
