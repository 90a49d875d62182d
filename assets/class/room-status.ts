// What the state of a room means for a student's page.
import { fixed } from "../core/text/numbers";
import type { Args } from "../core/types";
import type { RoomView } from "./types";

type Text = [key: string, args?: Args];

// The message in the bar: who controls the page, and whose net it shows. `isBack`: the page shows the student's own net
// again, after a net of the class.
export const statusOf = (room: RoomView, isBack: boolean): Text => {
  if (room.spotlight !== null) {
    const key = room.frozen ? "class.says_frozen_spotlight" : "class.says_spotlight";
    return room.spotlight === room.seat ? [`${key}_own`] : [key, { seat: room.spotlight }];
  }
  if (room.frozen) return ["class.says_frozen"];
  if (room.leading) return ["class.says_leading"];
  return [isBack ? "class.says_back" : "class.says_free"];
};

// The student's result in the challenge, as of the ranking.
export const resultOf = ({ kind, own }: NonNullable<RoomView["challenge"]>): Text =>
  own === null ? ["class.own_none"] : [`class.own_${kind}`, { score: fixed(own, 4) }];

// Whether the page has to show Fit: when the teacher begins to lead, ends a lesson, or shows a student's net to all.
export const isCalledToFit = (room: RoomView, before: RoomView) =>
  (room.leading && (!before.leading || (before.lesson !== null && room.lesson === null))) ||
  (room.spotlight !== null && room.spotlight !== before.spotlight);

// "K7N-4PX"
export const formatCode = (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`;
