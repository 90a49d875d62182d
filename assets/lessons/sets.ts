// What a step of a lesson sets: Build's weights, the net in Fit and its data. All of it is one step
// for undo. The names are those of lessons.py.
import * as buildSection from "../build/build";
import * as undo from "../core/history";
import type { DataSpec, NetDescription, Optimizer, Weights } from "../core/types";
import * as fitFieldSteps from "../fit/field-steps";
import { type SavedFit, toBase64 } from "../share/link";
import * as sharing from "../share/sharing";

// What a step wants: a net in Fit, with these weights or trained for so many epochs; Build's weights;
// or a number of epochs to be typed. See lessons.py.
export type Setting = {
  build?: Weights;
  fit?: { seed: number; net: NetDescription; optimizer: Optimizer; data: DataSpec };
  params?: Weights;
  trained?: number;
  epochs?: number;
};

const fitOf = (fit: NonNullable<Setting["fit"]>, { params, trained = 0 }: Setting): SavedFit => {
  const settings = { ...fit, format: 1, engine: "auto", epoch: trained, optimizer_epoch: 0 };
  if (!params) return { kind: trained ? "recipe" : "settings", saved: settings };
  const zeros = toBase64(params.map(() => 0));
  return { kind: "weights", saved: { ...settings, params: toBase64(params), m: zeros, v: zeros } };
};

// Build alone leaves Fit out of it: what is trained meanwhile stays when it is taken back.
const setBuild = (params: Weights) => {
  const [from, to] = [buildSection.now(), { params: [...params], challenge: null }];
  if (JSON.stringify(from) === JSON.stringify(to)) return false;
  buildSection.show(to);
  undo.record(
    () => buildSection.show(from),
    () => buildSection.show(to),
  );
  return true;
};

// Make it as the step wants it; says whether anything was set.
export const enter = async (wanted: Setting) => {
  const { build, fit } = wanted;
  if (!build && !fit) return false;
  await sharing.ready();
  if (!fit) return build ? setBuild(build) : false;
  await sharing.replace({ fit: fitOf(fit, wanted) });
  if (wanted.epochs) fitFieldSteps.put({ "fit-epochs": String(wanted.epochs) });
  return true;
};
