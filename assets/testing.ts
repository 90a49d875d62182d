// The modules that browser tests look into, by name.
import * as build from "./build/build";
import * as history from "./core/history";
import * as net from "./core/net";
import * as numbers from "./core/numbers";
import { pieces } from "./core/pieces";
import * as tabs from "./core/tabs";
import * as oneStep from "./explore/one-step/card";
import * as seeds from "./explore/seeds/card";
import * as plateaus from "./explore/seeds/plateaus";
import * as surface from "./explore/surface/card";
import * as lossGrid from "./explore/surface/loss-grid";
import * as plane from "./explore/surface/plane";
import * as fitControls from "./fit/controls";
import * as fitFieldSteps from "./fit/field-steps";
import * as fit from "./fit/fit";
import * as link from "./share/link";
import * as pack from "./share/pack";
import * as share from "./share/share";
import * as sharing from "./share/sharing";

export const modules = {
  build,
  fit,
  fitControls,
  fitFieldSteps,
  history,
  link,
  lossGrid,
  net: { ...net, pieces },
  numbers,
  oneStep,
  pack,
  plane,
  plateaus,
  seeds,
  share,
  sharing,
  surface,
  tabs,
};
