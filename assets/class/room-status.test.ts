import { expect, test } from "vitest";
import { formatCode, isCalledToFit, resultOf, statusOf } from "./room-status";
import type { RoomView } from "./types";

const FREE: RoomView = {
  code: "K7N4PX",
  seat: 12,
  nickname: "",
  sid: null,
  leading: false,
  frozen: false,
  hidden: [],
  lesson: null,
  spotlight: null,
  seats: 30,
  question: null,
  answer: null,
  challenge: null,
};
const LED: RoomView = { ...FREE, leading: true, sid: "of class" };

test.each<[Partial<RoomView>, boolean, string]>([
  [{}, false, "class.says_free"],
  [LED, false, "class.says_leading"],
  [{}, true, "class.says_back"],
  [{ seats: 31 }, true, "class.says_back"],
  [{ ...LED, frozen: true }, true, "class.says_frozen"],
  [{ frozen: true }, false, "class.says_frozen"],
  [{ sid: "a copy", spotlight: 12 }, false, "class.says_spotlight_own"],
  [{ ...LED, sid: "a copy", spotlight: 3 }, true, "class.says_spotlight"],
  [{ ...LED, frozen: true, sid: "a copy", spotlight: 12 }, true, "class.says_frozen_spotlight_own"],
  [{ ...LED, frozen: true, sid: "a copy", spotlight: 3 }, true, "class.says_frozen_spotlight"],
])("the status of %j", (changes, isBack, key) => {
  expect(statusOf({ ...FREE, ...changes }, isBack)[0]).toBe(key);
});

test.each<["match" | "lowest", number | null, ReturnType<typeof resultOf>]>([
  ["match", 0, ["class.own_match", { score: "0.0000" }]],
  ["lowest", 0.31415926, ["class.own_lowest", { score: "0.3142" }]],
  ["match", null, ["class.own_none"]],
  ["lowest", null, ["class.own_none"]],
])("the result in a challenge of kind %s with the score %j", (kind, own, words) => {
  const challenge = { id: 1, kind, own, epochs: 100, target: null, ranking: [], over: false };
  expect(resultOf(challenge)).toEqual(words);
});

test("a code is written with a hyphen in the middle", () => {
  expect(formatCode("K7N4PX")).toBe("K7N-4PX");
});

test("a page goes to Fit when the teacher starts to show something there", () => {
  expect(isCalledToFit(LED, FREE)).toBe(true);
  expect(isCalledToFit({ ...FREE, spotlight: 3 }, FREE)).toBe(true);
  expect(isCalledToFit(LED, { ...LED, lesson: ["page", 1] })).toBe(true);
  expect(isCalledToFit({ ...LED, seats: 31 }, LED)).toBe(false);
  expect(isCalledToFit(FREE, LED)).toBe(false);
  expect(isCalledToFit({ ...LED, lesson: ["page", 1] }, LED)).toBe(false);
});
