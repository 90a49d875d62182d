// The class, as a student has it: joining, the bar, what the teacher arranges, questions and challenges.
import * as bar from "./bar";
import * as guide from "./guide";
import * as join from "./join";
import * as panel from "./panel";
import * as seat from "./seat";
import * as veil from "./veil";

export const start = (loadLessons: Parameters<typeof guide.start>[0]) => {
  bar.start(panel.start());
  for (const part of [veil, join]) part.start();
  guide.start(loadLessons);
  seat.recall();
};
