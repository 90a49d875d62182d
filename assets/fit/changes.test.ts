import { expect, test } from "vitest";
import type { Frame } from "../core/types";
import { changeOf } from "./changes";

const net = { h: 2, bias1: false, activation: "relu", loss: "bce", plain: true } as const;
const frameAt = (seq: number, mark = ""): Frame => ({ seq, mark, epoch: seq, loss: 1, net, p: null, curve: null });
const frames = [frameAt(0, "start"), frameAt(1), frameAt(2, "edit"), frameAt(3, "end")];

test("the net is changed by hand from the frame at which a weight was set", () => {
  const state = { by_recipe: false };
  expect(frames.map((frame) => changeOf({ state, frames, frame }))).toEqual([null, null, "by_hand", "by_hand"]);
  expect(changeOf({ state, frames: [], frame: { p: [], net } })).toBe("by_hand");
});

test("the newest net of more than one setting is changed; of earlier frames this is not known", () => {
  const run = [frameAt(0, "start"), frameAt(1, "end")];
  const said = (by_recipe: boolean) => run.map((frame) => changeOf({ state: { by_recipe }, frames: run, frame }));
  expect(said(true)).toEqual([null, null]);
  expect(said(false)).toEqual([null, "changed"]);
});
