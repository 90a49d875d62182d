import { expect, test } from "vitest";
import { clamp, endsOf, extremes, linear, padded } from "./ranges";

test.each([
  [-3, -1],
  [0.5, 0.5],
  [7, 2],
])("%d is moved to %d between -1 and 2", (value, wanted) => expect(clamp(value, -1, 2)).toBe(wanted));

test("the extremes of numbers, and the ends of sorted ones", () => {
  expect(extremes([3, -2, 8, 0])).toEqual([-2, 8]);
  expect(extremes([])).toEqual([Infinity, -Infinity]);
  expect(endsOf([-2, 0, 8])).toEqual([-2, 8]);
});

test("a margin is a share of the range's width, and 1 if that is 0", () => {
  expect(padded([-2, 8], 0.1)).toEqual([-3, 9]);
  expect(padded([5, 5], 0.1)).toEqual([4, 6]);
});

test("a range is mapped linearly to another, which may be reversed", () => {
  expect([0, 5, 10].map(linear([0, 10], [200, 100]))).toEqual([200, 150, 100]);
  expect(linear([3, 3], [10, 20])(3)).toBe(10); // a range of one number
});
