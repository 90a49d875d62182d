import { beforeEach, expect, test, vi } from "vitest";
import { DUE_MS, LATE_MS, POLL_MS, SILENCE_MS, STREAM_RETRY_MS } from "../../core/session/connection";
import { follow } from "./feed";
import type { Line } from "./types";

vi.mock("../../core/session/stream-limit", () => ({ claim: () => () => {} }));

const realTimeout = globalThis.setTimeout;

let send: (line: object) => void; // sends a line of the open stream
let now: () => Promise<Response>; // the answer to a polling request
let opened: number; // streams so far
let received: [line: Line, isFirst: boolean][];
let said: [isConnected: boolean, reason: string | undefined][]; // calls of onConnection
let ended: string[];

const begin = () =>
  follow({
    onLine: (line, isFirst) => received.push([line, isFirst]),
    onConnection: (isConnected, reason) => said.push([isConnected, reason?.code]),
    onEnd: ({ code }) => ended.push(code),
  });

const stream = (signal: AbortSignal) => {
  opened += 1;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      send = (line) => controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
      signal.addEventListener("abort", () => controller.error(signal.reason));
    },
  });
  return new Response(body, { headers: { "Content-Type": "application/x-ndjson" } });
};

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const row = (n: number) => ({ n, epoch: 10 * n });
// The stream's decoder needs several tasks of the event loop.
const arrival = async (count: number) => {
  for (let i = 0; received.length < count && i < 1000; i++) await new Promise((done) => realTimeout(done, 0));
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  [opened, received, said, ended] = [0, [], [], []];
  now = async () => Response.json({ room: { code: "K7N4PX" }, seats: [row(1)] });
  vi.stubGlobal("fetch", async (path: string, { signal }: { signal: AbortSignal }) =>
    path.endsWith("/now") ? now() : stream(signal),
  );
  return () => vi.useRealTimers();
});

test("the first line with students is reported as the first", async () => {
  begin();
  await pass(10);
  send({ room: { code: "K7N4PX" } });
  send({ seats: [row(1)] });
  send({ seats: [row(2)] });
  await arrival(3);
  expect(received.map(([, isFirst]) => isFirst)).toEqual([true, true, false]);
});

test("if a proxy buffers the lines, the whole board is polled", async () => {
  begin();
  await pass(DUE_MS + 10);
  now = async () => Response.json({ room: { code: "K7N4PX" }, seats: [row(1), row(2)] });
  await pass(POLL_MS);
  expect(received.map(([line, isFirst]) => [line.seats?.length, isFirst])).toEqual([
    [1, true],
    [2, true],
  ]);
  await pass(STREAM_RETRY_MS);
  expect(opened).toBe(2);
});

test("after a silence the board is polled, and the connection reported as lost", async () => {
  begin();
  await pass(10);
  send({ room: { code: "K7N4PX" } });
  await arrival(1);
  now = () => new Promise(() => {});
  await pass(SILENCE_MS + LATE_MS);
  expect(said).toEqual([
    [true, undefined],
    [false, undefined],
  ]);
});

test("a captive portal is reported as the reason", async () => {
  begin();
  now = async () => new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } });
  await pass(DUE_MS + 10);
  expect(said).toEqual([[false, "foreign"]]);
});

test("the end of the room is reported once", async () => {
  begin();
  now = async () => Response.json({ error: { code: "room_ended", args: {} } }, { status: 404 });
  await pass(STREAM_RETRY_MS);
  expect(ended).toEqual(["room_ended"]);
});
