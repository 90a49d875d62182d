// Whether a net differs from the one that its seed, settings and epoch would give. Titles say so if it does.
import type { Frame, Snapshot } from "../core/types";
import type { Shown } from "./data";

// "by_hand": weights were set by hand at or before this frame. "changed": the settings were changed during the training
// of the newest net, or it comes from a link that does not contain this information. Otherwise null.
type Seen = { state: Pick<Snapshot, "by_recipe">; frames: Pick<Frame, "seq" | "mark">[]; frame: Shown };
export const changeOf = ({ state, frames, frame }: Seen) => {
  if (!("seq" in frame)) return "by_hand"; // weights that are being edited
  if (frames.some(({ seq, mark }) => mark === "edit" && seq <= frame.seq)) return "by_hand";
  const isNewest = frame.seq === frames[frames.length - 1]?.seq;
  return isNewest && !state.by_recipe ? "changed" : null;
};
