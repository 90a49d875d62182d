import { expect, test } from "vitest";
import * as weights from "../../core/net/weights";
import type { NetDescription } from "../../core/types";
import { type OneStep, products, value } from "./answer";
import * as formulas from "./formulas";

const plain = (markup: string) => markup.replace(/<[^>]*>/g, "");
const same = (n: number) => Array(5).fill(n);

// The first step of the lecture's net.
const ANSWER: OneStep = {
  epoch: 0,
  version: 1,
  net: { h: 2, bias1: false, activation: "relu", loss: "bce" },
  optimizer: { kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
  n: 2000,
  loss: 0.838499,
  loss_after: 0.8375,
  diverges: false,
  count: 1,
  listed: [0, 1, 2, 3, 4],
  table: {
    old: [0.515263, -0.441414, -0.1371, 0.3319, -0.6657],
    m_old: same(0),
    v_old: same(0),
    gradient: [0.0125, 0.1, -0.02, 0.04, -0.3],
    difference: [0.0125, 0.1, -0.02, 0.04, -0.3],
    m: [0.00125, 0.01, -0.002, 0.004, -0.03],
    v: [1.5625e-7, 1e-5, 4e-7, 1.6e-6, 9e-5],
    m_hat: [0.0125, 0.1, -0.02, 0.04, -0.3],
    v_hat: [1.5625e-4, 0.01, 4e-4, 1.6e-3, 0.09],
    step: [0.001, 0.001, -0.001, 0.001, -0.001],
    new: [0.514263, -0.442414, -0.1361, 0.3309, -0.6647],
  },
  pull: { weight: 0, x: [0, 1], residual: [0.5, -0.5], factor: [0, 0.25], up: 0.03, down: -0.0175, n_up: 1, n_down: 1 },
};
const of = (weight: number, more: Partial<OneStep> = {}): OneStep => ({
  ...ANSWER,
  ...more,
  pull: { ...ANSWER.pull, weight },
});

test("the loss", () => {
  expect(plain(formulas.loss(ANSWER))).toBe("L=−12000∑[yilogy^i+(1−yi)log(1−y^i)]=0.838499");
  const mse = { ...ANSWER, net: { ...ANSWER.net, loss: "mse" as const } };
  expect(plain(formulas.loss(mse))).toBe("L=12000∑(y^i−yi)2=0.838499");
});

test("the gradient, as a sum over the points", () => {
  expect(plain(formulas.gradient(ANSWER))).toBe("∂L∂W11=12000∑(y^i−yi)·W21·relu′(u1)·xi=−0.01750+0.03000=0.01250");
});

test.each([
  [0, "W21·relu′(u1)·xi"],
  [2, "v1"],
  [3, "v2"],
  [4, "1"],
])("the derivative of the logit by weight %s", (place, written) => {
  expect(plain(formulas.factor(ANSWER, weights.at(ANSWER.net, place)))).toBe(written);
});

test("the derivative for a sigmoid unit", () => {
  const net: NetDescription = { h: 2, bias1: true, activation: "sigmoid", loss: "mse" };
  const written = (place: number) => plain(formulas.factor({ ...ANSWER, net }, weights.at(net, place)));
  expect([0, 2, 4].map(written)).toEqual(["W21·v1(1−v1)·xi", "W21·v1(1−v1)", "v1"]);
  expect(plain(formulas.residual({ ...ANSWER, net }))).toBe("2·(y^i−yi)");
});

test("Adam's arithmetic, line by line", () => {
  expect(formulas.step(of(2)).map(plain)).toEqual([
    "m=0.9·0+0.1·(−0.02000)=−0.002000",
    "v=0.999·0+0.001·(−0.02000)2=4.000·10−7",
    "m^=−0.0020001−0.91=−0.02000",
    "v^=4.000·10−71−0.9991=0.0004000",
    "W21←−0.137100−0.001·−0.020000.0004000+1·10−8=−0.136100",
  ]);
});

test("SGD's arithmetic, with momentum and without", () => {
  const table = { ...ANSWER.table, m_old: same(0.5), m: same(0.43) };
  const momentum = of(2, { optimizer: { kind: "sgd", lr: 0.1, momentum: 0.9 }, table });
  expect(formulas.step(momentum).map(plain)).toEqual([
    "m=0.9·0.5000+(−0.02000)=0.4300",
    "W21←−0.137100−0.1·0.4300=−0.136100",
  ]);
  const simple = of(2, { optimizer: { kind: "sgd", lr: 0.1, momentum: 0 } });
  expect(formulas.step(simple).map(plain)).toEqual(["W21←−0.137100−0.1·(−0.02000)=−0.136100"]);
});

test("a value is found by the place of its weight", () => {
  const wide = { ...ANSWER, listed: [0, 1, 64, 65, 128] };
  expect(value(wide, "old", 64)).toBe(-0.1371);
  expect(value(wide, "old", 2)).toBeNaN();
});

test("a point's contribution is its residual times the factor", () => {
  expect(products(ANSWER.pull)).toEqual([0, -0.125]);
  expect(products({ ...ANSWER.pull, residual: [null, 1] })).toEqual([null, 0.25]);
});
