// Which answers to a number question are drawn. An impossible one, or one far from all others, would stretch the axis
// until the others are a single bar.
import type { Question } from "./types";

export type Drawn = { values: number[]; outside: number }; // `outside`: the number of answers that are not drawn

const FAR = 10; // times the median distance from the median

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

// The preset question, "how many of us", has answers from 0 to the number of students.
const limitsOf = (values: number[], { text_is_preset }: Pick<Question, "text_is_preset">, seats: number) => {
  if (text_is_preset) return [0, seats];
  const centre = median(values);
  const reach = FAR * median(values.map((value) => Math.abs(value - centre))) || Math.max(Math.abs(centre), 1);
  return [centre - reach, centre + reach];
};

export const drawn = (values: number[], question: Pick<Question, "text_is_preset">, seats: number): Drawn => {
  const [low, high] = limitsOf(values, question, seats);
  const inside = values.filter((value) => low <= value && value <= high);
  return { values: inside, outside: values.length - inside.length };
};
