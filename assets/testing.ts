// The modules that browser tests use, by name.
import * as build from "./build/build";
import * as chunks from "./chunks";
import * as history from "./core/history";
import * as tabs from "./core/session/tabs";
import * as fit from "./fit/fit";
import * as fitFieldSteps from "./fit/undo/field-steps";

const PARTS = {
  board: async () => ({ board: await import("./board/state"), boardCanvases: await import("./board/canvases") }),
  share: async () => ({ share: await import("./share/share"), sharing: await import("./share/sharing") }),
  surface: async () => ({ surface: await import("./explore/surface/card") }),
};

// Load and start a part that the page loads on demand; its modules are then in `modules`, too.
const load = async (name: keyof typeof PARTS) => {
  await chunks.load(name);
  Object.assign(modules, await PARTS[name]());
};

export const modules = { build, fit, fitFieldSteps, history, load, tabs };
