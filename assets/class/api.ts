// Requests to a room. They are authorized by a token of the teacher or of a student's seat. Tokens are in localStorage,
// so that all tabs have the same seat, also after a reload.
import * as api from "../core/session/api";
import * as storage from "../core/storage";
import type { Joined, Opened } from "./types";

export type Role = "seat" | "teacher";
export const token = (role: Role) => storage.readLocal(`pwl.${role}`);
// Null removes the token.
export const keepToken = (role: Role, value: string | null) => storage.writeLocal(`pwl.${role}`, value);

export const open = () => api.tryPost<Opened>("rooms", {});

type Join = { code: string; nickname: string; own: string; seat: string | null };
export const join = (body: Join) => api.tryPost<Joined>("rooms/join", body);

// A command of a seat: "answer", "rename" or "leave".
export const bySeat = (bearer: string, name: string, body: object = {}) =>
  api.tryPost<object>(`rooms/seat/${name}`, body, bearer);

// A command of the teacher.
export const byTeacher = <T = object>(name: string, body: object = {}) =>
  api.tryPost<T>(`rooms/teacher/${name}`, body, token("teacher"));

// The URL of a file for the teacher. In-app browsers can save only what has a URL.
export const fileAt = (name: "csv" | "notebook", names: boolean) =>
  `rooms/files/${name}?${new URLSearchParams({ teacher: token("teacher") ?? "", names: String(names) })}`;

// The stream of the board's lines, until `signal` aborts it (see api.streamLines); and the present board in one answer.
export const board = <T>(signal: AbortSignal) =>
  api.streamLines<T>("rooms/board", {}, { signal, bearer: token("teacher") });
export const boardNow = (signal: AbortSignal) =>
  api.postResponse("rooms/board/now", {}, { signal, bearer: token("teacher") });
