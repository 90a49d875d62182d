import type { RoomView } from "./types";

// Whether the page is called to Fit, where a net is seen:
// when the teacher begins to lead, takes a lesson away, or shows a net to all.
export const isCalled = (room: RoomView, before: RoomView) =>
  (room.leading && (!before.leading || (before.lesson !== null && room.lesson === null))) ||
  (room.spotlight !== null && room.spotlight !== before.spotlight);
