import { describe, expect, test, vi } from "vitest";
import * as api from "./api";

const html = (status: number) => new Response("<h1>Sign in</h1>", { status, headers: { "Content-Type": "text/html" } });
const json = (content: unknown, status = 200) => Response.json(content, { status });
const answers = (answer: unknown) => vi.stubGlobal("fetch", vi.fn().mockResolvedValue(answer));

describe("an answer of a captive portal", () => {
  const answersOfPortals: [string, unknown][] = [
    ["200", html(200)],
    ["403", html(403)],
    ["511 (network authentication required)", html(511)],
    ["a redirection", { type: "opaqueredirect", status: 0, headers: new Headers() }],
  ];
  test.each(answersOfPortals)("is an error of its own: %s", async (_, answer) => {
    answers(answer);
    expect(await api.command("a".repeat(22), "reset", {})).toEqual({ error: api.CAPTIVE_PORTAL });
  });

  test("is reported to listeners", async () => {
    const listener = vi.fn();
    api.onCaptivePortal(listener);
    answers(html(200));
    await expect(api.get("lessons.json")).rejects.toBe(api.CAPTIVE_PORTAL);
    expect(listener).toHaveBeenCalledOnce();
  });

  test("is never saved as a file", async () => {
    answers(html(200));
    await expect(api.requireOk(api.getResponse("export/x/script"))).rejects.toBe(api.CAPTIVE_PORTAL);
  });

  test("ends a streamed answer", async () => {
    answers(html(200));
    const lines = [];
    for await (const line of api.streamLines("rooms/board", {}, {})) lines.push(line);
    expect(lines).toEqual([{ error: api.CAPTIVE_PORTAL }]);
  });
});

test("a proxy's 502 is not taken for a captive portal", async () => {
  answers(html(502));
  expect(await api.command("a".repeat(22), "reset", {})).toEqual({ error: api.UNREACHABLE });
});

test("no request follows a redirection", async () => {
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => json({})),
  );
  await api.get("lessons.json");
  await api.post("rooms", {});
  for (const [, options] of vi.mocked(fetch).mock.calls) expect(options?.redirect).toBe("manual");
});

test("an error of the server is passed on", async () => {
  answers(json({ error: { code: "busy", args: {} } }, 429));
  expect(await api.command("a".repeat(22), "reset", {})).toEqual({ error: { code: "busy", args: {} } });
  answers(json({ error: { code: "session_unknown", args: {} } }, 404));
  await expect(api.requireOk(api.getResponse("export/x/script"))).rejects.toEqual({
    code: "session_unknown",
    args: {},
  });
});
