import { describe, expect, test } from "vitest";
import { LECTURE } from "../../core/net/net";
import { golden } from "../../vitest/golden";
import { count, facing, kind, one, summary } from "./outcomes";

const plateaus = golden.bent[0].plateaus; // of the lecture's data: about 0.267 both, 0.336 left, 0.622 right
const [BOTH, LEFT, RIGHT]: [number, number][] = [
  [1, 1],
  [2, 0],
  [0, 2],
]; // how many units face left and right
const run = (loss: number, start = BOTH, end = start, changes = {}) => ({
  ...{ seed: 1, loss, curve: [], start, end, dead: 0, diverged: false },
  ...changes,
});

const RUNS = [
  run(plateaus.both + 0.001),
  run(plateaus.both + 0.02), // not arrived yet
  run(plateaus.both + 0.001, LEFT, BOTH), // one unit has turned round
  run(plateaus.left, LEFT),
  run(plateaus.left - 0.0001, LEFT), // not clearly lower than one side can reach
  run(plateaus.right, RIGHT),
  run(plateaus.left, BOTH, LEFT),
  run(plateaus.left, BOTH, BOTH, { dead: 1 }),
  run(plateaus.left, BOTH),
  run(0.1, BOTH, BOTH, { diverged: true }), // its last finite loss does not count
];

test("the side to which units face", () => expect([BOTH, LEFT, RIGHT].map(facing)).toEqual(["both", "left", "right"]));

test("each run is counted once, as bent or with a reason", () => {
  const { reasons, ...found } = count(RUNS, plateaus);
  expect(found).toMatchObject({ n: 10, bent: 3, slow: 1, lucky: 1, limit: plateaus.left });
  expect(reasons).toEqual({ same_left: 2, same_right: 1, crossed: 1, dead: 1, not_yet: 1, diverged: 1 });
});

describe("the summary", () => {
  const shown = { runs: RUNS, epochs: 5000, net: LECTURE };
  test("of the lecture's net: how many bent, and why the others did not", () => {
    const [main, ...reasons] = summary(shown, plateaus);
    expect(main).toBe(
      "3 of 10 seeds (30 %) bent on both sides. The other 7 could not: after 5,000 epochs their loss is no lower than one side alone can reach (0.336).",
    );
    const others = reasons.filter((reason) => !reason.startsWith("Of those"));
    expect(others.reduce((sum, reason) => sum + Number.parseInt(reason, 10), 0)).toBe(7);
    expect(reasons[0]).toContain("3 began with both units facing the same way (2 left, 1 right)");
    expect(reasons).toHaveLength(7);
  });
  test("if no run bent on both sides", () => {
    const [main] = summary({ ...shown, runs: RUNS.slice(3, 6) }, plateaus);
    expect(main).toContain("0 of 3 seeds (0 %) bent on both sides. None could");
  });
  test("of one unit, which bends on one side only", () => {
    const [main] = summary({ ...shown, runs: RUNS.slice(3, 6), net: { ...LECTURE, h: 1 } }, plateaus);
    expect(main).toContain("of 3 seeds, 2 ended facing left (at best 0.336), 1 facing right (at best 0.622)");
  });
  test("of a net without plateaus, or before they are known: best, median, worst", () => {
    const runs = [0.5, 0.3, 0.4].map((loss, k) => run(loss, BOTH, BOTH, { seed: k + 1 }));
    const words = "Of 3 seeds the best ends at 0.3000 (seed 2), the middle one at 0.4000, the worst at 0.5000.";
    expect(summary({ ...shown, runs }, null)).toEqual([words]);
    expect(summary({ ...shown, runs, net: { ...LECTURE, bias1: true } }, plateaus)).toEqual([words]);
    expect(summary({ ...shown, runs: [] }, plateaus)).toEqual([]);
  });
  test("if one side is enough", () => {
    const [main] = summary(shown, { ...plateaus, both: plateaus.left });
    expect(main).toBe("On these data bending on one side is enough.");
  });
});

test("the descriptions of one run, and of its net and optimizer", () => {
  expect(one(run(0.335776, LEFT), LECTURE)).toBe(
    "Loss 0.335776 · at the start: both left (W1 < 0) · at the end: both left (W1 < 0)",
  );
  const sgd = { kind: "sgd" as const, lr: 0.1, momentum: 0.9 };
  expect(kind({ net: { ...LECTURE, h: 1, bias1: true }, optimizer: sgd })).toBe(
    "1 unit · ReLU · bias b1 · BCE · SGD, learning rate 0.1, momentum 0.9",
  );
});
