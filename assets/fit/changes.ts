// Whether a net is more than its seed and its epoch say: a title by these alone would mislead.
import type { Frame, Snapshot } from "../core/types";
import type { Shown } from "./data";

// "by_hand": weights were set by hand before or at this frame; "changed": the newest net was trained
// with more than one setting, or comes from a link that does not say. Else null.
type Seen = { state: Pick<Snapshot, "by_recipe">; frames: Pick<Frame, "seq" | "mark">[]; frame: Shown };
export const changeOf = ({ state, frames, frame }: Seen) => {
  if (!("seq" in frame)) return "by_hand"; // under the student's hand
  if (frames.some(({ seq, mark }) => mark === "edit" && seq <= frame.seq)) return "by_hand";
  const isNewest = frame.seq === frames[frames.length - 1]?.seq;
  return isNewest && !state.by_recipe ? "changed" : null;
};
