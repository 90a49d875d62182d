import { expect, test } from "vitest";
import * as offer from "./offer";

test.each([
  ["", "", true],
  ["?lang=ko&theme=dark", "", true],
  ["?lesson=seeds.2", "", false],
  ["?lang=ko&hide=options", "", false],
  ["?projector=1", "", false],
  ["", "#s=1.abc", false],
  ["", "#room=abc-def", false],
  ["", "#explore-seeds", false],
])("the tour is offered if the URL opens nothing else: %s%s", (search, hash, expected) => {
  expect(offer.isPlain({ search, hash })).toBe(expected);
});
