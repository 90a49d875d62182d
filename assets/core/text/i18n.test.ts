import { expect, test } from "vitest";
import { first, language, t } from "./i18n";

test("words of the catalogue, with what belongs into them", () => {
  expect(t("summary.units", { units: 5 })).toBe("5 units");
  expect(t("own.at", { x: "−0.5", y: 1 })).toBe("x −0.5, y 1");
});

test("what is not given stays in its braces, and a key without words is its own", () => {
  expect(t("own.at", { y: 0 })).toBe("x {x}, y 0");
  expect(t("no such key")).toBe("no such key");
});

test("trouble that has no words of its own is trouble with the server", () => {
  expect(first("error.never heard of", "error.bad_hidden")).toBe("error.bad_hidden");
  expect(first("error.never heard of")).toBe("error.server");
});

test("the page's language", () => expect(language()).toBe("en"));
