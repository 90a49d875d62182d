import { describe, expect, test } from "vitest";
import { expectNear, golden } from "../../vitest/golden";
import * as plane from "./plane";

describe.each(golden.planes)("the plane through three nets, by numpy's QR", ({ nets, u, v, places }) => {
  const [start, end, third] = nets;
  const found = plane.through(start, end, third) as NonNullable<ReturnType<typeof plane.through>>;

  test("its two directions", () => {
    expect(found.origin).toEqual(start);
    expectNear(found.u, u);
    expectNear(found.v, v);
  });
  test("`project` gives the places of nets, `at` the nets at places", () => {
    nets.forEach((net, k) => expectNear(plane.project(found, net), places[k]));
    places.slice(0, 3).forEach(([a, b], k) => expectNear(plane.at(found, a, b), nets[k]));
  });
  test("none if they are collinear, or if two are equal", () => {
    const beyond = start.map((value, k) => value + 2 * (end[k] - value));
    expect(plane.through(start, beyond, end)).toBeNull();
    expect(plane.through(start, start, end)).toBeNull();
  });
});

test("in the plane of two weights, these are the coordinates", () => {
  const found = plane.ofTwo([1, 2, 3], 2, 0);
  expect(found).toEqual({ origin: [0, 2, 0], u: [0, 0, 1], v: [1, 0, 0] });
  expect(plane.project(found, [1, 2, 3])).toEqual([3, 1]);
});

describe("axes", () => {
  test("contain all places, and are not narrower than `least` or a third of the other axis", () => {
    const axes = plane.around([[0, 1], [10, 1]], 0.5); // biome-ignore format: pairs
    expect(axes).toEqual({ x: [-1.5, 11.5], y: [1 - 6.5 / 3, 1 + 6.5 / 3] });
    expect(plane.contains(axes, [10, 1])).toBe(true);
    expect(plane.contains(axes, [10, 4])).toBe(false);
  });
  test("zoom about a place", () => {
    expect(plane.zoomed({ x: [0, 4], y: [-1, 1] }, 0.5, [1, 1])).toEqual({ x: [0.5, 2.5], y: [0, 1] });
  });
  test("can be zoomed in as far as 32-bit weights differ, and out to a million", () => {
    const about = (middle: number, half: number): plane.Axes => ({ x: [-1, 1], y: [middle - half, middle + half] });
    expect(plane.canZoom(about(0, 1e-3), 0.5)).toBe(true);
    expect(plane.canZoom(about(0, 1e-4), 0.4)).toBe(false);
    expect(plane.canZoom(about(100, 1e-3), 0.5)).toBe(false);
    expect(plane.canZoom(about(0, 1e5), 2)).toBe(true);
    expect(plane.canZoom(about(0, 1e6), 2)).toBe(false);
    expect(plane.canZoom(about(0, 1e9), 0.5)).toBe(true);
  });
});
