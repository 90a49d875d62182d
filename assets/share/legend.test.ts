import { expect, test } from "vitest";
import { isDrawn, namesOf } from "./legend";

test("a trace is drawn if Plotly has computed a point of it", () => {
  expect(isDrawn([{}, { x: 1, y: 0 }])).toBe(true);
  expect(isDrawn([{ x: 1 }, { y: 0 }])).toBe(false); // of [null]
  expect(isDrawn([{ x: 0, y: 1, s: 0 }])).toBe(false); // a bar of length 0
  expect(isDrawn(undefined)).toBe(false); // not drawn yet
});

const words = { data: "data y", truth: "truth", "held-out": "kept for testing" };
const trace = (role: string, drawn = true, name?: string) => ({ role, isDrawn: drawn, name });

test("each name is used once, for traces that are drawn", () => {
  const traces = [trace("data"), trace("held-out", false), trace("data"), trace("truth")];
  expect(namesOf(traces, words, "y")).toEqual(["data y", null, null, "truth"]);
  expect(namesOf([trace("data"), trace("held-out")], words, "y")).toEqual(["data y", "kept for testing"]);
});

test("yhat without a name in the legend gets the axis's title; other traces without one have no name", () => {
  expect(namesOf([trace("truth"), trace("yhat"), trace("bend")], words, "Loss")).toEqual(["truth", "Loss", null]);
  expect(namesOf([trace("yhat"), trace("run1", true, "My run")], { yhat: "Fit" }, "Loss")).toEqual(["Fit", "My run"]);
});
