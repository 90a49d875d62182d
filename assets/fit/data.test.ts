import "../vitest/page";
import { expect, test } from "vitest";
import { golden } from "../vitest/golden";
import { spaced } from "./data";

test("evenly spaced points are numpy's, to the bit", () => {
  for (const { x, ...ends } of golden.spaced) expect(spaced(ends)).toEqual(x);
});
