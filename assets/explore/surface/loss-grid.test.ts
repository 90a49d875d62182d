import { expect, test } from "vitest";
import { LECTURE } from "../../core/net/net";
import { expectNear, golden } from "../../vitest/golden";
import { at, compute, lossGrid } from "./loss-grid";

test.each(golden.surfaces)("the losses of torch: $net along $plane.u", ({ net, x, y, plane, as, bs, loss }) => {
  expectNear(compute(net, { x, y }, plane, as, bs), loss);
});

test("the loss of a point is at most 100, as in torch.nn.BCELoss", () => {
  const plane = { origin: [0, 0, 0, 0, 0], u: [0, 0, 0, 0, 1], v: [1, 0, 0, 0, 0] };
  expectNear(compute(LECTURE, { x: [0, 1], y: [1, 0] }, plane, [-800, 50, 800], [0]), [50, 25, 50]);
});

test("the generator yields after each line of each block of points", () => {
  const { net, x, y, plane, as, bs } = golden.surfaces[0];
  const steps = [...lossGrid(net, { x, y }, plane, as, bs)];
  expect(steps).toHaveLength(2 * bs.length);
});

test("the weights at a place", () => {
  expect([...at({ origin: [1, 2], u: [1, 0], v: [0, 10] }, 3, 4)]).toEqual([4, 42]);
});
