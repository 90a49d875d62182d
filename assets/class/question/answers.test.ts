import { describe, expect, test } from "vitest";
import { distance } from "../challenge";
import { bins, binText } from "./answers";
import { withoutOutliers } from "./outliers";
import { drawLine } from "./sketch";

test("close whole numbers have one bin each", () => {
  expect(bins([3, 5, 5])).toEqual([
    { low: 3, high: 4, n: 1 },
    { low: 4, high: 5, n: 0 },
    { low: 5, high: 6, n: 2 },
  ]);
  expect(bins([7, 7])).toEqual([{ low: 7, high: 8, n: 2 }]);
  expect(bins([])).toEqual([]);
});

test.each([[[0, 96, 31, 30.5]], [[0.25, 0.25]], [Array.from({ length: 97 }, (_, k) => k)], [[-1e9, 1e9]]])(
  "each answer is in one of at most 12 bins: %j",
  (values) => {
    const found = bins(values);
    expect(found.length).toBeLessThanOrEqual(12);
    expect(found.reduce((sum, { n }) => sum + n, 0)).toBe(values.length);
    for (const { low, high, n } of found) {
      const within = values.filter((value) => low <= value && (value < high || high === found.at(-1)?.high));
      expect(within).toHaveLength(n);
    }
  },
);

test("a bin of whole numbers names those that are in it", () => {
  const text = (values: number[], isWhole: boolean) => binText(bins(values)[0], isWhole);
  expect(text([3, 5, 5], true)).toBe("3: 1");
  expect(text([0, 1, 2, 3, 20], true)).toBe("0–1: 2");
  expect(text([0, 0.6], false)).toBe("0–0.05: 1");
});

test("a quick stroke is interpolated, in both directions", () => {
  expect(drawLine([0, 0, 0, 0, 0], [1, 0.2], [4, 0.8])).toEqual([0, 0.2, 0.4, expect.closeTo(0.6), 0.8]);
  expect(drawLine([0, 0, 0, 0, 0], [3, 1], [1, 0])).toEqual([0, 0, 0.5, 1, 0]);
  expect(drawLine([0, 0, 0], [2, 0.5], [2, 0.7])).toEqual([0, 0, 0.7]);
});

test("the distance of two lines is the root mean square of their differences", () => {
  expect(distance([1, 2, 3], [1, 2, 3])).toBe(0);
  expect(distance([3, -1], [0, 3])).toBeCloseTo(Math.sqrt(12.5));
});

describe("the numbers without outliers", () => {
  const [ours, typed] = [{ text_is_preset: true }, { text_is_preset: false }];
  test("of the preset question are all, since the server has refused impossible ones", () => {
    expect(withoutOutliers([3, 3, 3, 30], ours)).toEqual({ values: [3, 3, 3, 30], outside: 0 });
  });
  test("of a teacher's question are those that are not far from the median", () => {
    expect(withoutOutliers([3, 5, 999999], typed)).toEqual({ values: [3, 5], outside: 1 });
    expect(withoutOutliers([-1e9, 0.3, 0.31, 0.5, 0.7, 2], typed)).toEqual({
      values: [0.3, 0.31, 0.5, 0.7, 2],
      outside: 1,
    });
  });
  test.each([[[]], [[7]], [[0, 1e9]], [[5, 5, 5, 9]], [[0, 0, 1]], [Array.from({ length: 97 }, (_, k) => k * k)]])(
    "are all of %j",
    (values) => expect(withoutOutliers(values, typed)).toEqual({ values, outside: 0 }),
  );
});
