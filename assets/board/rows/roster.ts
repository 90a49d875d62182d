// The students in the room, by seat.
import { type Line, OUTCOMES, type Outcome, type Row } from "./types";

export type Roster = Map<number, Row>;

// Update `roster` in place with a line of the board. A first line has all students, so it replaces the roster.
export const apply = (roster: Roster, { seats, gone = [] }: Line, isFirst = false) => {
  if (isFirst && seats) roster.clear();
  for (const row of seats ?? []) roster.set(row.n, row);
  for (const n of gone) roster.delete(n);
};

export type Counts = Record<Outcome, number>;

export const count = (rows: Iterable<Row>): Counts => {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Counts;
  for (const { outcome } of rows) counts[outcome] += 1;
  return counts;
};

// A share in percent, as a whole number.
export const percent = (part: number, all: number) => (all ? Math.round((100 * part) / all) : 0);
