// The lines of JSON that the server sends to a teacher's board; see pwlapp/rooms/board. The first line has everything,
// later ones only what has changed.
import type { Challenge, Control, LessonStep, Question, Value } from "../../class/types";
import type { Message, NetDescription } from "../../core/types";

// The outcome of a net's training: the sides on which it bends, or why it does not bend on both.
export const OUTCOMES = ["both", "left", "right", "dead", "diverged", "not_yet", "not_started"] as const;
export type Outcome = (typeof OUTCOMES)[number];

// A student. `numbers` are the weights, or, if the net is not `plain`, its logits at 101 evenly spaced x.
export type Row = {
  n: number; // the seat
  name: string;
  name_hidden: boolean; // from everyone but the teacher
  here: boolean; // a page is connected
  data: string; // key
  seed: number;
  epoch: number;
  loss: number | null;
  status: "idle" | "running" | "paused";
  outcome: Outcome;
  slopes: [left: number, right: number] | null; // of the logit, at the first and the last x
  net: NetDescription;
  numbers: (number | null)[];
  plain: boolean;
};

export type BoardRoom = {
  code: string;
  ends: number; // seconds since 1970
  leading: boolean;
  frozen: boolean;
  hidden: Control[];
  lesson: LessonStep | null;
  spotlight: number | null;
  question: (Question & { answered: number; all: [seat: number, value: Value][] }) | null;
  challenge: Challenge | null;
};

export type Line = { room?: BoardRoom; seats?: Row[]; gone?: number[]; ping?: true; error?: Message };
