// Formulas of the steps, with current numbers.

import type { Weight } from "../../core/net/weights";
import * as weights from "../../core/net/weights";
import * as mathml from "../../core/text/mathml";
import * as numbers from "../../core/text/numbers";
import { type Adam, type OneStep, type Sgd, type Table, value } from "./answer";

type ValueOf = (column: keyof Table) => number; // the chosen weight's value in a column of the table

const m = mathml;
const is = m.op("=");
const hat = m.over(m.mi("y"), m.op("^"));
const at = (base: string): string => m.sub(base, m.mi("i"));
const yhat = m.role("yhat", at(hat));
const y = at(m.mi("y"));
// "−3.127e−7" as MathML, with a power of ten.
const number = (written: string): string => {
  const [digits, power] = written.split("e");
  const sign = digits.startsWith("−") ? '<mo form="prefix">−</mo>' : "";
  const mantissa = m.row(sign, `<mn>${digits.replace("−", "")}</mn>`);
  if (power === undefined) return mantissa;
  return m.row(mantissa, m.op("·"), m.sup("<mn>10</mn>", m.row(number(power.replace("+", "")))));
};
const significant = (n: number | null): string => number(numbers.significant(n ?? Number.NaN));
const inBrackets = (n: number): string => (n < 0 ? m.row(m.op("("), significant(n), m.op(")")) : significant(n));
const group = (...parts: string[]): string => m.row(m.op("("), ...parts, m.op(")"));
const mean = (n: number): string => m.row(m.frac("<mn>1</mn>", `<mn>${n}</mn>`), m.op("∑"));
const times = m.op("·");
const minus = m.op("−");
const one = "<mn>1</mn>";

// L = -1/n sum [y log yhat + (1 - y) log(1 - yhat)] = 0.838499
export const loss = ({ net, n, loss: found }: OneStep): string => {
  const log = (content: string) => m.row(m.mi("log"), content);
  const cross = m.row(y, log(yhat), m.op("+"), group(one, minus, y), log(group(one, minus, yhat)));
  const square = m.sup(group(yhat, minus, y), "<mn>2</mn>");
  const body = net.loss === "mse" ? m.row(mean(n), square) : m.row(minus, mean(n), m.op("["), cross, m.op("]"));
  return m.math(m.row(m.mi("L"), is, body, is, number(numbers.fixed(found ?? Number.NaN, 6))));
};

// yhat - y, the factor that the gradients of all weights have in common
export const residual = ({ net }: OneStep): string => {
  const difference = group(yhat, minus, y);
  return net.loss === "mse" ? m.row("<mn>2</mn>", times, difference) : difference;
};

// The derivative of the logit by the weight: W2 relu'(u) x for W1.
export const factor = ({ net }: OneStep, weight: Weight): string => {
  if (weight.layer === "b2") return one;
  const k = `<mn>${weight.unit + 1}</mn>`;
  const [u, v] = ["u", "v"].map((letter): string => m.sub(m.mi(letter), k));
  const W2 = weights.symbolOf({ ...weight, layer: "W2" });
  const slope = net.activation === "relu" ? m.row(m.text("relu′"), group(u)) : m.row(v, group(one, minus, v));
  const own: Record<string, string> = {
    W2: v,
    b1: m.row(W2, times, slope),
    W1: m.row(W2, times, slope, times, at(m.mi("x"))),
  };
  return m.role(weight.role, own[weight.layer]);
};

// dL/dW1 = 1/n sum (yhat - y) W2 relu'(u) x = -0.0512 + 0.0289 = -0.0223
export const gradient = (answer: OneStep): string => {
  const { n, net, pull } = answer;
  const weight = weights.at(net, pull.weight);
  const name = m.role(weight.role, weights.symbolOf(weight));
  const derivative = m.frac(m.row(m.mi("∂"), m.mi("L")), m.row(m.mi("∂"), name));
  const sums = m.row(significant(pull.down), m.op("+"), significant(pull.up));
  const found = significant(value(answer, "gradient", pull.weight));
  const body = m.row(mean(n), residual(answer), times, factor(answer, weight));
  return m.math(m.row(derivative, is, body, is, sums, is, found));
};

// The optimizer's arithmetic for the chosen weight, line by line.
export const step = (answer: OneStep): string[] => {
  const { optimizer, net, pull } = answer;
  const of: ValueOf = (column) => value(answer, column, pull.weight);
  const weight = weights.at(net, pull.weight);
  const name = m.role(weight.role, weights.symbolOf(weight));
  const { lines, moved } = optimizer.kind === "adam" ? adam(optimizer, answer.count, of) : sgd(optimizer, of);
  const fixed = (n: number) => number(numbers.fixed(n, 6));
  const last = m.row(name, m.op("←"), fixed(of("old")), minus, moved, is, fixed(of("new")));
  return [...lines, last].map((line) => m.math(line));
};

// `lines` of arithmetic, and the expression that is subtracted from the weight (`moved`).
type Arithmetic = { lines: string[]; moved: string };
const adam = ({ lr, beta1, beta2, eps }: Adam, count: number, of: ValueOf): Arithmetic => {
  const g = inBrackets(of("gradient"));
  const below = m.row(m.root(significant(of("v_hat"))), m.op("+"), setting(eps));
  const lines = [
    running("m", beta1, of("m_old"), g, of("m")),
    running("v", beta2, of("v_old"), m.sup(g, "<mn>2</mn>"), of("v")),
    corrected("m", beta1, count, of("m"), of("m_hat")),
    corrected("v", beta2, count, of("v"), of("v_hat")),
  ];
  return { lines, moved: m.row(setting(lr), times, m.frac(significant(of("m_hat")), below)) };
};

const sgd = ({ lr, momentum }: Sgd, of: ValueOf): Arithmetic => {
  const g = inBrackets(of("gradient"));
  if (momentum === 0) return { lines: [], moved: m.row(setting(lr), times, g) };
  const kept = m.row(setting(momentum), times, inBrackets(of("m_old")));
  const line = m.row(m.mi("m"), is, kept, m.op("+"), g, is, significant(of("m")));
  return { lines: [line], moved: m.row(setting(lr), times, inBrackets(of("m"))) };
};

// m = 0.9 m + 0.1 gradient
const running = (letter: string, beta: number, before: number, added: string, now: number): string => {
  const kept = m.row(setting(beta), times, inBrackets(before));
  return m.row(m.mi(letter), is, kept, m.op("+"), setting(1 - beta), times, added, is, significant(now));
};

// m_hat = m / (1 - 0.9^t)
const corrected = (letter: string, beta: number, count: number, from: number, now: number): string => {
  const power = m.sup(setting(beta), `<mn>${count}</mn>`);
  const fraction = m.frac(significant(from), m.row(one, minus, power));
  return m.row(m.over(m.mi(letter), m.op("^")), is, fraction, is, significant(now));
};

const setting = (n: number): string => number(numbers.short(n, 10));
