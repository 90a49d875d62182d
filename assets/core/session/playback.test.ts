import { beforeEach, describe, expect, test, vi } from "vitest";
import { create } from "./playback";

const FRAME_MS = 20;

let now: number; // milliseconds
let asked: ((now: number) => void)[]; // callbacks for the next animation frame
let reducedMotion: { matches: boolean };
let showTab: () => void; // shows the tab, after it was hidden

// Let time pass; the callbacks run once per animation frame.
const pass = (ms: number) => {
  for (const end = now + ms; now < end; ) {
    now += FRAME_MS;
    for (const callback of asked.splice(0)) callback(now);
  }
};

const frames = (count: number, from = 0) =>
  Array.from({ length: count }, (_, k) => ({ seq: from + k, epoch: 10 * (from + k), loss: 1, mark: null, p: [] }));

const isAtEnd = ({ index, frames }: { index: number; frames: unknown[] }) => index === frames.length - 1;

// A playback with `count` frames from before the page was opened.
const opened = (count = 1) => {
  const shown: number[] = [];
  const onMove = vi.fn();
  const playback = create({ onFrame: (_: unknown, index: number) => shown.push(index), onMove });
  playback.add(frames(count));
  return { playback, shown, onMove };
};

beforeEach(() => {
  [now, asked, reducedMotion] = [0, [], { matches: false }];
  vi.stubGlobal("performance", { now: () => now });
  vi.stubGlobal("requestAnimationFrame", (callback: (now: number) => void) => asked.push(callback));
  vi.stubGlobal("matchMedia", () => reducedMotion);
  vi.stubGlobal("document", {
    hidden: false,
    addEventListener: (_: string, listener: () => void) => {
      showTab = listener;
    },
  });
});

describe("a held head", () => {
  const held = () => {
    const all = opened();
    all.playback.add(frames(60, 1));
    pass(FRAME_MS);
    all.playback.hold();
    return all;
  };

  test("stops at once and does not follow new frames", () => {
    const { playback, shown } = held();
    playback.add(frames(60, 61));
    pass(1000);
    expect([playback.index, playback.playing, playback.held, playback.following]).toEqual([3, false, true, true]);
    expect(shown).toEqual([0, 3]);
  });

  test.each([
    ["skip", 120],
    ["follow", 120],
  ] as const)("continues after %s", (way, end) => {
    const { playback } = held();
    playback.add(frames(60, 61));
    playback[way]();
    pass(3000);
    expect([playback.index, playback.held]).toEqual([end, false]);
  });

  test("that was scrubbed back is not held", () => {
    const { playback } = opened(200);
    playback.seek(10);
    playback.hold();
    expect([playback.index, playback.held, playback.following]).toEqual([10, false, false]);
  });
});

describe("a tab that is shown again", () => {
  test("jumps to the newest frame, also for frames of the next second", () => {
    const { playback, shown } = opened();
    playback.add(frames(600, 1));
    showTab();
    expect(playback.index).toBe(600);
    playback.add(frames(600, 601));
    expect([playback.index, playback.playing]).toEqual([1200, false]);
    expect(shown).toEqual([0, 600, 1200]);
  });

  test("plays later frames", () => {
    const { playback } = opened();
    showTab();
    pass(1100);
    playback.add(frames(60, 1));
    expect([playback.index, playback.playing]).toEqual([0, true]);
  });

  test("continues a replay where it was", () => {
    const { playback } = opened(200);
    playback.toggle();
    pass(FRAME_MS);
    showTab();
    expect([playback.index, playback.playing]).toEqual([3, true]);
  });
});

describe("frames that arrive", () => {
  test("from before the page was opened are not played", () => {
    const { playback, shown } = opened(200);
    expect([playback.index, playback.playing, isAtEnd(playback)]).toEqual([199, false, true]);
    expect(shown).toEqual([199]);
  });

  test("from before the page was opened that come in several parts are not played", () => {
    const { playback, shown } = opened(60);
    playback.add(frames(60, 60), true);
    playback.add(frames(60, 120), true);
    pass(1000);
    expect([playback.playing, playback.following, shown]).toEqual([false, true, [59, 119, 179]]);
    playback.add(frames(60, 180));
    expect(playback.playing).toBe(true);
  });

  test("later are played at 150 a second, with one paint per animation frame", () => {
    const { playback, shown } = opened();
    playback.add(frames(60, 1));
    expect(playback.playing).toBe(true);
    pass(FRAME_MS);
    expect(playback.index).toBe(3);
    pass(380);
    expect([playback.index, playback.playing, asked.length]).toEqual([60, false, 0]);
    expect(shown).toHaveLength(1 + 20);
  });

  test("far ahead of the head are caught up with in about two seconds", () => {
    const { playback } = opened();
    playback.add(frames(3000, 1));
    pass(2000);
    expect(playback.index).toBe(Math.floor(3000 * (1 - 0.99 ** 100))); // a hundredth of the gap in 20 ms
    pass(5000);
    expect(isAtEnd(playback)).toBe(true);
  });

  test("twice are added once, and later ones are followed", () => {
    const { playback } = opened(10);
    playback.add(frames(15));
    expect(playback.frames.map(({ seq }: { seq: number }) => seq)).toEqual([...Array(15).keys()]);
    pass(100);
    expect([playback.frame?.seq, playback.lastSeq]).toEqual([14, 14]);
    playback.add(frames(5, 15));
    expect(playback.playing).toBe(true);
  });

  test("are not skipped after a long pause between two animation frames", () => {
    const { playback } = opened();
    playback.add(frames(200, 1));
    pass(FRAME_MS);
    now += 60_000;
    pass(FRAME_MS);
    expect(playback.index).toBe(3 + 15); // a tenth of a second
  });

  test("do not move the head back if an animation frame's time is before its request", () => {
    const { playback } = opened();
    playback.add(frames(200, 1));
    asked.splice(0)[0](now - 5);
    expect(playback.index).toBe(0);
  });
});

describe("speed", () => {
  test.each([
    [0.5, 25],
    [1, 50],
    [2, 100],
  ])("%d", (speed, index) => {
    const { playback } = opened(201);
    playback.seek(0);
    playback.setSpeed(speed);
    playback.toggle();
    pass(340);
    expect(playback.index).toBeGreaterThanOrEqual(index);
    expect(playback.index).toBeLessThanOrEqual(index + 4 * speed);
  });
});

describe("the play head moved by the user", () => {
  test("a scrub stops it there, within the run", () => {
    const { playback, shown } = opened(50);
    playback.seek(20);
    expect([playback.index, playback.following, isAtEnd(playback)]).toEqual([20, false, false]);
    playback.add(frames(10, 50));
    pass(1000);
    expect([playback.index, playback.playing]).toEqual([20, false]); // new frames do not move it
    playback.seek(-5);
    expect(playback.index).toBe(0);
    playback.seek(1000);
    expect([playback.index, playback.following]).toEqual([59, true]);
    expect(shown).toEqual([49, 20, 0, 59]);
  });

  test("pause stops it, play continues from there and then follows", () => {
    const { playback, onMove } = opened(100);
    playback.seek(40);
    playback.toggle();
    pass(100);
    const held = playback.index;
    expect(held).toBeGreaterThan(40);
    onMove.mockClear();
    playback.toggle();
    expect(onMove).toHaveBeenCalledOnce();
    pass(1000);
    expect([playback.index, playback.playing]).toEqual([held, false]);
    playback.toggle();
    pass(1000);
    expect([playback.index, playback.playing, playback.following]).toEqual([99, false, true]);
  });

  test("play at the end replays from the start", () => {
    const { playback } = opened(100);
    playback.toggle();
    expect([playback.index, playback.playing]).toEqual([0, true]);
    pass(1000);
    expect(isAtEnd(playback)).toBe(true);
  });

  test("a replay does not speed up to catch up with a run", () => {
    const { playback } = opened(3000);
    playback.toggle();
    pass(1000);
    expect(playback.index).toBeLessThanOrEqual(150);
  });

  test("skip jumps to the end, follow plays to it", () => {
    const { playback } = opened(30);
    playback.seek(3);
    playback.skip();
    expect(playback.index).toBe(29);
    playback.seek(3);
    playback.follow();
    pass(1000);
    expect([playback.index, playback.following]).toEqual([29, true]);
  });
});

describe("the head jumps to the end", () => {
  test('with the setting "skip the replay"', () => {
    const { playback } = opened();
    playback.setSkipping(true);
    playback.add(frames(200, 1));
    expect([playback.index, playback.playing]).toEqual([200, false]);
  });

  test("when that setting is switched on while frames are played", () => {
    const { playback } = opened();
    playback.add(frames(200, 1));
    pass(100);
    playback.setSkipping(true);
    expect([playback.index, playback.playing]).toEqual([200, false]);
  });

  test("with reduced motion, except in a replay", () => {
    reducedMotion.matches = true;
    const { playback } = opened();
    playback.add(frames(200, 1));
    pass(FRAME_MS);
    expect([playback.index, playback.playing]).toEqual([200, false]);
    playback.toggle();
    pass(100);
    expect(playback.index).toBeLessThan(200);
  });
});

describe("a reset or another session", () => {
  test("removes the frames before a reset, and follows", () => {
    const { playback, shown } = opened(50);
    playback.seek(10);
    playback.add(frames(2, 50));
    playback.dropBefore(50);
    expect(playback.frames).toHaveLength(2);
    expect([playback.index, playback.following, shown.at(-1)]).toEqual([1, true, 1]);
    playback.dropBefore(50);
    expect(shown).toHaveLength(3); // nothing to remove, nothing to paint
  });

  test("removes all frames before another session", () => {
    const { playback } = opened(50);
    playback.toggle();
    playback.clear();
    expect([playback.frames.length, playback.playing, playback.lastSeq]).toEqual([0, false, 0]);
    expect(playback.frame).toBeUndefined();
    pass(100);
    playback.add(frames(3));
    expect(playback.index).toBe(2);
  });
});
