import { expect, test } from "vitest";
import { changed } from "./import-dialog";

test("after a choice that changes all cells the server detects columns and decimal mark again", () => {
  const anew = { decimal: null, x: null, y: null, prob: null };
  expect(changed("separator", ";")).toEqual({ ...anew, separator: ";" });
  expect(changed("header", false)).toEqual({ ...anew, header: false });
  expect(changed("decimal", ",")).toEqual({ decimal: "," });
  expect(changed("prob", -1)).toEqual({ prob: -1 });
  expect(changed("drop_gaps", true)).toEqual({ drop_gaps: true });
});
