// The cards of Explore. (The loss surface is a chunk of its own; see chunks.ts.)
import * as byHand from "./by-hand/card";
import * as compare from "./compare/card";
import * as oneStep from "./one-step/card";
import * as pieces from "./pieces/card";
import * as seeds from "./seeds/card";

export const start = () => {
  for (const card of [byHand, compare, oneStep, pieces, seeds]) card.start();
};
