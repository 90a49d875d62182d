import { expect, test } from "vitest";
import { says, written } from "./says";
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

test.each<[Partial<RoomView>, RoomView | null, string]>([
  [{}, null, "class.says_free"],
  [LED, FREE, "class.says_leading"],
  [{}, LED, "class.says_back"],
  [{ seats: 31 }, FREE, "class.says_free"],
  [{ ...LED, frozen: true }, LED, "class.says_frozen"],
  [{ frozen: true }, FREE, "class.says_frozen"],
  [{ sid: "a copy", spotlight: 12 }, FREE, "class.says_spotlight_own"],
  [{ ...LED, sid: "a copy", spotlight: 3 }, LED, "class.says_spotlight"],
  [{ ...LED, frozen: true, sid: "a copy", spotlight: 12 }, LED, "class.says_frozen_spotlight_own"],
  [{ ...LED, frozen: true, sid: "a copy", spotlight: 3 }, LED, "class.says_frozen_spotlight"],
])("who is in control: %j", (changes, before, key) => {
  expect(says({ ...FREE, ...changes }, before)[0]).toBe(key);
});

test("a code is read in two halves", () => {
  expect(written("K7N4PX")).toBe("K7N-4PX");
});
