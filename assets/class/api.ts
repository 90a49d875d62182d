// Requests to a room. A token says who asks: the teacher, or a student's seat. Both stay in this browser
// when its tabs are closed, so that every tab and a page that is loaded again have the same seat.
import * as api from "../core/session/api";
import * as storage from "../core/storage";
import type { Joined, Opened } from "./types";

export type Role = "seat" | "teacher";
export const token = (role: Role) => storage.readLocal(`pwl.${role}`);
// Null forgets it.
export const keepToken = (role: Role, value: string | null) => storage.writeLocal(`pwl.${role}`, value);

export const open = () => api.tryPost<Opened>("rooms", {});

type Join = { code: string; nickname: string; own: string; seat: string | null };
export const join = (body: Join) => api.tryPost<Joined>("rooms/join", body);

// "answer", "rename" or "leave", by the seat of this token.
export const bySeat = (bearer: string, name: string, body: object = {}) =>
  api.tryPost<object>(`rooms/seat/${name}`, body, bearer);

// A command of the teacher's.
export const byTeacher = <T = object>(name: string, body: object = {}) =>
  api.tryPost<T>(`rooms/teacher/${name}`, body, token("teacher"));

// A file for the teacher: "csv" or "notebook". Throws a message where there is none.
export const file = async (name: string, body: object = {}): Promise<Blob> =>
  (await api.requireOk(api.postResponse(`rooms/teacher/${name}`, body, { bearer: token("teacher") }))).blob();

// The board, line by line, until `signal` ends it; what goes wrong is an {error} at the end. And all that
// is on it now.
export const board = <T>(signal: AbortSignal) =>
  api.streamLines<T>("rooms/board", {}, { signal, bearer: token("teacher") });
export const boardNow = (signal: AbortSignal) =>
  api.postResponse("rooms/board/now", {}, { signal, bearer: token("teacher") });
