// The lecture's equations (1) to (5), its diagram of the layers, and other formulas of Build, with current numbers.

import * as mathml from "../core/text/mathml";
import type { BentLine, NetDescription, Weights } from "../core/types";

type Index = number | "n"; // a point's number, from 1; "n" is the last point

const symbols = () => {
  const m = mathml;
  const x = (i: Index) => m.sub(m.mi("x"), i === "n" ? m.mi("n") : `<mn>${i}</mn>`);
  const relu = (content: string) => m.row(m.text("relu"), m.op("("), content, m.op(")"));
  const bc = m.over(m.op("+"), m.text("bc"));
  const X = m.bold("X");
  const W = (k: number) => m.layer(m.bold("W"), k);
  const b1 = m.layer(m.bold("b"), 1);
  const b2 = m.layer(m.mi("b"), 2);
  const unitRole = (k: number) => `unit${k + 1}`;
  return { m, x, relu, bc, X, W, b1, b2, unitRole };
};

// The rows 1, 2, "…" and n of a matrix; `cellsAt(i)` are the cells of row i
const abridgedMatrix = (cellsAt: (i: Index) => string[], columns: number) =>
  mathml.matrix([cellsAt(1), cellsAt(2), Array(columns).fill(mathml.op("…")), cellsAt("n")]);

const allEquations = (p: Weights) => {
  const { m, x, relu, bc, X, W, b1, b2, unitRole } = symbols();
  const units = [0, 1];
  const u = (k: number, i: Index) => m.times(p[k], x(i));
  const term = (k: number, i: Index) => m.role(unitRole(k), m.times(p[2 + k], relu(u(k, i))));
  const signedSum = (i: Index) => {
    const parts = units.map((k, n) => (n === 0 || p[2 + k] < 0 ? "" : m.op("+")) + term(k, i));
    return m.row(...parts, m.role("yhat", m.row(m.plus(p[4]))));
  };
  const cell = (content: string, k: number) => m.role(unitRole(k), content);
  const composed = (names: string) => m.row(m.op("("), names, m.op(")"), m.op("("), X, m.op(")"));
  const l = (k: number) => m.sub(m.mi("l"), `<mn>${k}</mn>`);
  const a1 = m.sub(m.mi("a"), "<mn>1</mn>");
  const inner = m.row(X, W(1), bc, b1);
  const reluInner = relu(inner);
  const ys = abridgedMatrix((i) => [signedSum(i)], 1);
  const outer = m.row(reluInner, W(2), bc, b2);

  const net = composed(m.row(l(2), m.op("∘"), a1, m.op("∘"), l(1)));
  const us = abridgedMatrix((i) => units.map((k) => cell(u(k, i), k)), 2);
  const vs = abridgedMatrix((i) => units.map((k) => cell(relu(u(k, i)), k)), 2);
  const is = m.op("=");

  // Each equation is a list of lines, broken where the lecture breaks it.
  return [
    [m.row(X, is, m.matrix([[x(1)], [m.op("…")], [x("n")]]))],
    [m.row(l(1), m.op("("), X, m.op(")"), is, inner, is, us)],
    [m.row(composed(m.row(a1, m.op("∘"), l(1))), is, reluInner, is, vs)],
    [m.row(net, is, outer), m.row(is, ys)],
    [m.row(m.text("pwlinr"), m.op("("), X, m.op(")"), is, net, is, outer), m.row(is, ys)],
  ];
};

// The matrices below equations (2) and (4): W(1), b(1), W(2), b(2).
const notes = (p: Weights): Record<number, string[]> => {
  const { m, W, b1, b2, unitRole } = symbols();
  const cell = (k: number, value: number) => m.role(unitRole(k), m.number(value));
  return {
    2: [
      m.row(W(1), m.op("="), m.matrix([[cell(0, p[0]), cell(1, p[1])]])),
      m.row(b1, m.op("="), m.matrix([["<mn>0</mn>", "<mn>0</mn>"]])),
    ],
    4: [
      m.row(W(2), m.op("="), m.matrix([[cell(0, p[2])], [cell(1, p[3])]])),
      m.row(b2, m.op("="), m.role("yhat", m.number(p[4]))),
    ],
  };
};

export const render = (host: HTMLElement, p: Weights) => {
  const { math } = mathml;
  const extra = notes(p);
  host.innerHTML = allEquations(p)
    .map((equation, i) => {
      const below = (extra[i + 1] ?? []).map((note) => `<li>${math(note)}</li>`).join("");
      return `<div class="equation"><span class="equation-number">(${i + 1})</span>
        <div class="equation-body" tabindex="0">${equation.map((line) => math(line, "block")).join("")}${below && `<ul>${below}</ul>`}</div></div>`;
    })
    .join("");
};

// Show the diagram X -l1-> u(1) -a1-> v(1) -l2-> u(2) -a2-> v(2) = yhat, with the shape of each matrix below it. A net
// that does not end with a sigmoid has no a2.
export const architecture = (host: HTMLElement, n: number | null, { h, loss }: NetDescription) => {
  const { m } = symbols();
  const shape = (columns: number) =>
    m.row(m.op("("), n ? `<mn>${n}</mn>` : m.mi("n"), m.op(","), `<mn>${columns}</mn>`, m.op(")"));
  const node = (name: string, columns: number) => m.under(name, shape(columns));
  const arrow = (name: string, k: number) => m.over('<mo stretchy="true">⟶</mo>', m.sub(m.mi(name), `<mn>${k}</mn>`));
  const vector = (name: string, k: number) => m.layer(m.bold(name), k);
  host.innerHTML = m.math(
    m.row(
      node(m.bold("X"), 1),
      arrow("l", 1),
      node(vector("u", 1), h),
      arrow("a", 1),
      node(vector("v", 1), h),
      arrow("l", 2),
      node(vector("u", 2), 1),
      ...(loss === "bce" ? [arrow("a", 2), node(vector("v", 2), 1)] : []),
      m.op("="),
      node(m.role("yhat", m.over(m.bold("y"), m.op("^"))), 1),
    ),
  );
};

// Titles of the five panels, each with its formula and current numbers.
export const panelTitles = (p: Weights) => {
  const { m, relu, unitRole } = symbols();
  const x = m.mi("x");
  const u = (k: number) => m.row(m.sub(m.mi("u"), `<mn>${k + 1}</mn>`), m.op("="), m.times(p[k], x));
  const v = (k: number) => m.row(m.sub(m.mi("v"), `<mn>${k + 1}</mn>`), m.op("="), relu(m.times(p[k], x)));
  const part = (k: number) => {
    const sign = k === 0 || p[2 + k] < 0 ? "" : m.op("+");
    return m.row(sign, m.role(unitRole(k), m.times(p[2 + k], m.sub(m.mi("v"), `<mn>${k + 1}</mn>`))));
  };
  const y = m.row(m.mi("y"), m.op("="), part(0), part(1), m.row(m.plus(p[4])));
  return [m.role("unit1", u(0)), m.role("unit2", u(1)), m.role("unit1", v(0)), m.role("unit2", v(1)), y].map((title) =>
    m.math(title),
  );
};

// y = left x + b (x < 0), right x + b (x > 0), as the lecture writes its target
export const piecewise = ({ left, right, b }: BentLine) => {
  const { m } = symbols();
  const line = (slope: number) => m.row(m.times(slope, m.mi("x")), m.plus(b));
  const when = (sign: string) => m.row(m.mi("x"), m.op(sign), "<mn>0</mn>");
  const cases = m.cases([
    [line(left), when("&lt;")],
    [line(right), when("&gt;")],
  ]);
  return m.math(m.row(m.mi("y"), m.op("="), cases));
};
