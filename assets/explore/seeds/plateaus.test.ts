import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LECTURE } from "../../core/net/net";
import * as api from "../../core/session/api";
import { golden } from "../../vitest/golden";
import * as plateaus from "./plateaus";

vi.mock("../../core/session/api");
const command = vi.mocked(api.command<plateaus.Found>);

const [bce] = golden.bent;
let key = 0;
// A session whose data no other test uses.
const session = () => ({ sid: "an id", state: { data_key: `data ${++key}`, net: LECTURE } });
const answer = (state: { data_key: string }) => ({ ...bce.plateaus, data_key: state.data_key, loss: "bce" as const });
const refusal = { error: { code: "busy", args: {} } };

beforeEach(() => {
  vi.useFakeTimers();
  command.mockReset().mockResolvedValue(refusal);
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the plateaus of a session's data", () => {
  test("are requested once, and all listeners are called", async () => {
    const now = session();
    command.mockResolvedValue(answer(now.state));
    const listeners = [vi.fn(), vi.fn()];
    for (const listener of listeners) expect(plateaus.of(now, listener)).toBeNull();
    await vi.advanceTimersByTimeAsync(0);
    for (const listener of listeners) expect(listener).toHaveBeenCalledOnce();
    expect(plateaus.of(now)).toMatchObject(bce.plateaus);
    expect(command.mock.calls).toEqual([["an id", "plateaus", {}]]);
  });

  test("are requested again after a refusal, at most five times", async () => {
    const now = session();
    const listener = vi.fn(() => plateaus.of(now, listener));
    listener();
    await vi.advanceTimersByTimeAsync(2999);
    expect(command).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(command).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(command).toHaveBeenCalledTimes(5);
  });

  test("in an answer for newer data are kept for those data", async () => {
    const [before, after] = [session(), session()];
    command.mockResolvedValueOnce(answer(after.state));
    plateaus.of(before);
    await vi.advanceTimersByTimeAsync(0);
    expect(plateaus.of(after)).toMatchObject(bce.plateaus);
    expect(plateaus.of(before)).toBeNull();
  });
});

test("plateaus exist for ReLUs without a bias", () => {
  expect(plateaus.hasPlateaus(LECTURE)).toBe(true);
  expect(plateaus.hasPlateaus({ ...LECTURE, bias1: true })).toBe(false);
  expect(plateaus.hasPlateaus({ ...LECTURE, activation: "sigmoid" })).toBe(false);
});

describe("both sides are needed", () => {
  test("on the lecture's data, compared with either side", () => {
    const { left, right, both } = bce.plateaus;
    expect(plateaus.oneSided(bce.plateaus)).toBe(left);
    expect(plateaus.areBothSidesNeeded(bce.plateaus)).toBe(true);
    expect(bce.plateaus.bent_below).not.toBeNull(); // the server agrees
    expect(plateaus.areBothSidesNeeded(bce.plateaus, right)).toBe(true);
    expect(plateaus.areBothSidesNeeded(bce.plateaus, both + 0.001)).toBe(false);
  });
  test("not if one side is enough, or if nothing can be learned", () => {
    const oneIsEnough = { flat: 0.7, left: 0.201, right: 0.6, both: 0.2, bent_below: null };
    expect(plateaus.areBothSidesNeeded(oneIsEnough)).toBe(false);
    const nothing = { flat: 0.7, left: 0.7, right: 0.7, both: 0.7, bent_below: null };
    expect(plateaus.areBothSidesNeeded(nothing)).toBe(false);
  });
});
