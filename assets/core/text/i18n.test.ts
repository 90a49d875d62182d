import { describe, expect, test, vi } from "vitest";
import { firstKey, language, loadCatalogue, sentence, setLossWords, t } from "./i18n";

test("a message has its arguments filled in", () => {
  expect(t("summary.units", { units: 5 })).toBe("5 units");
  expect(t("own.at", { x: "−0.5", y: 1 })).toBe("x −0.5, y 1");
});

test("a message has the singular or the plural of a word", () => {
  const texts = [1, 2, "1", "1,000"].map((n) => t("import.points", { n }));
  expect(texts).toEqual(["1 point", "2 points", "1 point", "1,000 points"]);
  expect(t("board.headline", { both: 1, n: 20 })).toBe("1 of 20 bends on both sides");
});

test("a missing argument leaves its placeholder, and an unknown key is returned as it is", () => {
  expect(t("own.at", { y: 0 })).toBe("x {x}, y 0");
  expect(t("no such key")).toBe("no such key");
});

test("an error without a message of its own gets the general one", () => {
  expect(firstKey("error.never heard of", "error.bad_hidden")).toBe("error.bad_hidden");
  expect(firstKey("error.never heard of")).toBe("error.server");
});

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

test("the page's language", () => expect(language()).toBe("en"));

test("the server's text stays until the catalogue with its key is loaded", async () => {
  const node = { dataset: { tBce: "card.loss", tMse: "card.loss_mse" }, textContent: "the server's text" };
  Object.assign(document, { querySelectorAll: () => [node] });
  setLossWords("mse");
  expect(node.textContent).toBe("the server's text");
  vi.stubGlobal("fetch", async () => Response.json({ "card.loss_mse": "the mean of squares" }));
  await loadCatalogue();
  expect(node.textContent).toBe("the mean of squares");
});
