import { expect, test } from "vitest";
import * as netFormula from "../text/net-formula";
import { significant } from "../text/numbers";
import type { NetDescription } from "../types";
import { indicesOf } from "./net";
import * as weights from "./weights";

const NET: NetDescription = { h: 3, bias1: true, activation: "relu", loss: "bce" };
const LECTURE: NetDescription = { h: 2, bias1: false, activation: "relu", loss: "bce" };
// without the invisible minus sign that makes a positive number as wide as a negative one
const plain = (markup: string) => markup.replaceAll("<mphantom><mn>−</mn></mphantom>", "").replace(/<[^>]*>/g, "");

test("a weight's place gives its name and its colour", () => {
  const names = (net: NetDescription, n: number) =>
    Array.from({ length: n }, (_, i) => weights.nameOf(weights.at(net, i)));
  expect(names(LECTURE, 5)).toEqual(["W1₁", "W1₂", "W2₁", "W2₂", "b2"]);
  expect(names(NET, 10)).toEqual(["W1₁", "W1₂", "W1₃", "b1₁", "b1₂", "b1₃", "W2₁", "W2₂", "W2₃", "b2"]);
  expect(weights.nameOf(weights.at({ ...NET, h: 12 }, 11))).toBe("W1₁₂");
  expect([0, 1, 2, 9].map((place) => weights.at(NET, place).role)).toEqual(["unit1", "unit2", "others", "yhat"]);
});

test.each([LECTURE, NET, { ...NET, h: 8 }])("`at` is the inverse of `indicesOf`", (net) => {
  for (let unit = 0; unit < net.h; unit++) {
    for (const [layer, place] of Object.entries(indicesOf(net, unit))) {
      if (place !== null) expect(weights.at(net, place)).toMatchObject({ layer, unit });
    }
  }
});

test("the formula contains each weight once, with its value below its name", () => {
  const p = [0.5153, -0.4414, -0.1371, 0.3319, -0.6657];
  const written = netFormula.parts(LECTURE, (place) => p[place]).join("");
  expect(plain(written)).toBe("y^=sigmoid(W21−0.1371relu(W110.5153x)+W220.3319relu(W12−0.4414x)+b2−0.6657)");
  for (const place of p.keys()) expect(written.split(`data-weight="${place}"`)).toHaveLength(2);
});

test("the formula depends on the kind of net", () => {
  const parts = (net: NetDescription) => netFormula.parts(net, () => 1).map(plain);
  expect(parts({ ...NET, activation: "sigmoid", loss: "mse" })).toEqual([
    "y^=",
    "W211.0000sigmoid(W111.0000x+b111.0000)",
    "+W221.0000sigmoid(W121.0000x+b121.0000)",
    "+W231.0000sigmoid(W131.0000x+b131.0000)",
    "+b21.0000",
  ]);
  expect(parts({ ...LECTURE, h: 9 })).toHaveLength(11);
  expect(parts({ ...LECTURE, h: 9 })[9]).toBe("+…");
});

test.each([
  [0, "0"],
  [0.022312, "0.02231"],
  [-1.5, "−1.500"],
  [-3.127e-7, "−3.127e−7"],
  [0.00099999, "0.001000"],
  [9.99e-5, "9.990e−5"],
  [1234567, "1.235e+6"],
  [Number.NaN, "–"],
])("significant digits of %s", (value, written) => expect(significant(value)).toBe(written));
