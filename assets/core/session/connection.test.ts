import { beforeEach, describe, expect, test, vi } from "vitest";
import { connect, DUE_MS, LATE_MS, POLL_MS, SILENCE_MS, STREAM_RETRY_MS } from "./connection";
import * as streams from "./stream-limit";

vi.mock("./stream-limit", () => ({ claim: vi.fn(() => () => {}) }));

const PING_MS = 8000;

// A simulated server and network.
let isBuffered: boolean; // a proxy holds the stream's messages back
let isGone: boolean; // no answer to any request
let isPortal: boolean; // a captive portal answers
let news: number; // the server's newest state
let known: number; // the newest state that the page has received
let isDue: boolean;
let open: { onMessage: () => void; onEnd: () => void } | null;
let opened: number; // streams so far
let asked: number; // polling requests so far
let said: [isConnected: boolean, reason: string | undefined][]; // calls of onConnection, without repetitions

const deliver = () => {
  if (!open || isBuffered || isGone) return;
  known = news;
  open.onMessage();
};

const begin = () =>
  connect({
    open: (onMessage, onEnd) => {
      opened += 1;
      const mine = { onMessage, onEnd };
      open = mine;
      setTimeout(() => open === mine && deliver(), 50);
      return () => {
        if (open === mine) open = null;
      };
    },
    request: (signal) => {
      asked += 1;
      return new Promise((done, failed) => {
        signal.addEventListener("abort", () => failed(signal.reason));
        if (!isGone) setTimeout(done, 50, {} as Response);
      });
    },
    receive: async () => {
      if (isPortal) throw { code: "foreign" };
      const isNews = known !== news;
      known = news;
      return isNews;
    },
    isDue: () => isDue,
    onConnection: (isConnected, reason) => {
      const last = said.at(-1);
      if (last?.[0] !== isConnected || last[1] !== reason?.code) said.push([isConnected, reason?.code]);
    },
  });

// Let time pass, with the server's pings.
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
  [isBuffered, isGone, isPortal, isDue] = [false, false, false, false];
  [news, known, opened, asked] = [1, 0, 0, 0];
  said = [];
  open = null;
  return () => vi.useRealTimers();
});

test("while the stream works, nothing is polled", async () => {
  begin();
  await pass(10 * SILENCE_MS);
  expect([known, opened, asked]).toEqual([1, 1, 0]);
  expect(said).toEqual([[true, undefined]]);
});

describe("a proxy that buffers streams", () => {
  test("is detected, and the page polls instead", async () => {
    isBuffered = true;
    begin();
    await pass(DUE_MS + 100);
    expect(known).toBe(1);
    expect(said).toEqual([[true, undefined]]);
    expect(open).toBeNull();
    news = 2;
    await pass(POLL_MS + 100);
    expect(known).toBe(2);
  });

  test("and later stops buffering: the page opens a stream again", async () => {
    isBuffered = true;
    begin();
    await pass(STREAM_RETRY_MS / 2);
    isBuffered = false;
    await pass(STREAM_RETRY_MS);
    expect(opened).toBe(2);
    const before = asked;
    await pass(STREAM_RETRY_MS);
    expect([asked, open === null]).toEqual([before, false]);
  });

  test("and starts to only later is detected when a message is expected", async () => {
    const { expect: due } = begin();
    await pass(PING_MS);
    isBuffered = true;
    news = 2;
    due();
    await pass(DUE_MS + 100);
    expect([known, open]).toEqual([2, null]);
    expect(said).toEqual([[true, undefined]]);
  });

  test("is detected during a run", async () => {
    isDue = true;
    begin();
    await pass(100);
    isBuffered = true;
    news = 2;
    await pass(DUE_MS + 100);
    expect([known, open]).toEqual([2, null]);
  });
});

test("a stream is kept if an expected message does not exist", async () => {
  const { expect: due } = begin();
  await pass(100);
  due();
  await pass(5 * PING_MS);
  expect([opened, asked]).toEqual([1, 1]);
});

describe("a connection that dies without an error", () => {
  test("is noticed within 30 s, and later restored", async () => {
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

  test("and comes back within that time goes unnoticed", async () => {
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

test("a stream that ends is opened again, if the server answers", async () => {
  begin();
  await pass(100);
  open?.onEnd();
  news = 3;
  await pass(POLL_MS + 200);
  expect([known, opened]).toEqual([3, 2]);
  expect(said).toEqual([[true, undefined]]);
});

test("if the server refuses the stream, the page polls and does not retry at once", async () => {
  begin();
  for (let i = 0; i < 5; i++) {
    open?.onEnd();
    await pass(POLL_MS + 60);
  }
  expect(opened).toBe(1);
});

test("a captive portal is reported as the reason, until the server answers", async () => {
  begin();
  await pass(100);
  isPortal = true;
  open?.onEnd();
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

test("a hidden tab closes the connection, and reports no loss when it is shown again", async () => {
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

test("after the machine slept, the page reconnects without reporting a loss", async () => {
  begin();
  await pass(100);
  await vi.advanceTimersByTimeAsync(SILENCE_MS); // without pings
  await pass(LATE_MS);
  expect(said).toEqual([[true, undefined]]);
  expect([asked, opened]).toEqual([1, 2]);
});

test.each([3_600_000, -3_600_000])("a system clock that jumps by %i ms has no effect", async (jump) => {
  begin();
  await pass(100);
  vi.setSystemTime(Date.now() + jump);
  await pass(10 * SILENCE_MS);
  expect(said).toEqual([[true, undefined]]);
  expect([asked, opened]).toEqual([0, 1]);
});

test("if other tabs have too many streams open, the page polls", async () => {
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

test("a closed connection neither polls nor opens a stream", async () => {
  const connection = begin();
  await pass(100);
  connection.close();
  show(false);
  show(true);
  await pass(5 * SILENCE_MS);
  expect([open, opened, asked]).toEqual([null, 1, 0]);
});
