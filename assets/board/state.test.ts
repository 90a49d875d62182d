import { expect, test, vi } from "vitest";
import { student } from "./rows/sample-rows";
import type { BoardRoom } from "./rows/types";
import * as state from "./state";

vi.mock("../fit/data", () => ({ load: () => new Promise(() => {}) }));

test("the listeners of the room find its students", () => {
  const counts: number[] = [];
  state.onChange((what) => {
    if (what === "room") counts.push(state.roster.size);
  });
  state.receive({ room: { challenge: null } as BoardRoom, seats: [student(1), student(2)] }, true);
  expect(counts).toEqual([2]);
});
