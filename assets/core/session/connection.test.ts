import { beforeEach, describe, expect, test, vi } from "vitest";
import { AGAIN_MS, DUE_MS, keep, LATE_MS, POLL_MS, SILENCE_MS } from "./connection";
import * as streams from "./streams";

vi.mock("./streams", () => ({ claim: vi.fn(() => () => {}) }));

const PING_MS = 8000;

// A server, and what lies between it and the page.
let isHeldBack: boolean; // streams say nothing
let isGone: boolean; // nothing comes back
let isPortal: boolean; // something else answers
let news: number; // what the server has
let known: number; // what the page has of it
let isDue: boolean;
let open: { heard: () => void; broken: () => void } | null;
let opened: number; // streams, so far
let asked: number; // questions, so far
let said: [isThere: boolean, why: string | undefined][]; // of the connection, without repeats

const deliver = () => {
  if (!open || isHeldBack || isGone) return;
  known = news;
  open.heard();
};

const begin = () =>
  keep({
    open: (heard, broken) => {
      opened += 1;
      const mine = { heard, broken };
      open = mine;
      setTimeout(() => open === mine && deliver(), 50);
      return () => {
        if (open === mine) open = null;
      };
    },
    ask: (signal) => {
      asked += 1;
      return new Promise((done, failed) => {
        signal.addEventListener("abort", () => failed(signal.reason));
        if (!isGone) setTimeout(done, 50, {} as Response);
      });
    },
    take: async () => {
      if (isPortal) throw { code: "foreign" };
      const isNews = known !== news;
      known = news;
      return isNews;
    },
    isDue: () => isDue,
    onConnection: (isThere, why) => {
      const last = said.at(-1);
      if (last?.[0] !== isThere || last[1] !== why?.code) said.push([isThere, why?.code]);
    },
  });

// Let time pass, in which the server pings.
const pass = async (ms: number) => {
  for (let rest = ms; rest > 0; rest -= PING_MS) {
    await vi.advanceTimersByTimeAsync(Math.min(rest, PING_MS));
    if (rest >= PING_MS) deliver();
  }
};

let page: EventTarget & { hidden: boolean };
const show = (isShown: boolean) => {
  page.hidden = !isShown;
  page.dispatchEvent(new Event("visibilitychange"));
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
  [isHeldBack, isGone, isPortal, isDue] = [false, false, false, false];
  [news, known, opened, asked] = [1, 0, 0, 0];
  said = [];
  open = null;
  return () => vi.useRealTimers();
});

test("a stream that pings is all there is", async () => {
  begin();
  await pass(10 * SILENCE_MS);
  expect([known, opened, asked]).toEqual([1, 1, 0]);
  expect(said).toEqual([[true, undefined]]);
});

describe("a proxy that holds streams back", () => {
  test("is found out, and asked instead", async () => {
    isHeldBack = true;
    begin();
    await pass(DUE_MS + 100);
    expect(known).toBe(1);
    expect(said).toEqual([[true, undefined]]);
    expect(open).toBeNull();
    news = 2;
    await pass(POLL_MS + 100);
    expect(known).toBe(2);
  });

  test("is forgotten when it does so no longer", async () => {
    isHeldBack = true;
    begin();
    await pass(AGAIN_MS / 2);
    isHeldBack = false;
    await pass(AGAIN_MS);
    expect(opened).toBe(2);
    const before = asked;
    await pass(AGAIN_MS);
    expect([asked, open === null]).toEqual([before, false]);
  });

  test("from some time on is found out where something was to come", async () => {
    const { expect: due } = begin();
    await pass(PING_MS);
    isHeldBack = true;
    news = 2;
    due();
    await pass(DUE_MS + 100);
    expect([known, open]).toEqual([2, null]);
    expect(said).toEqual([[true, undefined]]);
  });

  test("during a run is found out as well", async () => {
    isDue = true;
    begin();
    await pass(100);
    isHeldBack = true;
    news = 2;
    await pass(DUE_MS + 100);
    expect([known, open]).toEqual([2, null]);
  });
});

test("a stream that has nothing to say, though something was due, is kept", async () => {
  const { expect: due } = begin();
  await pass(100);
  due();
  await pass(5 * PING_MS);
  expect([opened, asked]).toEqual([1, 1]);
});

describe("a connection that dies without a word", () => {
  test("is missed within 30 s, and caught up with", async () => {
    begin();
    await pass(PING_MS);
    isGone = true;
    await pass(SILENCE_MS + LATE_MS - 100);
    expect(said).toEqual([[true, undefined]]);
    await pass(200);
    expect(SILENCE_MS + LATE_MS).toBeLessThan(30_000);
    expect(said.at(-1)).toEqual([false, undefined]);
    await pass(60_000);
    isGone = false;
    news = 5;
    await pass(12_000);
    expect(said.at(-1)).toEqual([true, undefined]);
    expect([known, open === null]).toEqual([5, false]);
  });

  test("is no matter if it comes back before it is missed", async () => {
    begin();
    await pass(100);
    isGone = true;
    await pass(SILENCE_MS - 1000);
    isGone = false;
    news = 2;
    deliver();
    await pass(5 * SILENCE_MS);
    expect(said).toEqual([[true, undefined]]);
  });
});

test("a stream that breaks off is opened again, if the server answers", async () => {
  begin();
  await pass(100);
  open?.broken();
  news = 3;
  await pass(POLL_MS + 200);
  expect([known, opened]).toEqual([3, 2]);
  expect(said).toEqual([[true, undefined]]);
});

test("a server that refuses streams is asked, not beleaguered", async () => {
  begin();
  for (let i = 0; i < 5; i++) {
    open?.broken();
    await pass(POLL_MS + 60);
  }
  expect(opened).toBe(1);
});

test("a network that answers itself is told by its name, until it lets the server answer", async () => {
  begin();
  await pass(100);
  isPortal = true;
  open?.broken();
  await pass(5 * POLL_MS);
  expect(said).toEqual([
    [true, undefined],
    [false, "foreign"],
  ]);
  isPortal = false;
  news = 2;
  await pass(2 * POLL_MS);
  expect(said.at(-1)).toEqual([true, undefined]);
  expect([known, open === null]).toEqual([2, false]);
});

test("a hidden tab lets go of the connection, and raises no alarm when it comes back", async () => {
  begin();
  await pass(100);
  show(false);
  expect(open).toBeNull();
  news = 2;
  await pass(10 * SILENCE_MS);
  expect(asked).toBe(0);
  show(true);
  await pass(100);
  expect(known).toBe(2);
  expect(said).toEqual([[true, undefined]]);
});

test("a machine that was asleep finds the server before it calls the connection lost", async () => {
  begin();
  await pass(100);
  await vi.advanceTimersByTimeAsync(SILENCE_MS); // not one ping came through
  await pass(LATE_MS);
  expect(said).toEqual([[true, undefined]]);
  expect([asked, opened]).toEqual([1, 2]);
});

test.each([3_600_000, -3_600_000])("a clock that jumps by %i ms changes nothing", async (jump) => {
  begin();
  await pass(100);
  vi.setSystemTime(Date.now() + jump);
  await pass(10 * SILENCE_MS);
  expect(said).toEqual([[true, undefined]]);
  expect([asked, opened]).toEqual([0, 1]);
});

test("where other tabs hold enough streams the page asks", async () => {
  let tooMany: () => void = () => {};
  vi.mocked(streams.claim).mockImplementationOnce((onTooMany) => {
    tooMany = onTooMany;
    return () => {};
  });
  begin();
  await pass(10);
  tooMany();
  await pass(100);
  expect([known, open]).toEqual([1, null]);
  news = 2;
  await pass(POLL_MS + 100);
  expect(known).toBe(2);
});

test("a closed connection neither asks nor listens", async () => {
  const connection = begin();
  await pass(100);
  connection.close();
  show(false);
  show(true);
  await pass(5 * SILENCE_MS);
  expect([open, opened, asked]).toEqual([null, 1, 0]);
});
