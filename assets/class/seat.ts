// This browser's seat in a class: taken with a code, followed by every tab, and left.
import type { Message } from "../core/types";
import * as fitSection from "../fit/fit";
import * as fitSession from "../fit/session";
import * as api from "./api";
import * as classNet from "./class-net";
import type { RoomView } from "./types";

type Why = "left" | "elsewhere" | "ended"; // `elsewhere`: left in another tab
type Listener = (room: RoomView | null, before: RoomView | null) => void;

let mine: string | null = null; // the token of the seat that this tab has; another tab may have another
let room: RoomView | null = null; // null: in none
let why: Why | null = null; // there is none any more
const listeners: Listener[] = [];

const become = (next: RoomView | null) => {
  const before = room;
  room = next;
  for (const listener of listeners) listener(room, before);
};

const turnTo = (sid: string | null) => {
  if (room?.leading && room.spotlight === null && sid !== room.sid) classNet.take();
  fitSection.turnTo(sid);
};

const leaveFor = (reason: Why) => {
  if (api.token("seat") === mine) api.keepToken("seat", null);
  mine = null;
  turnTo(null);
  fitSection.sit(null);
  why = reason;
  become(null);
};

// What the stream says of the class; null: it has ended; "left": the seat was left, in another tab.
const onRoom = (next: unknown) => {
  if (!fitSession.seat) return; // left meanwhile
  if (next === null) return leaveFor("ended");
  if (next === "left") return leaveFor("elsewhere");
  const { sid } = next as RoomView;
  turnTo(sid);
  become(next as RoomView);
};
// The class is over, or the tab's own session was lost.
const onLost = ({ code }: Message) => {
  if (code === "room_forbidden") leaveFor("elsewhere");
  else if (code.startsWith("room_")) leaveFor("ended");
  else fitSession.open();
};

const sit = (token: string) => {
  mine = token;
  const of = `seat=${encodeURIComponent(token)}`;
  const addresses = (query: string) => ({
    stream: `rooms/stream?${of}&${query}`,
    frames: `rooms/frames?${of}&${query}`,
  });
  fitSection.sit({ addresses, onRoom, onLost });
};

// Sit down again after the page was loaded.
export const recall = () => {
  const token = api.token("seat");
  if (token) sit(token);
};

// Gives why not, or null.
export const join = async (code: string, nickname: string): Promise<Message | null> => {
  const answer = await api.join({ code, nickname, own: fitSession.own, seat: api.token("seat") });
  if (answer.error) return answer.error;
  api.keepToken("seat", answer.seat);
  sit(answer.seat);
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
export { room, why };
