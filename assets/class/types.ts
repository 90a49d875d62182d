// What the server says about a room; see pwlapp/rooms/state.py.
import type { Weights } from "../core/types";

// Names of what a teacher can hide on the students' pages.
export const CONTROLS = ["seed", "net", "optimizer", "data", "weights", "train", "lessons", "explore"] as const;
export type Control = (typeof CONTROLS)[number];

// A number; the place of an option; or a sketched curve: CURVE_VALUES values of yhat at even x.
export type Value = number | number[];
export const CURVE_VALUES = 21;

// All answers, without names: only the field of the question's kind is there.
export type Answers = { numbers?: number[]; counts?: number[]; curves?: number[][] };
export type Question = {
  id: number;
  kind: "number" | "choice" | "curve";
  text: string;
  text_is_preset: boolean; // it is the page's own; see presets.ts
  options: string[];
  options_are_preset: boolean;
  revealed: boolean;
  answers: Answers | null; // null until they are revealed
};

export type Place = { place: number; seat: number; name: string; score: number };
export type Challenge = {
  id: number;
  kind: "match" | "lowest"; // match a bent line, or reach the lowest loss within so many epochs
  epochs: number;
  target: Weights | null; // of the line to match
  ranking: Place[]; // best first; a seat gets the ten best
  over: boolean; // the nets of the class counted, and are no longer on the pages
};

// The step of a lesson that every page shows.
export type LessonStep = [lesson: string, step: number];

// What a student's page gets of the room.
export type RoomView = {
  code: string;
  seat: number;
  nickname: string;
  sid: string | null; // the session to follow; null: the tab's own
  leading: boolean; // the page shows what the teacher sent
  frozen: boolean;
  hidden: Control[];
  lesson: LessonStep | null;
  spotlight: number | null; // the seat whose net every page shows
  seats: number;
  question: Question | null;
  answer: Value | null; // this seat's
  challenge: (Challenge & { own: number | null }) | null; // `own` is this seat's score
};

export type Opened = { code: string; teacher: string };
export type Joined = { seat: string; room: RoomView };
