// The student's seat in a class. All tabs of the browser share it.
import type { Message } from "../core/types";
import * as fitSection from "../fit/fit";
import * as fitSession from "../fit/session";
import * as api from "./api";
import * as classNet from "./class-net";
import type { RoomView } from "./types";

type LeaveReason = "left" | "elsewhere" | "ended"; // `elsewhere`: left in another tab
type Listener = (room: RoomView | null, before: RoomView | null) => void;

let mine: string | null = null; // the token of this tab's seat; another tab may have a newer one
let room: RoomView | null = null; // null outside a class
let leaveReason: LeaveReason | null = null; // why the page is no longer in a class
const listeners: Listener[] = [];

const setRoom = (next: RoomView | null) => {
  const before = room;
  room = next;
  for (const listener of listeners) listener(room, before);
};

// Show a session in Fit. If the previous one was this seat's net with the teacher's setting, keep a copy of that net.
const showSession = (sid: string | null) => {
  if (room?.leading && room.spotlight === null && sid !== room.sid) classNet.keepCopy();
  fitSection.showSession(sid);
};

const leaveFor = (reason: LeaveReason) => {
  if (api.token("seat") === mine) api.keepToken("seat", null);
  mine = null;
  showSession(null);
  fitSection.setSeat(null);
  leaveReason = reason;
  setRoom(null);
};

// Handle the stream's message about the room: its state; null if it has ended; "left" if the student has left the class
// in another tab.
const onRoom = (next: unknown) => {
  if (!fitSession.seat) return; // the seat was left meanwhile
  if (next === null) return leaveFor("ended");
  if (next === "left") return leaveFor("elsewhere");
  const { sid } = next as RoomView;
  showSession(sid);
  setRoom(next as RoomView);
};
// The server does not know the seat, or the tab's own session.
const onLost = ({ code }: Message) => {
  if (code === "room_forbidden") leaveFor("elsewhere");
  else if (code.startsWith("room_")) leaveFor("ended");
  else fitSession.open();
};

const takeSeat = (token: string) => {
  mine = token;
  const parameter = `seat=${encodeURIComponent(token)}`;
  const addresses = (query: string) => ({
    stream: `rooms/stream?${parameter}&${query}`,
    frames: `rooms/frames?${parameter}&${query}`,
  });
  fitSection.setSeat({ addresses, onRoom, onLost });
};

// Take the seat again after a reload.
export const restore = () => {
  const token = api.token("seat");
  if (token) takeSeat(token);
};

// Join a class. Resolves to the error, or null.
export const join = async (code: string, nickname: string): Promise<Message | null> => {
  const answer = await api.join({ code, nickname, own: fitSession.own, seat: api.token("seat") });
  if (answer.error) return answer.error;
  api.keepToken("seat", answer.seat);
  takeSeat(answer.seat);
  onRoom(answer.room);
  return null;
};

// A command of this tab's seat.
export const send = (name: string, body: object = {}) => api.bySeat(mine ?? "", name, body);

export const leave = async () => {
  const answer = await send("leave");
  if (answer.error && !answer.error.code.startsWith("room_")) return answer.error;
  leaveFor("left");
  return null;
};

export const onChange = (listener: Listener) => listeners.push(listener);
export { leaveReason, room };
