// Separates the outliers of the answers to a number question. They are not drawn, because one impossible or far answer
// would stretch the axis until all others are a single bar.
import type { Question } from "../types";

const FAR = 10; // times the median distance from the median

// Of an even number of values, the upper one of the two in the middle; null if there are none.
export const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? null;

// The preset question, "how many of us", has answers from 0 to the number of students.
const limitsOf = (values: number[], { text_is_preset }: Pick<Question, "text_is_preset">, seats: number) => {
  if (text_is_preset) return [0, seats];
  const centre = median(values) ?? 0;
  const distance = median(values.map((value) => Math.abs(value - centre))) ?? 0;
  const reach = FAR * distance || Math.max(Math.abs(centre), 1);
  return [centre - reach, centre + reach];
};

// `outside` is the number of outliers.
export const withoutOutliers = (values: number[], question: Pick<Question, "text_is_preset">, seats: number) => {
  const [low, high] = limitsOf(values, question, seats);
  const inside = values.filter((value) => low <= value && value <= high);
  return { values: inside, outside: values.length - inside.length };
};
