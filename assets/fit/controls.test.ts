import { expect, test } from "vitest";
import { timeLeft } from "./controls";

test.each([
  [0.2, "1 s"],
  [90, "90 s"],
  [91, "2 min"],
  [720, "12 min"],
  [5400, "90 min"],
  [5500, "1.5 hours"],
])("%d seconds left are shown as %s", (seconds, words) => expect(timeLeft(seconds)).toBe(words));
