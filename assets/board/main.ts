// The teacher's board.
import * as activities from "./activities";
import * as chosen from "./chosen";
import * as controls from "./controls";
import * as files from "./files";
import * as head from "./head";
import * as inputs from "./inputs";
import * as invite from "./invite";
import * as list from "./list";
import * as pages from "./pages";
import * as plotsInWords from "./plots-in-words";
import * as room from "./room";
import * as stage from "./stage";

export const start = () => {
  for (const part of [
    inputs,
    head,
    controls,
    pages,
    activities,
    stage,
    chosen,
    list,
    invite,
    files,
    plotsInWords,
    room,
  ])
    part.start();
};
