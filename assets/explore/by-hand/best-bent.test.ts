import { describe, expect, test } from "vitest";
import * as nets from "../../core/net/net";
import { expectNear, golden } from "../../vitest/golden";
import { bestBent } from "./best-bent";

describe.each(golden.bent)("the lowest loss that there is, by L-BFGS or least squares: $loss", (wanted) => {
  const { x, y, loss, plateaus } = wanted;
  const [left, right, b] = wanted.line;
  const found = bestBent(x, y, loss);

  test("its weights are the lecture's, with the best slopes", () => {
    expectNear(found, [1, -1, right, -left, b], 1e-5);
  });
  test("its loss is the plateau of both sides", () => {
    expectNear([nets.loss(found, x, y, { ...nets.LECTURE, loss })], [plateaus.both], 1e-7);
  });
});

test("points that a step divides, and a side without points, have finite weights", () => {
  for (const loss of ["bce", "mse"] as const) {
    const lossOf = (x: number[], y: number[]) => nets.loss(bestBent(x, y, loss), x, y, { ...nets.LECTURE, loss });
    expect(lossOf([-1, -0.5, 0.5, 1], [0, 0, 1, 1])).toBeLessThan(0.1);
    expectNear([lossOf([0.25, 0.5, 1], [1, 1, 1])], [0], 1e-6);
    expect(bestBent([1, 2, 3], [0, 1, 0], loss).every(Number.isFinite)).toBe(true);
  }
});
