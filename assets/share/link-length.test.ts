// The lengths of links that docs/files.md states, and that no truncated link can be opened.
import { describe, expect, test } from "vitest";
import { START } from "../core/net/net";
import type { BuildState } from "../core/types";
import * as link from "./link";

const BUILD: BuildState = { params: START, challenge: null };
const ADAM = { kind: "adam", lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 } as const;

// Pseudo-random numbers with as many digits as trained weights; the same in each run of the test.
const numbers = (count: number, scale = 1) => {
  let seed = 7;
  return Float32Array.from({ length: count }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return (seed / 2 ** 30 - 1) * scale;
  });
};
const base64 = (values: Float32Array) => btoa(String.fromCharCode(...new Uint8Array(values.buffer)));
const session = (h: number, changes: object = {}): link.Saved => {
  const size = 2 * h + 1;
  return {
    format: 1,
    seed: 1,
    net: { h, bias1: false, activation: "relu", loss: "bce" },
    optimizer: ADAM,
    engine: "auto",
    data: { law: "lecture", n: 0, noise: 0, seed: 0, held_out: 0 },
    data_key: "0123456789abcdef",
    epoch: 5000,
    optimizer_epoch: 0,
    loss: 0.5426,
    by_recipe: true,
    params: base64(numbers(size)),
    m: base64(numbers(size, 1e-4)),
    v: base64(numbers(size, 1e-7).map(Math.abs)),
    ...changes,
  };
};
const floats = [...numbers(300)];
const x = floats.slice(0, 150);
const OWN = { law: "own", held_out: 0, label: "mine.csv", x, y: x.map((each) => Number(each > 0)), prob: null };
const NUMBERS = { ...OWN, y: floats.slice(150) };

describe.each<[string, number, link.SavedFit]>([
  ["2 units", 190, { kind: "weights", saved: session(2) }],
  ["8 units", 400, { kind: "weights", saved: session(8) }],
  ["64 units", 110, { kind: "recipe", saved: session(64) }],
  ["2 units and 150 own points, y 0 or 1", 1130, { kind: "weights", saved: session(2, { data: OWN }) }],
  ["2 units and 150 own points, y any number", 1760, { kind: "weights", saved: session(2, { data: NUMBERS }) }],
])("a link with %s", (name, most, fit) => {
  test("is as short as docs/files.md says", async () => {
    const { length } = await link.write({ build: BUILD, fit });
    expect(length, name).toBeLessThanOrEqual(most);
  });
  test("is reported as damaged wherever it is cut", async () => {
    const text = await link.write({ build: BUILD, fit });
    for (let k = 0; k < text.length; k++) {
      await expect(link.read(text.slice(0, k)), `cut after ${k}`).rejects.toMatchObject({ why: "damaged" });
    }
  });
});
