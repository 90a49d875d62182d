import { describe, expect, test } from "vitest";
import { fixed, parse, short, signed, whole } from "./numbers";

describe("parse", () => {
  test.each([
    ["5,000", 5000],
    ["1,234,567.5", 1_234_567.5],
    [" −4.5 ", -4.5],
    ["-1/3", -1 / 3],
    ["1e-3", 0.001],
    [".5", 0.5],
    ["+2.", 2],
    ["1 000", 1000],
    ["1e99", 1e99],
    ["−１．５", -1.5],
    ["１，０００", 1000],
  ])("%j is a number", (text, value) => expect(parse(text)).toBe(value));

  test.each(["", "one third", "1,5", "1,50", "1/2/3", "1/0", "1e999", "0x10", "nan", "Infinity", "1..2"])(
    "%j is none",
    (text) => expect(parse(text)).toBeNaN(),
  );
});

test.each([
  [5, "5"],
  [-4.5, "−4.5"],
  [1 / 3, "0.3333"],
  [-0.00001, "−1.0e−5"],
  [12_345_678, "1.2e+7"],
  [-0, "0"],
  [NaN, "–"],
])("%d in short is %s", (value, text) => expect(short(value)).toBe(text));

test("`fixed` has exactly so many decimals, `whole` groups thousands", () => {
  expect([fixed(-1.5), fixed(2, 6), fixed(-0.00001), fixed(Infinity)]).toEqual(["−1.5000", "2.000000", "0.0000", "–"]);
  expect([whole(5000), whole(1234.6)]).toEqual(["5,000", "1,235"]);
});

test("a number that rounds to zero has no sign", () => {
  expect([1, 0.00004, 0, -0.00004, -1].map((value) => signed(value))).toEqual([
    "+1.0000",
    "0.0000",
    "0.0000",
    "0.0000",
    "−1.0000",
  ]);
});
