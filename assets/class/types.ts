// The server's messages about a room; see pwlapp/rooms/state.py.
import type { Weights } from "../core/types";

// The controls that a teacher can hide on the students' pages.
export const CONTROLS = ["seed", "net", "optimizer", "data", "weights", "train", "lessons", "explore"] as const;
export type Control = (typeof CONTROLS)[number];

// An answer: a number; the index of an option; or a sketched curve, CURVE_VALUES values of yhat at evenly spaced x.
export type Value = number | number[];
export const CURVE_VALUES = 21;

// All answers, without names. Only the field for the question's kind is present.
export type Answers = { numbers?: number[]; counts?: number[]; curves?: number[][] };
export type Question = {
  id: number;
  kind: "number" | "choice" | "curve";
  text: string;
  text_is_preset: boolean; // see presets.ts
  options: string[];
  options_are_preset: boolean;
  revealed: boolean;
  answers: Answers | null; // null until they are revealed
};

export type Place = { place: number; seat: number; name: string; score: number };
export type Challenge = {
  id: number;
  kind: "match" | "lowest"; // match a line, or reach the lowest loss within `epochs`
  epochs: number;
  target: Weights | null; // of the line to match
  ranking: Place[]; // best first; a student's page gets the ten best
  over: boolean; // scores do not change any more, because the class's nets are no longer shown
};

// The step of a lesson that all pages show.
export type LessonStep = [lesson: string, step: number];

// The room as a student's page gets it.
export type RoomView = {
  code: string;
  seat: number;
  nickname: string;
  sid: string | null; // the session that the page shows; null: the tab's own
  leading: boolean; // whether the page shows a net with the teacher's setting
  frozen: boolean;
  hidden: Control[];
  lesson: LessonStep | null;
  spotlight: number | null; // the seat whose net all pages show
  seats: number;
  question: Question | null;
  answer: Value | null; // this seat's
  challenge: (Challenge & { own: number | null }) | null; // `own` is this seat's score
};

export type Opened = { code: string; teacher: string };
export type Joined = { seat: string; room: RoomView };
