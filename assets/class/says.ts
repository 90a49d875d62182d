// What the bar says: who is in control, and of which net.
import type { Args } from "../core/types";
import type { RoomView } from "./types";

type Said = [key: string, args?: Args];

// `isBack`: the page has shown a net of the class before.
export const says = (room: RoomView, isBack: boolean): Said => {
  if (room.spotlight !== null) {
    const key = room.frozen ? "class.says_frozen_spotlight" : "class.says_spotlight";
    return room.spotlight === room.seat ? [`${key}_own`] : [key, { seat: room.spotlight }];
  }
  if (room.frozen) return ["class.says_frozen"];
  if (room.leading) return ["class.says_leading"];
  return [isBack ? "class.says_back" : "class.says_free"];
};

// K7N-4PX
export const written = (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`;
