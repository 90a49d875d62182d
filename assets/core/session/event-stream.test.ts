import { beforeEach, describe, expect, test, vi } from "vitest";
import { DUE_MS, POLL_MS } from "./connection";
import { follow } from "./event-stream";

vi.mock("./stream-limit", () => ({ claim: () => () => {} }));

class Source extends EventTarget {
  static open: Source | null = null;
  onerror = () => {};
  constructor(readonly address: string) {
    super();
    Source.open = this;
  }
  close() {
    if (Source.open === this) Source.open = null;
  }
}
const send = (name: string, data: unknown) =>
  Source.open?.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));

const state = (version: number, status = "idle") => ({ version, status });
let answer: () => Response;
let heard: unknown[];
let asked: string[];

const begin = () => {
  const stream = follow(() => ({ stream: "stream/a?since=3", frames: "frames/a?since=3" }), {
    onRoom: (room) => {
      heard.push(["room", room]);
      if (room === null) stream.close();
    },
    onState: ({ version }) => heard.push(["state", version]),
    onFrames: (rows) => heard.push(["frames", rows.length]),
    onLost: ({ code }) => heard.push(["lost", code]),
    onConnection: () => {},
  });
  return stream;
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return answer();
  });
  answer = () => Response.json({ state: state(1), frames: [] });
  [heard, asked, Source.open] = [[], [], null];
  return () => vi.useRealTimers();
});

test("messages of the stream go to the listeners; a ping only keeps the connection alive", async () => {
  begin();
  send("room", { sid: null });
  send("state", state(1));
  send("frames", { frames: [[1], [2]] });
  send("ping", {});
  expect(heard).toEqual([
    ["room", { sid: null }],
    ["state", 1],
    ["frames", 2],
  ]);
  await pass(DUE_MS);
  expect(asked).toEqual([]);
});

test("a polled answer goes to the same listeners, frames only if there are any", async () => {
  begin();
  answer = () => Response.json({ room: { sid: "b" }, state: state(2), frames: [] });
  await pass(DUE_MS);
  answer = () => Response.json({ room: { sid: "b" }, state: state(3), frames: [[4]] });
  await pass(POLL_MS);
  expect(asked).toEqual(["frames/a?since=3", "frames/a?since=3"]);
  expect(heard).toEqual([
    ["room", { sid: "b" }],
    ["state", 2],
    ["room", { sid: "b" }],
    ["state", 3],
    ["frames", 1],
  ]);
});

describe("a command", () => {
  test("whose result the stream has delivered causes no request", async () => {
    const stream = begin();
    send("state", state(2));
    stream.expect(2);
    await pass(2 * DUE_MS);
    expect([asked, Source.open === null]).toEqual([[], false]);
  });

  test("whose result the stream does not deliver causes a request", async () => {
    const stream = begin();
    send("state", state(1));
    stream.expect(2);
    answer = () => Response.json({ state: state(2), frames: [] });
    await pass(DUE_MS);
    expect(heard).toEqual([
      ["state", 1],
      ["state", 2],
    ]);
    expect(Source.open).toBeNull();
  });
});

test("during a run a silent stream causes a request", async () => {
  begin();
  send("state", state(1, "running"));
  await pass(DUE_MS);
  expect(asked).toHaveLength(1);
});

test.each([
  ["session_unknown", 404],
  ["room_forbidden", 403],
])("a session that the server does not know is reported once: %s", async (code, status) => {
  begin();
  answer = () => Response.json({ error: { code, args: {} } }, { status });
  Source.open?.onerror();
  await pass(10 * POLL_MS);
  expect(heard).toEqual([["lost", code]]);
  expect([asked.length, Source.open]).toEqual([1, null]);
});

test("the state and frames in the answer that ends a class are ignored", async () => {
  begin();
  answer = () => Response.json({ room: null, state: state(5), frames: [[9]] });
  await pass(DUE_MS);
  expect(heard).toEqual([["room", null]]);
});
