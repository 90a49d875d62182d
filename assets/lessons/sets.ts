// What a step of a lesson sets: Build's weights, the net in Fit and its data. All of it is one step
// for undo. The names are those of lessons.py.
import * as buildSection from "../build/build";
import * as undo from "../core/history";
import * as fitFieldSteps from "../fit/field-steps";
import * as sharing from "../share/sharing";

// float32 numbers as `saved` has them
const packed = (values) => {
  const bytes = new Uint8Array(new Float32Array(values).buffer);
  return btoa(String.fromCharCode(...bytes));
};

// What `pwl.sharing.replace` takes: a net of these settings, untrained, with these weights or
// trained for so many epochs.
const fitOf = ({ seed, net, optimizer, data }, params, trained = 0) => {
  const settings = { format: 1, seed, net, optimizer, data, engine: "auto", epoch: trained, optimizer_epoch: 0 };
  if (!params) return { kind: trained ? "recipe" : "settings", saved: settings };
  const zeros = packed(params.map(() => 0));
  return { kind: "weights", saved: { ...settings, params: packed(params), m: zeros, v: zeros } };
};

// Build alone leaves Fit out of it: what is trained meanwhile stays when it is taken back.
const setBuild = (params) => {
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
export const enter = async (wanted) => {
  if (!wanted.build && !wanted.fit) return false;
  await sharing.ready();
  if (!wanted.fit) return setBuild(wanted.build);
  await sharing.replace({ fit: fitOf(wanted.fit, wanted.params, wanted.trained) });
  if (wanted.epochs) fitFieldSteps.put({ "fit-epochs": String(wanted.epochs) });
  return true;
};
