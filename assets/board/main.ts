// The teacher's board.

import * as canvases from "./canvases";
import * as chosen from "./chosen";
import * as controls from "./controls";
import * as activities from "./drawers/activities";
import * as files from "./drawers/files";
import * as invite from "./drawers/invite";
import * as studentPages from "./drawers/student-pages";
import * as head from "./head";
import * as inputs from "./inputs";
import * as list from "./list";
import * as plotDescriptions from "./plot-descriptions";
import * as room from "./room";

export const start = () => {
  for (const part of [
    inputs,
    head,
    controls,
    studentPages,
    activities,
    canvases,
    chosen,
    list,
    invite,
    files,
    plotDescriptions,
    room,
  ])
    part.start();
};
