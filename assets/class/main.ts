// The class on a student's page: joining, the bar, the teacher's arrangements, questions and challenges.
import * as bar from "./bar";
import * as guide from "./guide";
import * as join from "./join";
import * as panel from "./panel";
import * as pauseOverlay from "./pause-overlay";
import * as seat from "./seat";

export const start = (loadLessons: Parameters<typeof guide.start>[0]) => {
  bar.start(panel.start());
  for (const part of [pauseOverlay, join]) part.start();
  guide.start(loadLessons);
  seat.restore();
};
