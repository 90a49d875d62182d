import { describe, expect, test } from "vitest";
import * as curves from "../rows/curves";
import { student } from "../rows/sample-rows";
import { binsOf, stack } from "./histogram";
import { type Box, GAP, hasName, headHeight, hit, layout, neighbour } from "./layout";
import { linesOf } from "./net-plots";
import { around, scale, ticks } from "./scale";
import { epochWords, lossWords } from "./tiles";
import * as tweens from "./tween";

const SIZES = { least: 24, most: 200, letter: 11 };
const HEAD = headHeight(SIZES.letter);
const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe("the layout of tiles", () => {
  test.each([[1], [30], [96], [300]])("%i tiles fit on one screen without overlaps", (count) => {
    const groups = [
      { key: "a", count: Math.ceil(count / 2) },
      { key: "b", count: Math.floor(count / 2) },
    ].filter((group) => group.count);
    const { blocks, height } = layout(groups, 900, 430, SIZES, 100);
    const boxes = blocks.flatMap(({ places }) => places);
    expect(boxes.length).toBe(count);
    expect(height).toBe(430);
    for (const [i, box] of boxes.entries()) {
      expect(box.x >= 0 && box.x + box.width <= 900 && box.y >= HEAD && box.y + box.height <= 430).toBe(true);
      expect(boxes.slice(0, i).some((other) => overlap(box, other))).toBe(false);
    }
    const [a, b] = blocks.map(({ head }) => head);
    if (b) expect(overlap({ ...a, height: 430 }, { ...b, height: 430 })).toBe(false);
  });
  test("covers most of the space with tiles of a good aspect ratio", () => {
    for (const counts of [[12], [25, 23, 25, 7, 8, 8], [75, 75, 75, 25, 25, 25], [290, 1, 1]]) {
      const groups = counts.map((count, key) => ({ key, count }));
      const { blocks, tile } = layout(groups, 905, 335, SIZES, 100);
      const all = counts.reduce((sum, each) => sum + each, 0);
      expect((all * (tile.width + GAP) * (tile.height + GAP)) / (905 * (335 - HEAD))).toBeGreaterThan(0.6);
      expect(tile.width / tile.height).toBeGreaterThan(0.8);
      expect(tile.width / tile.height).toBeLessThan(2.3);
      const { head } = blocks[blocks.length - 1];
      expect(head.x + head.width).toBeLessThanOrEqual(905);
    }
  });
  test("has a line for the name only if the letters fit", () => {
    const groups = [{ key: "a", count: 40 }];
    const [near, far] = [11, 24].map((letter) => layout(groups, 900, 430, { ...SIZES, letter }, 100));
    expect(far.blocks[0].places[0].y).toBe(headHeight(24));
    expect([hasName(near.tile.width, 11), hasName(far.tile.width, 24)]).toEqual([true, false]);
  });
  test("has one group below the other if tiles would be too small", () => {
    const groups = [
      { key: "a", count: 50 },
      { key: "b", count: 7 },
    ];
    const { blocks, tile, height } = layout(groups, 370, 300, { ...SIZES, least: 60 }, 84);
    expect(tile.width).toBeGreaterThanOrEqual(84);
    const last = blocks[1].places[6];
    expect(height).toBeCloseTo(last.y + last.height);
    expect(blocks[1].head.y).toBeGreaterThan(blocks[0].places[49].y + blocks[0].places[49].height);
  });
});

describe("tiles under the mouse and the arrow keys", () => {
  const boxes = [0, 1, 2, 3, 4].map((i) => ({ x: (i % 3) * 20, y: Math.floor(i / 3) * 20, width: 16, height: 16 }));
  test("are found by a position", () => {
    expect(hit(boxes, 25, 30)).toBe(4);
    expect(hit(boxes, 18, 5)).toBe(-1);
  });
  test("an arrow key goes to the nearest one in its direction", () => {
    expect(neighbour(boxes, 0, "ArrowRight")).toBe(1);
    expect(neighbour(boxes, 1, "ArrowDown")).toBe(4);
    expect(neighbour(boxes, 2, "ArrowDown")).toBe(4);
    expect(neighbour(boxes, 3, "ArrowUp")).toBe(0);
    expect(neighbour(boxes, 0, "ArrowLeft")).toBe(0);
  });
});

test("loss and epoch have fewer digits in a smaller tile", () => {
  expect([150, 70, 50].map((width) => lossWords(0.46314, width))).toEqual(["0.4631", "0.463", ".46"]);
  expect([lossWords(12.5, 50), lossWords(null, 50)]).toEqual(["12.50", "–"]);
  expect([150, 70, 50].map((width) => epochWords(4680, width))).toEqual(["4,680", "4.7k", "5k"]);
  expect([150, 70, 50].map((width) => epochWords(40, width))).toEqual(["40", "40", "40"]);
  expect(epochWords(1_250_000, 70)).toBe("1.3M");
});

describe("a tween", () => {
  const tween = tweens.towards(tweens.still([0, 10]), [4, 10], 1000, 200);
  test("goes from the old to the new values, and stays there", () => {
    expect([...tweens.at(tween, 1000)]).toEqual([0, 10]);
    expect([...tweens.at(tween, 1050)]).toEqual([1, 10]);
    expect([...tweens.at(tween, 5000)]).toEqual([4, 10]);
    expect(tweens.isMoving(tween, 1199)).toBe(true);
    expect(tweens.isMoving(tween, 1200)).toBe(false);
  });
  test("can be replaced before its end without a jump", () => {
    const next = tweens.towards(tween, [0, 10], 1100, 200);
    expect([...tweens.at(next, 1100)]).toEqual([2, 10]);
    expect([...tweens.at(next, 1300)]).toEqual([0, 10]);
  });
  test("does not move at first, with no duration, and if nothing changes", () => {
    expect(tweens.isMoving(tweens.towards(undefined, [1], 0, 200), 0)).toBe(false);
    expect(tweens.isMoving(tweens.towards(tween, [9, 9], 1100, 0), 1100)).toBe(false);
    const still = tweens.still([0.1]);
    expect(tweens.towards(still, [0.1], 0, 200)).toBe(still);
  });
});

describe("the histogram", () => {
  test("counts values outside the range in the outer bins", () => {
    expect(binsOf([-1, 0, 0.49, 0.5, 1, 9], [0, 1], 2)).toEqual([0, 0, 0, 1, 1, 1]);
  });
  test("stacks one block per student from the bottom, within its height", () => {
    const boxes = stack([0.1, 0.2, 0.9], [0, 1], 100, 40, 2);
    expect(boxes).toEqual([
      { x: 0, y: 20, width: 50, height: 20 },
      { x: 0, y: 0, width: 50, height: 20 },
      { x: 50, y: 20, width: 50, height: 20 },
    ]);
  });
});

describe("axes", () => {
  test("map values to pixels", () => {
    const { toPixel } = scale([0, 2], [100, 0]);
    expect([0, 1, 2].map(toPixel)).toEqual([100, 50, 0]);
  });
  test("have few, round ticks", () => {
    expect(ticks([-4.3, 4.3], 5)).toEqual([-4, -2, 0, 2, 4]);
    expect(ticks([0.22, 0.71], 3)).toEqual([0.4, 0.6]);
    expect(ticks([-4.3, 4.3], 3)).toEqual([-4, 0, 4]);
    expect(ticks([0, 1], 3)).toEqual([0, 0.5, 1]);
    expect(ticks([0, 0], 3)).toEqual([]);
  });
  test("have at least two ticks", () => {
    for (let high = 0.1; high < 100; high *= 1.07) {
      expect(ticks([-high, high], 3).length).toBeGreaterThan(1);
      expect(ticks([0.3 * high, high], 3).length).toBeGreaterThan(1);
    }
  });
  test("contain all values, and are at least as wide as given", () => {
    const [low, high] = around([1, 3], 1, 0);
    expect([low, high]).toEqual([1, 3]);
    expect(around([2], 4, 0)).toEqual([0, 4]);
    expect(around([], 4)).toEqual([0, 4]);
  });
});

describe("the plots of one net", () => {
  const plotData = curves.plotData({
    x: Float32Array.from([-1, 0, 1]),
    truth: null,
    span: [-0.1, 1.1],
    isBinary: true,
  } as unknown as Parameters<typeof curves.plotData>[0]);
  test("the logit is the sum of the units and b2, yhat is its sigmoid", () => {
    const lines = linesOf(student(1), plotData);
    const b2 = 4.5;
    lines?.logit.forEach((z, i) => {
      expect(z).toBeCloseTo(b2 + lines.units.reduce((sum, unit) => sum + unit[i], 0), 6);
      expect(lines.yhat[i]).toBeCloseTo(1 / (1 + Math.exp(-z)), 6);
    });
    expect(lines?.units).toHaveLength(2);
  });
  test("the line to match replaces prob", () => {
    const { truth, trueSlopes } = curves.withTarget(plotData, [1, -1, -4.5, -9, 4.5]);
    const made = curves.yhat(student(1), plotData.x);
    plotData.x.forEach((_, i) => expect(truth?.[i]).toBeCloseTo(made?.[i] ?? Number.NaN, 6));
    expect(trueSlopes?.map((slope) => Math.round(10 * slope) / 10)).toEqual([9, -4.5]);
  });
  test("a wide net has no units, and a net with a weight that is not finite has no curves", () => {
    const numbers = Array.from({ length: 101 }, (_, i) => 0.1 * (i - 50));
    const lines = linesOf(student(1, { plain: false, numbers }), plotData);
    expect(lines?.units).toEqual([]);
    expect(lines?.logit[0]).toBeCloseTo(-5, 4);
    expect(linesOf(student(1, { numbers: [null, 1, 1, 1, 1] }), plotData)).toBeNull();
  });
});
