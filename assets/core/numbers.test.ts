import { describe, expect, test } from "vitest";
import { signed } from "./numbers";

describe("signed", () => {
  test("a number that rounds to zero has no sign", () => {
    expect([1, 0.00004, 0, -0.00004, -1].map((value) => signed(value))).toEqual([
      "+1.0000",
      "0.0000",
      "0.0000",
      "0.0000",
      "−1.0000",
    ]);
  });
});
