// Starting over in Fit with another seed, net or optimizer, and training at once.

import type { DataSpec, NetDescription, Optimizer } from "../core/types";
import * as views from "../core/views";
import * as fitFields from "../fit/fields";
import * as fitSection from "../fit/fit";
import * as fitSteps from "../fit/steps";

export type Start = { seed: number; net: NetDescription; optimizer: Optimizer; epochs: number };

// `spec` is that of the data, where they are other ones. The net that stood in Fit comes back with undo.
// Gives whether it began; if not, Fit says why.
export const begin = async (what: Start, spec: DataSpec | null = null) => {
  const { seed, net } = what;
  const answer = await fitSteps.asOneStep(async () => {
    const had = spec ? await fitSection.send("use_data", { spec, seed, net }) : null;
    return had?.error ? had : fitSection.send("begin", what);
  });
  if (answer.error) return false;
  fitFields.fill(answer.snapshot);
  views.go("fit");
  return true;
};
