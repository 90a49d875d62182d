import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { command, withRetries } from "./api";

const refused = (seconds: string) => new Response("{}", { status: 429, headers: { "Retry-After": seconds } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a refused request is sent again after the wait that the server asks for", async () => {
  const request = vi.fn(async () => refused("2")).mockResolvedValueOnce(refused("3"));
  request.mockResolvedValueOnce(refused("2")).mockResolvedValueOnce(new Response("done"));
  const answer = withRetries(request);
  await vi.advanceTimersByTimeAsync(2999);
  expect(request).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2001);
  expect(await (await answer).text()).toBe("done");
  expect(request).toHaveBeenCalledTimes(3);
});

test("a refusal is returned at once if the wait is long, and after three retries otherwise", async () => {
  const long = vi.fn(async () => refused("60"));
  expect((await withRetries(long)).status).toBe(429);
  expect(long).toHaveBeenCalledOnce();
  const short = vi.fn(async () => refused("1"));
  const answer = withRetries(short);
  await vi.runAllTimersAsync();
  expect((await answer).status).toBe(429);
  expect(short).toHaveBeenCalledTimes(4);
});

test("a command is retried, and returns the last refusal", async () => {
  const error = { code: "too_many", args: { seconds: 30 } };
  const headers = { "Retry-After": "30" };
  const fetched = vi.fn(async () => Response.json({ error }, { status: 429, headers }));
  fetched.mockResolvedValueOnce(refused("1"));
  vi.stubGlobal("fetch", fetched);
  const answer = command("sid", "seeds", {});
  await vi.runAllTimersAsync();
  expect(await answer).toEqual({ error });
  expect(fetched).toHaveBeenCalledTimes(2);
});
