// The net as a formula: the name of each weight, and its number below it.
import { query, write } from "../dom";
import { placesOf } from "../net/net";
import * as weights from "../net/weights";
import type { NetDescription } from "../types";
import * as mathml from "./mathml";
import * as numbers from "./numbers";

const MOST_UNITS = 8; // of a wider net, the first ones

const hat = mathml.role("yhat", mathml.over(mathml.mi("y"), mathml.op("^")));

const isNegative = (written: string) => written.startsWith("−");
// A positive number is as wide as a negative one, so that no line breaks elsewhere.
const signed = (written: string) =>
  `${isNegative(written) ? "" : "<mphantom><mn>−</mn></mphantom>"}<mn>${written}</mn>`;

// A weight that is pointed at anywhere lights up here by its `data-weight`: see weight-light.ts.
const weight = (net: NetDescription, place: number, value: number) => {
  const below = `<mrow class="weight-value">${signed(numbers.fixed(value, 4))}</mrow>`;
  return `<munder data-weight="${place}">${weights.symbolOf(weights.at(net, place))}${below}</munder>`;
};

const term = (net: NetDescription, unit: number, valueAt: (place: number) => number) => {
  const m = mathml;
  const { W1, b1, W2 } = placesOf(net, unit);
  const write = (place: number) => weight(net, place, valueAt(place));
  const shift = b1 === null ? [] : [m.op("+"), write(b1)];
  const inner = m.row(m.op("("), write(W1), m.mi("x"), ...shift, m.op(")"));
  return m.role(weights.at(net, W1).role, m.row(write(W2), m.text(net.activation), inner));
};

// Pieces between which a line may break.
export const parts = (net: NetDescription, valueAt: (place: number) => number): string[] => {
  const m = mathml;
  const isBce = net.loss === "bce";
  const units = Array.from({ length: Math.min(net.h, MOST_UNITS) }, (_, unit) => unit);
  const b2 = net.h * (net.bias1 ? 3 : 2);
  return [
    m.row(hat, m.op("="), ...(isBce ? [m.text("sigmoid"), m.op("(")] : [])),
    ...units.map((unit) => m.row(unit ? m.op("+") : "", term(net, unit, valueAt))),
    ...(net.h > MOST_UNITS ? [m.row(m.op("+"), m.op("…"))] : []),
    m.row(m.op("+"), m.role("yhat", weight(net, b2, valueAt(b2))), isBce ? m.op(")") : ""),
  ].map((part) => m.math(part));
};

const shown = new WeakMap<HTMLElement, NetDescription>();

// Made once for a net; then only its numbers are written.
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
    if (last && isNegative(written) === isNegative(last.textContent ?? "")) write(last, written);
    else number.innerHTML = signed(written);
  }
};
