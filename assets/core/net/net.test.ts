import { describe, expect, test } from "vitest";
import { expectNear, golden } from "../../vitest/golden";
import * as nets from "./net";

describe.each(golden.nets)("a net of torch: $net, loss $loss", ({ net, p, x, y, ...wanted }) => {
  test("forward", () => {
    expectNear(nets.logit(p, x, net), wanted.logit);
    expectNear(nets.yhat(p, x, net), wanted.yhat);
  });
  test("each unit's part of the logit", () => {
    wanted.parts.forEach((part, k) => expectNear(nets.contribution(p, k, x, net), part));
  });
  test("loss", () => expectNear([nets.loss(p, x, y, net)], [wanted.loss]));
  test("size: the number of parameters", () => expect(nets.size(net)).toBe(p.length));
});

test.each(golden.nets.filter(({ net }) => net.activation === "relu"))(
  "slopes left and right of all bends, by autograd: $net",
  ({ net, p, slopes }) => {
    const { left, right } = nets.slopes(p, net);
    expectNear([left, right], [slopes.left, slopes.right]);
  },
);

describe("the lecture's net", () => {
  test("its start weights give the target line", () => {
    const xs = nets.grid(-1, 1, 101);
    expectNear(nets.logit(nets.START, xs), nets.bent(nets.TARGET, xs));
    expect(nets.mse(nets.logit(nets.START, xs), nets.bent(nets.TARGET, xs))).toBe(0);
    expect(nets.bent(nets.TARGET, [-1, 0, 1])).toEqual([-4.5, 4.5, 0]);
  });
  test("the loss of a point is at most 100, as in torch.nn.BCELoss", () => {
    const loss = (b2: number) => nets.loss([0, 0, 0, 0, b2], [0, 1], [1, 0]);
    expectNear([-800, 50, 800].map(loss), [50, 25, 50]);
  });
});

describe("knots", () => {
  const net = { ...nets.LECTURE, h: 3, bias1: true };
  test("are ascending and without duplicates, and a unit with W1 = 0 has none", () => {
    expect(nets.knots([2, -1, 4, -1, -3, -2, 1, 1, 1, 0], net)).toEqual([-3, 0.5]);
    expect(nets.knots([0, 0, 1, 5, 0, 1, 1, 1, 1, 0], net)).toEqual([-1]);
  });
  test("lie at 0 without a bias, and a net of sigmoids has none", () => {
    expect(nets.knots(nets.START)).toEqual([0]);
    expect(nets.knots([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], { ...net, activation: "sigmoid" })).toEqual([]);
  });
  test("of one unit", () => {
    expect(nets.unitOf([2, -1, 4, -1, -3, -2, 7, 8, 9, 0], 1, net)).toEqual({ W1: -1, b1: -3, W2: 8, knot: -3 });
    expect(nets.unitOf(nets.START, 1)).toEqual({ W1: -1, b1: 0, W2: -9, knot: 0 });
    expect(nets.unitOf([0, 1, 1, 1, 0], 0).knot).toBeNaN();
  });
});
