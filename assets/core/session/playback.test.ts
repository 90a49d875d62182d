import { beforeEach, describe, expect, test, vi } from "vitest";
import { create } from "./playback";

const FRAME_MS = 20;

let now: number; // milliseconds
let asked: ((now: number) => void)[]; // what waits for the next animation frame
let calm: { matches: boolean }; // prefers-reduced-motion
let showTab: () => void; // the tab was hidden, and is shown again

// Let time pass: the browser calls back once per animation frame.
const pass = (ms: number) => {
  for (const end = now + ms; now < end; ) {
    now += FRAME_MS;
    for (const callback of asked.splice(0)) callback(now);
  }
};

const frames = (count: number, from = 0) =>
  Array.from({ length: count }, (_, k) => ({ seq: from + k, epoch: 10 * (from + k), loss: 1, mark: null, p: [] }));

const isAtEnd = ({ index, frames }: { index: number; frames: unknown[] }) => index === frames.length - 1;

// A playback that has been given its first frame, and so many more, all of which it has shown.
const opened = (count = 1) => {
  const shown: number[] = [];
  const onMove = vi.fn();
  const playback = create({ onFrame: (_: unknown, index: number) => shown.push(index), onMove });
  playback.add(frames(count));
  return { playback, shown, onMove };
};

beforeEach(() => {
  vi.stubGlobal("document", { addEventListener: () => {}, hidden: false });
  [now, asked, calm] = [0, [], { matches: false }];
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("performance", { now: () => now });
  vi.stubGlobal("requestAnimationFrame", (callback: (now: number) => void) => asked.push(callback));
  vi.stubGlobal("matchMedia", () => calm);
  vi.stubGlobal("document", {
    hidden: false,
    addEventListener: (_: string, listener: () => void) => {
      showTab = listener;
    },
  });
});

describe("a head that is held", () => {
  const held = () => {
    const all = opened();
    all.playback.add(frames(60, 1));
    pass(FRAME_MS);
    all.playback.hold();
    return all;
  };

  test("stands still at once, and whatever arrives", () => {
    const { playback, shown } = held();
    playback.add(frames(60, 61));
    pass(1000);
    expect([playback.index, playback.playing, playback.held, playback.following]).toEqual([3, false, true, true]);
    expect(shown).toEqual([0, 3]);
  });

  test.each([
    ["skip", 120],
    ["follow", 120],
  ] as const)("goes on by %s", (way, end) => {
    const { playback } = held();
    playback.add(frames(60, 61));
    playback[way]();
    pass(3000);
    expect([playback.index, playback.held]).toEqual([end, false]);
  });

  test("that looks back has nothing to follow", () => {
    const { playback } = opened(200);
    playback.seek(10);
    playback.hold();
    expect([playback.index, playback.held, playback.following]).toEqual([10, false, false]);
  });
});

describe("a tab that is shown again", () => {
  test("shows the newest frame, and what comes in the next second, in one step each", () => {
    const { playback, shown } = opened();
    playback.add(frames(600, 1));
    showTab();
    expect(playback.index).toBe(600);
    playback.add(frames(600, 601));
    expect([playback.index, playback.playing]).toEqual([1200, false]);
    expect(shown).toEqual([0, 600, 1200]);
  });

  test("plays what comes later", () => {
    const { playback } = opened();
    showTab();
    pass(1100);
    playback.add(frames(60, 1));
    expect([playback.index, playback.playing]).toEqual([0, true]);
  });

  test("goes on with a replay where it was", () => {
    const { playback } = opened(200);
    playback.toggle();
    pass(FRAME_MS);
    showTab();
    expect([playback.index, playback.playing]).toEqual([3, true]);
  });
});

describe("frames that arrive", () => {
  test("what is past when the page opens is not played again", () => {
    const { playback, shown } = opened(200);
    expect([playback.index, playback.playing, isAtEnd(playback)]).toEqual([199, false, true]);
    expect(shown).toEqual([199]);
  });

  test("what comes later is played at 150 frames a second, each animation frame painted once", () => {
    const { playback, shown } = opened();
    playback.add(frames(60, 1));
    expect(playback.playing).toBe(true);
    pass(FRAME_MS);
    expect(playback.index).toBe(3);
    pass(380);
    expect([playback.index, playback.playing, asked.length]).toEqual([60, false, 0]);
    expect(shown).toHaveLength(1 + 20);
  });

  test("a head that is far behind catches up in about two seconds", () => {
    const { playback } = opened();
    playback.add(frames(3000, 1));
    pass(2000);
    expect(playback.index).toBe(Math.floor(3000 * (1 - 0.99 ** 100))); // a hundredth of the gap in 20 ms
    pass(5000);
    expect(isAtEnd(playback)).toBe(true);
  });

  test("frames that it has already are left out, and a run that goes on is followed", () => {
    const { playback } = opened(10);
    playback.add(frames(15));
    expect(playback.frames.map(({ seq }: { seq: number }) => seq)).toEqual([...Array(15).keys()]);
    pass(100);
    expect([playback.frame?.seq, playback.lastSeq]).toEqual([14, 14]);
    playback.add(frames(5, 15));
    expect(playback.playing).toBe(true);
  });

  test("a tab that slept does not leap", () => {
    const { playback } = opened();
    playback.add(frames(200, 1));
    pass(FRAME_MS);
    now += 60_000;
    pass(FRAME_MS);
    expect(playback.index).toBe(3 + 15); // a tenth of a second
  });

  test("the first callback may carry a time before the call", () => {
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
  ])("at %d times the usual", (speed, index) => {
    const { playback } = opened(201);
    playback.seek(0);
    playback.setSpeed(speed);
    playback.toggle();
    pass(340);
    expect(playback.index).toBeGreaterThanOrEqual(index);
    expect(playback.index).toBeLessThanOrEqual(index + 4 * speed);
  });
});

describe("the play head by hand", () => {
  test("a scrub stops it where it is put, within the run", () => {
    const { playback, shown } = opened(50);
    playback.seek(20);
    expect([playback.index, playback.following, isAtEnd(playback)]).toEqual([20, false, false]);
    playback.add(frames(10, 50));
    pass(1000);
    expect([playback.index, playback.playing]).toEqual([20, false]); // who looks back is not disturbed
    playback.seek(-5);
    expect(playback.index).toBe(0);
    playback.seek(1000);
    expect([playback.index, playback.following]).toEqual([59, true]);
    expect(shown).toEqual([49, 20, 0, 59]);
  });

  test("pause holds the picture, play goes on from there and then follows", () => {
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

  test("play at the end is a replay from the start", () => {
    const { playback } = opened(100);
    playback.toggle();
    expect([playback.index, playback.playing]).toEqual([0, true]);
    pass(1000);
    expect(isAtEnd(playback)).toBe(true);
  });

  test("a replay does not catch up with a run that goes on", () => {
    const { playback } = opened(3000);
    playback.toggle();
    pass(1000);
    expect(playback.index).toBeLessThanOrEqual(150);
  });

  test("to the end, and after it", () => {
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

describe("straight to the end", () => {
  test("when the student asks for it", () => {
    const { playback } = opened();
    playback.setSkipping(true);
    playback.add(frames(200, 1));
    expect([playback.index, playback.playing]).toEqual([200, false]);
  });

  test("when it is asked for in the middle of a replay of what is followed", () => {
    const { playback } = opened();
    playback.add(frames(200, 1));
    pass(100);
    playback.setSkipping(true);
    expect([playback.index, playback.playing]).toEqual([200, false]);
  });

  test("with reduced motion, except for a replay that was asked for", () => {
    calm.matches = true;
    const { playback } = opened();
    playback.add(frames(200, 1));
    pass(FRAME_MS);
    expect([playback.index, playback.playing]).toEqual([200, false]);
    playback.toggle();
    pass(100);
    expect(playback.index).toBeLessThan(200);
  });
});

describe("another net", () => {
  test("frames before its first one are forgotten, and it is followed", () => {
    const { playback, shown } = opened(50);
    playback.seek(10);
    playback.add(frames(2, 50));
    playback.dropBefore(50);
    expect(playback.frames).toHaveLength(2);
    expect([playback.index, playback.following, shown.at(-1)]).toEqual([1, true, 1]);
    playback.dropBefore(50);
    expect(shown).toHaveLength(3); // nothing to forget: nothing to paint
  });

  test("another session begins with nothing", () => {
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
