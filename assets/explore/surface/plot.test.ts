import { expect, test } from "vitest";
import { tickTexts } from "./plot";

test("the colour scale has as many digits as tell its losses apart", () => {
  expect(tickTexts([0.304, 4.104, 28.63])).toEqual(["0.304", "4.1", "28.6"]);
  expect(tickTexts([0.30108177, 0.30108179, 0.3010831])).toEqual(["0.30108177", "0.30108179", "0.3010831"]);
  expect(tickTexts([0.5, 0.5])).toEqual(["0.5", "0.5"]);
});
