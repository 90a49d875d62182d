// The teacher's board.
import * as activities from "./activities";
import * as chosen from "./chosen";
import * as controls from "./controls";
import * as files from "./files";
import * as head from "./head";
import * as inputs from "./inputs";
import * as invite from "./invite";
import * as list from "./list";
import * as plotDescriptions from "./plot-descriptions";
import * as room from "./room";
import * as stage from "./stage";
import * as studentPages from "./student-pages";

export const start = () => {
  for (const part of [
    inputs,
    head,
    controls,
    studentPages,
    activities,
    stage,
    chosen,
    list,
    invite,
    files,
    plotDescriptions,
    room,
  ])
    part.start();
};
