// The class, as a student has it: joining, the bar, what the teacher arranges, questions and challenges.
import * as i18n from "../core/text/i18n";
import * as bar from "./bar";
import * as guide from "./guide";
import * as join from "./join";
import * as panel from "./panel";
import * as seat from "./seat";
import * as veil from "./veil";

export const start = async (loadLessons: Parameters<typeof guide.start>[0]) => {
  await i18n.complete(); // the words of a class do not come with the page
  bar.start(panel.start());
  for (const part of [veil, join]) part.start();
  guide.start(loadLessons);
  seat.recall();
};
