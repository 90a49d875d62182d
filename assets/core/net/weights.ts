// Names and colours of a net's weights. `place` is a weight's index in the parameter vector.
import * as mathml from "../text/mathml";
import type { NetDescription } from "../types";

export interface Weight {
  layer: "W1" | "b1" | "W2" | "b2";
  unit: number; // from 0; always 0 for b2
  role: "unit1" | "unit2" | "others" | "yhat"; // its colour
}

const roleOf = (unit: number) => (unit === 0 ? "unit1" : unit === 1 ? "unit2" : "others");

export const at = (net: NetDescription, place: number): Weight => {
  const layers = net.bias1 ? (["W1", "b1", "W2"] as const) : (["W1", "W2"] as const);
  const layer = layers[Math.floor(place / net.h)];
  const unit = place % net.h;
  return layer ? { layer, unit, role: roleOf(unit) } : { layer: "b2", unit: 0, role: "yhat" };
};

// "W2₁" as text and as MathML
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const lowered = (n: number) => [...String(n)].map((digit) => SUBSCRIPTS[Number(digit)]).join("");
export const nameOf = ({ layer, unit }: Weight) => (layer === "b2" ? layer : layer + lowered(unit + 1));
export const symbolOf = ({ layer, unit }: Weight): string =>
  layer === "b2" ? mathml.mi(layer) : mathml.sub(mathml.mi(layer), `<mn>${unit + 1}</mn>`);
