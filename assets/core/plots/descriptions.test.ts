import { expect, test } from "vitest";
import { piecesOf, turnsOf } from "./descriptions";

test("a curve is split at gaps, and NaN is a gap", () => {
  expect(piecesOf({ x: [0, 1, 2, 3], y: [5, null, NaN, 6] })).toEqual([[{ x: 0, y: 5 }], [{ x: 3, y: 6 }]]);
  expect(piecesOf({ x: [null], y: [null] })).toEqual([]);
  expect(piecesOf({})).toEqual([]);
});

const turns = (...y: number[]) =>
  turnsOf(y.map((each, x) => ({ x, y: each }))).map(({ key, place }) => [key, place.x, place.y]);

test("a line is described by its ends and the extremes between them, from left to right", () => {
  expect(turns(-4.5, 4.5, 0)).toEqual([
    ["", 0, -4.5],
    ["plot.highest", 1, 4.5],
    ["", 2, 0],
  ]);
  expect(turns(0, 3, -2, 1).map(([key]) => key)).toEqual(["", "plot.highest", "plot.lowest", ""]);
  expect(turns(1, 2, 3)).toEqual([
    ["", 0, 1],
    ["", 2, 3],
  ]);
  expect(turns(7)).toEqual([["", 0, 7]]);
  expect(turns(1, 1, 1).map(([key]) => key)).toEqual(["", ""]);
});
