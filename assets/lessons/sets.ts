// Sets what a step of a lesson needs: Build's weights, or the net in Fit and its data, as one undo step. The names are
// those of lessons.py.
import * as buildSection from "../build/build";
import * as undo from "../core/history";
import type { DataSpec, NetDescription, Optimizer, Weights } from "../core/types";
import * as fitFieldSteps from "../fit/undo/field-steps";
import { type SavedFit, vectorsOf } from "../share/link";
import * as sharing from "../share/sharing";

// `build`: Build's weights. `fit`: a net in Fit, with the weights `params` or trained for `trained` epochs. `epochs`:
// the number in Fit's field of epochs.
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
  return { kind: "weights", saved: { ...settings, ...vectorsOf(params) } };
};

// An undo step of Build alone, so that undo does not change the net in Fit.
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

// Set what the step needs. Resolves to whether anything was set.
export const enter = async (wanted: Setting) => {
  const { build, fit } = wanted;
  if (!build && !fit) return false;
  await sharing.ready();
  if (!fit) return build ? setBuild(build) : false;
  await sharing.replace({ fit: fitOf(fit, wanted) });
  if (wanted.epochs) fitFieldSteps.put({ "fit-epochs": String(wanted.epochs) });
  return true;
};
