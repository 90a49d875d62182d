// The net as a formula, with the value of each weight below its name.
import { query, setText } from "../dom";
import { indicesOf } from "../net/net";
import * as weights from "../net/weights";
import type { NetDescription } from "../types";
import * as mathml from "./mathml";
import * as numbers from "./numbers";

const MAX_UNITS = 8; // a wider net's formula has only the first ones

const hat = mathml.role("yhat", mathml.over(mathml.mi("y"), mathml.op("^")));

const isNegative = (written: string) => written.startsWith("−");
// A positive number gets the width of a negative one, so that a change of sign does not move line breaks.
const signed = (written: string) =>
  `${isNegative(written) ? "" : "<mphantom><mn>−</mn></mphantom>"}<mn>${written}</mn>`;

// `data-weight` is for the highlighting in weight-highlight.ts.
const weight = (net: NetDescription, place: number, value: number) => {
  const below = `<mrow class="weight-value">${signed(numbers.fixed(value, 4))}</mrow>`;
  return `<munder data-weight="${place}">${weights.symbolOf(weights.at(net, place))}${below}</munder>`;
};

const term = (net: NetDescription, unit: number, valueAt: (place: number) => number) => {
  const m = mathml;
  const { W1, b1, W2 } = indicesOf(net, unit);
  const weightAt = (place: number) => weight(net, place, valueAt(place));
  const bias = b1 === null ? [] : [m.op("+"), weightAt(b1)];
  const inner = m.row(m.op("("), weightAt(W1), m.mi("x"), ...bias, m.op(")"));
  return m.role(weights.at(net, W1).role, m.row(weightAt(W2), m.text(net.activation), inner));
};

// The formula in parts, between which a line may break.
export const parts = (net: NetDescription, valueAt: (place: number) => number): string[] => {
  const m = mathml;
  const isBce = net.loss === "bce";
  const units = Array.from({ length: Math.min(net.h, MAX_UNITS) }, (_, unit) => unit);
  const b2 = net.h * (net.bias1 ? 3 : 2);
  return [
    m.row(hat, m.op("="), ...(isBce ? [m.text("sigmoid"), m.op("(")] : [])),
    ...units.map((unit) => m.row(unit ? m.op("+") : "", term(net, unit, valueAt))),
    ...(net.h > MAX_UNITS ? [m.row(m.op("+"), m.op("…"))] : []),
    m.row(m.op("+"), m.role("yhat", weight(net, b2, valueAt(b2))), isBce ? m.op(")") : ""),
  ].map((part) => m.math(part));
};

const shown = new WeakMap<HTMLElement, NetDescription>();

// Show the formula in `host`. While the net stays the same, only the values are updated.
export const show = (host: HTMLElement, net: NetDescription, valueAt: (place: number) => number) => {
  if (shown.get(host) !== net) {
    host.innerHTML = parts(net, valueAt).join("");
    shown.set(host, net);
    return;
  }
  for (const node of host.querySelectorAll<MathMLElement>("[data-weight]")) {
    const written = numbers.fixed(valueAt(Number(node.dataset.weight)), 4);
    const number = query<Element>(".weight-value", node);
    const last = number.lastChild;
    if (last && isNegative(written) === isNegative(last.textContent ?? "")) setText(last, written);
    else number.innerHTML = signed(written);
  }
};
