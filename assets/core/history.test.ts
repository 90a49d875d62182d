import { beforeEach, describe, expect, test, vi } from "vitest";

const TOGETHER_MS = 700;

let history: typeof import("./history");
let now: number; // milliseconds
let value: number; // what is set and taken back

// Set `value`, as a step.
const set = (next: number, what: string | null = null) => {
  const before = value;
  value = next;
  history.record(
    () => (value = before),
    () => (value = next),
    what,
  );
};
const can = () => [history.canUndo(), history.canRedo()];

beforeEach(async () => {
  vi.resetModules();
  vi.stubGlobal("performance", { now: () => now });
  [now, value] = [0, 0];
  history = await import("./history");
});

describe("steps", () => {
  test("are taken back, and taken back again", async () => {
    expect(can()).toEqual([false, false]);
    for (const next of [1, 2, 3]) set(next);
    await history.undo();
    await history.undo();
    expect([value, ...can()]).toEqual([1, true, true]);
    await history.redo();
    expect([value, ...can()]).toEqual([2, true, true]);
    await history.redo();
    await history.redo(); // nothing is left
    expect([value, ...can()]).toEqual([3, true, false]);
  });

  test("something new leaves nothing to be done again", async () => {
    set(1);
    set(2);
    await history.undo();
    set(5);
    expect(can()).toEqual([true, false]);
    await history.undo();
    expect(value).toBe(1);
  });

  test("a hundred are kept", async () => {
    for (let next = 1; next <= 103; next++) set(next);
    for (let k = 0; k < 200; k++) await history.undo();
    expect([value, ...can()]).toEqual([3, false, true]);
  });

  test("who listens hears of each", async () => {
    const listener = vi.fn();
    history.onChange(listener);
    set(1);
    await history.undo();
    await history.redo();
    expect(listener).toHaveBeenCalledTimes(3);
  });
});

describe("a key that is held down", () => {
  test("is one step, from the first value to the last", async () => {
    for (const next of [1, 2, 3]) {
      now += TOGETHER_MS - 1;
      set(next, "a slider");
    }
    await history.undo();
    expect([value, ...can()]).toEqual([0, false, true]);
    await history.redo();
    expect(value).toBe(3);
  });

  test.each([
    ["a pause", () => (now += TOGETHER_MS), "a slider"],
    ["another thing", () => {}, "another slider"],
    ["a step back", async () => history.undo(), "a slider"],
  ])("%s ends it", async (_, between, what) => {
    set(1, "a slider");
    set(2, "a slider");
    await between();
    const before = value;
    set(3, what);
    await history.undo();
    expect(value).toBe(before);
  });

  test("a step that swaps keeps its own way back", async () => {
    let other = 0;
    const swap = () => ([value, other] = [other, value]);
    for (const next of [1, 2]) {
      value = next;
      history.record(swap, swap, "a choice");
    }
    await history.undo();
    expect(value).toBe(0);
    await history.redo();
    expect(value).toBe(2);
  });
});

describe("steps that take their time", () => {
  test("follow one another, however fast the keys come", async () => {
    const done: string[] = [];
    const slowly = (name: string) => async () => {
      await Promise.resolve();
      done.push(name);
    };
    history.record(slowly("undo 1"), slowly("redo 1"));
    history.record(slowly("undo 2"), slowly("redo 2"));
    await Promise.all([history.undo(), history.undo(), history.redo()]);
    expect(done).toEqual(["undo 2", "undo 1", "redo 1"]);
  });

  test("what is set while they go back is no step of its own", async () => {
    history.record(
      async () => set(7),
      () => {},
    );
    await history.undo();
    expect([value, ...can()]).toEqual([7, false, true]);
  });

  test("what the server refuses stays a step", async () => {
    const go = vi.fn().mockRejectedValueOnce({ code: "server" });
    history.record(go, go);
    await history.undo();
    expect(can()).toEqual([true, false]);
    await history.undo();
    expect(can()).toEqual([false, true]);
  });

  test("a fault is told, and the next step goes all the same", async () => {
    const go = vi.fn().mockRejectedValueOnce(new Error("a fault"));
    history.record(go, go);
    await expect(history.undo()).rejects.toThrow("a fault");
    await history.undo();
    expect(can()).toEqual([false, true]);
  });
});
