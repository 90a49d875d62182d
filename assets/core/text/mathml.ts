// Formulas as MathML strings. Browsers render them natively, fast enough for every frame of a drag.
import * as numbers from "./numbers";

const tag = (name: string, content: string | number, attributes = "") =>
  `<${name}${attributes && ` ${attributes}`}>${content}</${name}>`;
export const row = (...parts: string[]) => tag("mrow", parts.join(""));
export const mi = (name: string) => tag("mi", name);
export const bold = (name: string) => tag("mi", name, 'class="bold" mathvariant="normal"');
// Parentheses do not stretch to the height of their content; the brackets of a matrix do.
export const op = (symbol: string) => tag("mo", symbol, /[()]/.test(symbol) ? 'stretchy="false"' : "");
export const text = (words: string) => tag("mtext", words);
export const sub = (base: string, index: string) => tag("msub", base + index);
export const sup = (base: string, index: string) => tag("msup", base + index);
export const layer = (base: string, k: number) => sup(base, row(op("("), tag("mn", k), op(")")));
export const role = (name: string, content: string) => tag("mrow", content, `class="${name}"`);

export const number = (value: number, digits = 4) => {
  const written = numbers.short(value, digits);
  return written.startsWith("−")
    ? row(tag("mo", "−", 'form="prefix"'), tag("mn", written.slice(1)))
    : tag("mn", written);
};

// A number as a further term of a sum: "+ 0.5" or "−0.5"
export const plus = (value: number) => (value < 0 ? "" : op("+")) + number(value);

const rowOf = (cells: string[]) => tag("mtr", cells.map((cell) => tag("mtd", cell)).join(""));
export const matrix = (rows: string[][]) => row(op("["), tag("mtable", rows.map(rowOf).join("")), op("]"));
// A brace with a line for each case: a term, and its condition
export const cases = (lines: [term: string, condition: string][]) =>
  tag("mo", "{", 'stretchy="true" fence="true"') +
  tag("mtable", lines.map(rowOf).join(""), 'columnalign="left left" class="cases"');

export const frac = (above: string, below: string) => tag("mfrac", row(above) + row(below));
export const root = (content: string) => tag("msqrt", content);
export const under = (base: string, below: string) => tag("munder", row(base) + row(below));
export const over = (base: string, above: string) => tag("mover", row(base) + row(above));

// coefficient * content: "x", "−x", "0.5 x"; a coefficient of 1 is not written
export const times = (coefficient: number, content: string, digits = 4) => {
  const written = numbers.short(coefficient, digits);
  if (written === "1") return content;
  if (written === "−1") return row(tag("mo", "−", 'form="prefix"'), content);
  return row(number(coefficient, digits), tag("mo", "⁢"), content);
};

export const math = (content: string, display: "inline" | "block" = "inline") =>
  `<math xmlns="http://www.w3.org/1998/Math/MathML" lang="en" display="${display}">${content}</math>`;
