// Separates the outliers of the answers to a number question. They are not drawn, because one far answer would
// stretch the axis until all others are a single bar.
import type { Question } from "../types";

const FAR = 10; // an outlier is farther from the median than this many times the median distance

// The median; of an even number of values, the larger of the two in the middle. Null if there are none.
export const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? null;

// The smallest and largest value that is no outlier.
const limitsOf = (values: number[]) => {
  const centre = median(values) ?? 0;
  const distance = median(values.map((value) => Math.abs(value - centre))) ?? 0;
  const reach = FAR * distance || Math.max(Math.abs(centre), 1);
  return [centre - reach, centre + reach];
};

// `outside` is the number of outliers. Answers to the preset question, "how many of us", have none, because the server
// refuses those that are impossible.
export const withoutOutliers = (values: number[], { text_is_preset }: Pick<Question, "text_is_preset">) => {
  if (text_is_preset) return { values, outside: 0 };
  const [low, high] = limitsOf(values);
  const inside = values.filter((value) => low <= value && value <= high);
  return { values: inside, outside: values.length - inside.length };
};
