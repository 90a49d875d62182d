import { beforeEach, describe, expect, test, vi } from "vitest";

const MERGE_MS = 700;

let history: typeof import("./history");
let now: number; // milliseconds
let value: number; // what the steps change

// Set `value`, and record that as a step.
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
  test("can be undone and redone", async () => {
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

  test("a new step removes the steps to redo", async () => {
    set(1);
    set(2);
    await history.undo();
    set(5);
    expect(can()).toEqual([true, false]);
    await history.undo();
    expect(value).toBe(1);
  });

  test("the last 100 are kept", async () => {
    for (let next = 1; next <= 103; next++) set(next);
    for (let k = 0; k < 200; k++) await history.undo();
    expect([value, ...can()]).toEqual([3, false, true]);
  });

  test("listeners are called at each change", async () => {
    const listener = vi.fn();
    history.onChange(listener);
    set(1);
    await history.undo();
    await history.redo();
    expect(listener).toHaveBeenCalledTimes(5); // a move calls them at its start, too
  });
});

describe("changes of one control in quick succession", () => {
  test("are one step, from the first value to the last", async () => {
    for (const next of [1, 2, 3]) {
      now += MERGE_MS - 1;
      set(next, "a slider");
    }
    await history.undo();
    expect([value, ...can()]).toEqual([0, false, true]);
    await history.redo();
    expect(value).toBe(3);
  });

  test.each([
    ["a pause", () => (now += MERGE_MS), "a slider"],
    ["another control", () => {}, "another slider"],
    ["an undo", async () => history.undo(), "a slider"],
  ])("%s begins a new step", async (_, between, what) => {
    set(1, "a slider");
    set(2, "a slider");
    await between();
    const before = value;
    set(3, what);
    await history.undo();
    expect(value).toBe(before);
  });

  test("a step that swaps values keeps its first undo", async () => {
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

describe("asynchronous steps", () => {
  test("can be undone and redone while one of them is under way", async () => {
    let finish = () => {};
    history.record(
      () => new Promise<void>((done) => (finish = done)),
      () => {},
    );
    const undoing = history.undo();
    await vi.waitFor(() => expect(can()).toEqual([true, true]));
    finish();
    await undoing;
    expect(can()).toEqual([false, true]);
  });

  test("can be undone while they are being made", async () => {
    let finish = () => {};
    history.awaitStep(new Promise<void>((done) => (finish = done)));
    expect(can()).toEqual([true, false]);
    const undoing = history.undo();
    set(1);
    finish();
    await undoing;
    expect([value, ...can()]).toEqual([0, false, true]);
  });

  test("one that comes to nothing cannot be undone", async () => {
    await history.awaitStep(Promise.resolve());
    expect(can()).toEqual([false, false]);
  });

  test("run one after the other", async () => {
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

  test("changes made by an undo are not recorded as steps", async () => {
    history.record(
      async () => set(7),
      () => {},
    );
    await history.undo();
    expect([value, ...can()]).toEqual([7, false, true]);
  });

  test("a step that the server refuses to undo stays", async () => {
    const go = vi.fn().mockRejectedValueOnce({ code: "server" });
    history.record(go, go);
    await history.undo();
    expect(can()).toEqual([true, false]);
    await history.undo();
    expect(can()).toEqual([false, true]);
  });

  test("an error is thrown, and the next undo still works", async () => {
    const go = vi.fn().mockRejectedValueOnce(new Error("a fault"));
    history.record(go, go);
    await expect(history.undo()).rejects.toThrow("a fault");
    await history.undo();
    expect(can()).toEqual([false, true]);
  });
});
