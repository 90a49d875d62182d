import { describe, expect, test } from "vitest";
import * as mathml from "./mathml";

const x = mathml.mi("x");
const prefix = '<mo form="prefix">−</mo>';
const product = "<mo>\u2062</mo>"; // invisible times

test.each([
  [2, "<mn>2</mn>"],
  [-0.5, `<mrow>${prefix}<mn>0.5</mn></mrow>`],
  [1 / 3, "<mn>0.3333</mn>"],
  [-0.00001, `<mrow>${prefix}<mn>1.0e−5</mn></mrow>`],
  [NaN, "<mn>–</mn>"],
])("the number %d: its minus sign is a prefix operator", (value, wanted) => expect(mathml.number(value)).toBe(wanted));

describe("a coefficient", () => {
  test.each([
    [1, x],
    [-1, `<mrow>${prefix}${x}</mrow>`],
    [0.5, `<mrow><mn>0.5</mn>${product}${x}</mrow>`],
    [-9, `<mrow><mrow>${prefix}<mn>9</mn></mrow>${product}${x}</mrow>`],
    [0, `<mrow><mn>0</mn>${product}${x}</mrow>`],
  ])("of %d", (coefficient, wanted) => expect(mathml.times(coefficient, x)).toBe(wanted));
  test("that rounds to 1 is not written either", () => expect(mathml.times(1.004, x, 2)).toBe(x));
});

test("brackets of a matrix stretch, parentheses do not", () => {
  expect(mathml.op("(")).toBe('<mo stretchy="false">(</mo>');
  expect(mathml.matrix([["a", "b"], ["c"]])).toBe(
    "<mrow><mo>[</mo><mtable><mtr><mtd>a</mtd><mtd>b</mtd></mtr><mtr><mtd>c</mtd></mtr></mtable><mo>]</mo></mrow>",
  );
});

test("W(1): the number of a layer is a superscript in parentheses", () => {
  expect(mathml.layer(mathml.bold("W"), 1)).toMatch(/^<msup><mi class="bold".*>W<\/mi><mrow>.*<mn>1<\/mn>.*<\/msup>$/);
});

test("a formula is displayed inline or as a block", () => {
  const namespace = 'xmlns="http://www.w3.org/1998/Math/MathML"';
  expect(mathml.math(x)).toBe(`<math ${namespace} lang="en" display="inline">${x}</math>`);
  expect(mathml.math(x, "block")).toContain('display="block"');
});
