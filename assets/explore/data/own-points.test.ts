import { describe, expect, test } from "vitest";
import type { Range } from "../../core/types";
import { fitted, type Own, take, thinned } from "./own-points";

describe("a place as a point", () => {
  const axes: Omit<Own, "points"> = { kind: "numbers", x: [-1, 1], y: [0, 1000] };
  test("is rounded to a step that is visible in the plot", () =>
    expect(fitted(axes, [0.12345, 345.67])).toEqual([0.123, 346]));
  test("stays within its axes", () => expect(fitted(axes, [-7, 1e9])).toEqual([-1, 1000]));
  test("has no more digits than it needs, and no negative zero", () => {
    expect(fitted({ ...axes, x: [0, 30] }, [0.3 - 0.1, 0])).toEqual([0.2, 0]);
    expect(Object.is(fitted(axes, [-1e-9, 0])[0], 0)).toBe(true);
  });
  test("has y 0 or 1 in binary data", () => {
    const binary = { ...axes, kind: "binary" as const };
    expect([-3, 0.49, 0.5, 7].map((y) => fitted(binary, [0, y])[1])).toEqual([0, 0, 1, 1]);
  });
});

describe("points taken from other data", () => {
  const x = Array.from({ length: 100 }, (_, k) => k / 10);
  const y = x.map((_, k) => k % 2);
  test("are some of the data, including the first and the last", () => {
    const points = thinned({ x, y }, 30);
    expect(points).toHaveLength(30);
    expect([points[0], points[29]]).toEqual([
      [0, 0],
      [9.9, 1],
    ]);
    expect(points.every(([at, value]) => y[x.indexOf(at)] === value)).toBe(true);
    expect(thinned({ x: [3], y: [1] }, 30)).toEqual([[3, 1]]);
    expect(thinned({ x: [], y: [] }, 30)).toEqual([]);
  });
  test("if binary, keep the y axis; the x axis contains all points, also test points", () => {
    const own = take({ x, y, test: { x: [-5], y: [1] }, isBinary: true, span: [0, 9] });
    expect(own).toMatchObject({ kind: "binary", y: [-1.2, 1.2] });
    expect(own.x[0]).toBeCloseTo(-5 - 0.06 * 14.9);
    expect(own.x[1]).toBeCloseTo(9.9 + 0.06 * 14.9);
  });
  test("if numbers, have the y axis of the data, also if they are probabilities", () => {
    const numbers = { x, y: x, test: null, isBinary: false, span: [0, 9.9] as Range };
    expect(take(numbers, 500)).toMatchObject({ kind: "numbers", y: [0, 9.9], points: x.map((at) => [at, at]) });
    expect(take({ ...numbers, y: x.map(() => 0.5), isBinary: true }).kind).toBe("numbers");
  });
});
