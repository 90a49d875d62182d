// Keeps a copy of the student's net in the class, because the server deletes that net with the class. It can replace
// the student's own net, as an undo step.
import type { Frame, FrameRow } from "../core/types";
import * as fitSection from "../fit/fit";
import { type SavedFit, vectorsOf } from "../share/link";
import * as sharing from "../share/sharing";

type Kept = SavedFit & { frames?: FrameRow[] };
let kept: Kept | null = null;

const row = ({ seq, epoch, loss, mark, p }: Frame): FrameRow => [seq, epoch, loss, mark, ...(p ?? [])];

// A copy of the net. For a wide net, it contains only the settings, with which the net can be trained again.
const read = ({ state, data, playback }: fitSection.Ready): Kept => {
  const { seed, net, optimizer, engine, epoch, loss, data_key, by_recipe, params } = state;
  const { x, y, prob } = data.sent;
  const spec = data.spec.law === "own" ? { ...data.spec, x, y, prob } : data.spec;
  const saved = { format: 1, seed, net, optimizer, engine, data: spec, data_key, epoch, optimizer_epoch: 0 };
  if (!params) return { kind: by_recipe ? "recipe" : "settings", saved };
  return { kind: "weights", saved: { ...saved, loss, ...vectorsOf(params) }, frames: playback.frames.map(row) };
};

// Keep a copy of the net that is shown.
export const keepCopy = () => {
  const now = fitSection.now();
  kept = fitSection.isReady(now) && now.state.epoch > 0 ? read(now) : null;
};
export const forget = () => {
  kept = null;
};
export const exists = () => kept !== null;

// Replace the tab's own net with the copy.
export const replaceOwnNet = async () => {
  if (kept) await sharing.replace({ fit: kept });
  forget();
};
