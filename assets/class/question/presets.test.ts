import { expect, test } from "vitest";
import { optionsOf, textOf } from "./presets";

const typed = { kind: "choice" as const, text: "왜?", options: ["가", "나", "다", "라"] };

test("a preset question is shown in the page's language", () => {
  const preset = { ...typed, text_is_preset: true, options_are_preset: true };
  expect(textOf(preset)).toBe("How will your net bend?");
  expect(optionsOf(preset)).toEqual(["both sides", "left only", "right only", "not at all"]);
});

test("a typed question is shown as it was typed", () => {
  const own = { ...typed, text_is_preset: false, options_are_preset: false };
  expect([textOf(own), optionsOf(own)]).toEqual([typed.text, typed.options]);
});
