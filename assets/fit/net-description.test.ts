import { expect, test } from "vitest";
import { LECTURE } from "../core/net/net";
import type { NetDescription } from "../core/types";
import { hasSlopes, layers } from "./net-description";

test.each<[NetDescription, string]>([
  [LECTURE, "Linear(1, 2, bias=False) → ReLU → Linear(2, 1) → Sigmoid"],
  [{ ...LECTURE, h: 5, bias1: true, loss: "mse" }, "Linear(1, 5, bias=True) → ReLU → Linear(5, 1)"],
  [{ ...LECTURE, h: 8, activation: "sigmoid" }, "Linear(1, 8, bias=False) → Sigmoid → Linear(8, 1) → Sigmoid"],
])("the layers of a net with $h units, in PyTorch's notation", (net, words) => expect(layers(net)).toBe(words));

test("slopes are shown for nets of ReLUs that are not wide", () => {
  const plain = { ...LECTURE, plain: true };
  expect(hasSlopes(plain)).toBe(true);
  expect(hasSlopes({ ...plain, activation: "sigmoid" })).toBe(false);
  expect(hasSlopes({ ...plain, plain: false })).toBe(false);
});
