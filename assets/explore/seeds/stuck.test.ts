import { describe, expect, test } from "vitest";
import { LECTURE } from "../../core/net/net";
import type { Snapshot } from "../../core/types";
import { golden } from "../../vitest/golden";
import { whyStuck } from "./stuck";

const [{ x, plateaus: best }] = golden.bent; // of the lecture's data
const data = { key: "the lecture's", x };

// A net in Fit that has been trained to `loss`.
const now = (
  params: number[],
  loss: number,
  changes: Partial<Snapshot> = {},
  playback = { playing: false, following: true },
) => ({
  state: { net: LECTURE, params, loss, epoch: 5000, status: "idle", data_key: data.key, ...changes } as Snapshot,
  data,
  playback,
});
const LEFT = [-2.4492, -2.0526, -3.5, -3.1, 2.6]; // the weights of seed 3 after 5,000 epochs
const stuck = now(LEFT, best.left + 0.001);

describe("a net is stuck", () => {
  test("whose units all face one way, at that side's plateau", () => {
    expect(whyStuck(stuck, best)).toMatchObject({ reason: "one_side", side: "left", plateau: best.left });
    const right = now([2, 1, -3, -3, 3], best.right + 0.001);
    expect(whyStuck(right, best)).toMatchObject({ reason: "one_side", side: "right", plateau: best.right });
  });
  test("whose unit on the other side contributes almost nothing", () => {
    const asleep = now([-3, 0.1, -3.5, 0.5, 2.6], best.left + 0.001);
    expect(whyStuck(asleep, best)).toMatchObject({
      reason: "asleep",
      side: "right",
      units: [{ k: 2 }],
      plateau: best.left,
    });
  });
  test("whose unit is 0 at all points (a dead unit)", () => {
    const net = { ...LECTURE, bias1: true };
    const dead = now([-3, 1, 0.5, -1.5, -3.5, 2, 2.6], best.left, { net });
    expect(whyStuck(dead, best)).toMatchObject({ reason: "dead", units: [{ k: 2, isOn: false }] });
    expect(whyStuck(now([-3, 1, 0.5, -0.5, -3.5, 2, 2.6], best.left, { net }), best)).toBeNull();
  });
});

describe("a net is not stuck", () => {
  test("while it is trained or replayed, at epoch 0, and if its weights are not known", () => {
    expect(whyStuck(now(LEFT, best.left, { status: "running" }), best)).toBeNull();
    expect(whyStuck(now(LEFT, best.left, {}, { playing: true, following: true }), best)).toBeNull();
    expect(whyStuck(now(LEFT, best.left, {}, { playing: true, following: false }), best)).not.toBeNull(); // looks back
    expect(whyStuck(now(LEFT, best.left, { epoch: 0 }), best)).toBeNull();
    expect(whyStuck(now(LEFT, best.left, { params: null }), best)).toBeNull();
  });
  test("before its plateaus and its data are loaded", () => {
    expect(whyStuck(stuck, null)).toBeNull();
    expect(whyStuck(now(LEFT, best.left, { data_key: "others" }), best)).toBeNull();
  });
  test("far above its plateau", () => {
    expect(whyStuck(now(LEFT, (best.left + best.flat) / 2), best)).toBeNull();
  });
  test("with units on both sides: seed 2 after 5,000 epochs", () => {
    expect(whyStuck(now([2.1, -3.4, -1.2, -3.1, 3.4], 0.270344), best)).toBeNull();
  });
  test("if one side is enough", () => {
    expect(whyStuck(stuck, { ...best, both: best.left - 0.0001 })).toBeNull();
  });
  test("if its units are sigmoids", () => {
    expect(whyStuck(now(LEFT, best.left, { net: { ...LECTURE, activation: "sigmoid" } }), best)).toBeNull();
  });
});
