import "../vitest/page";
import { expect, test } from "vitest";
import { golden } from "../vitest/golden";
import { spaced } from "./data";

test("`spaced` gives exactly the numbers of numpy.linspace", () => {
  for (const { x, ...ends } of golden.spaced) expect(spaced(ends)).toEqual(x);
});
