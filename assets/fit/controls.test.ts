import { describe, expect, test } from "vitest";
import { sentence, timeLeft } from "./controls";

test.each([
  [0.2, "1 s"],
  [90, "90 s"],
  [91, "2 min"],
  [720, "12 min"],
  [5400, "90 min"],
  [5500, "1.5 hours"],
])("%d seconds left are shown as %s", (seconds, words) => expect(timeLeft(seconds)).toBe(words));

describe("the text of a server's message", () => {
  test("has whole numbers with thousands separators", () => {
    const words = sentence("error", { code: "bad_epochs", args: { min: 1, max: 1_000_000 } });
    expect(words).toContain("1 to 1,000,000");
  });
  test("is the error's if a notice has none of its own, and the general error's if there is none at all", () => {
    expect(sentence("notice", { code: "session_unknown", args: {} })).not.toContain("server.");
    expect(sentence("error", { code: "never heard of", args: {} })).toBe(
      sentence("error", { code: "server", args: {} }),
    );
  });
});
