// The modules that browser tests use, by name.
import * as boardCanvases from "./board/canvases";
import * as board from "./board/state";
import * as build from "./build/build";
import * as history from "./core/history";
import * as tabs from "./core/session/tabs";
import * as oneStep from "./explore/one-step/card";
import * as surface from "./explore/surface/card";
import * as fit from "./fit/fit";
import * as fitFieldSteps from "./fit/undo/field-steps";
import * as share from "./share/share";
import * as sharing from "./share/sharing";

export const modules = {
  board,
  boardCanvases,
  build,
  fit,
  fitFieldSteps,
  history,
  oneStep,
  share,
  sharing,
  surface,
  tabs,
};
