import { describe, expect, test } from "vitest";
import { sentence, timeLeft } from "./controls";

test.each([
  [0.2, "1 s"],
  [90, "90 s"],
  [91, "2 min"],
  [720, "12 min"],
  [5400, "90 min"],
  [5500, "1.5 hours"],
])("%d seconds left are told as %s", (seconds, words) => expect(timeLeft(seconds)).toBe(words));

describe("what the server says", () => {
  test("in a sentence, with whole numbers as one reads them", () => {
    const words = sentence("error", { code: "bad_epochs", args: { min: 1, max: 1_000_000 } });
    expect(words).toContain("1 to 1,000,000");
  });
  test("a notice may use the words of an error, and what has none is trouble with the server", () => {
    expect(sentence("notice", { code: "session_unknown", args: {} })).not.toContain("server.");
    expect(sentence("error", { code: "never heard of", args: {} })).toBe(
      sentence("error", { code: "server", args: {} }),
    );
  });
});
