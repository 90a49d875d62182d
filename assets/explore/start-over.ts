// Replaces the net in Fit by a new one with another seed, net or optimizer, and trains it.

import type { DataSpec, NetDescription, Optimizer } from "../core/types";
import * as views from "../core/views";
import * as fitFields from "../fit/fields";
import * as fitSection from "../fit/fit";
import * as netSteps from "../fit/undo/net-steps";

export type Start = { seed: number; net: NetDescription; optimizer: Optimizer; epochs: number };

// If `spec` is given, the data are replaced as well. Undo restores the previous net. Resolves to whether the training
// has started; if not, Fit shows the error.
export const startOver = async (start: Start, spec: DataSpec | null = null) => {
  const { seed, net } = start;
  const answer = await netSteps.asOneStep(async () => {
    const dataAnswer = spec ? await fitSection.send("use_data", { spec, seed, net }) : null;
    return dataAnswer?.error ? dataAnswer : fitSection.send("begin", start);
  });
  if (answer.error) return false;
  fitFields.fill(answer.snapshot);
  views.go("fit");
  return true;
};
