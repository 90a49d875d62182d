import { describe, expect, test, vi } from "vitest";
import * as api from "./api";

const html = (status: number) => new Response("<h1>Sign in</h1>", { status, headers: { "Content-Type": "text/html" } });
const json = (content: unknown, status = 200) => Response.json(content, { status });
const answers = (answer: unknown) => vi.stubGlobal("fetch", vi.fn().mockResolvedValue(answer));

describe("a page of the network's own in place of an answer", () => {
  const foreign: [string, unknown][] = [
    ["200", html(200)],
    ["403", html(403)],
    ["511, which is made for that", html(511)],
    ["a redirection elsewhere", { type: "opaqueredirect", status: 0, headers: new Headers() }],
  ];
  test.each(foreign)("is a refusal with a word of its own: %s", async (_, answer) => {
    answers(answer);
    expect(await api.command("a".repeat(22), "reset", {})).toEqual({ error: api.FOREIGN });
  });

  test("is told whoever wants to know", async () => {
    const listener = vi.fn();
    api.onForeign(listener);
    answers(html(200));
    await expect(api.get("lessons.json")).rejects.toBe(api.FOREIGN);
    expect(listener).toHaveBeenCalledOnce();
  });

  test("is never saved as a file", async () => {
    answers(html(200));
    await expect(api.attachment(api.ask("export/x/script"))).rejects.toBe(api.FOREIGN);
  });

  test("ends an answer in lines", async () => {
    answers(html(200));
    const lines = [];
    for await (const line of api.lines("rooms/board", {}, {})) lines.push(line);
    expect(lines).toEqual([{ error: api.FOREIGN }]);
  });
});

test("a proxy whose server is gone is not such a page", async () => {
  answers(html(502));
  expect(await api.command("a".repeat(22), "reset", {})).toEqual({ error: api.UNREACHABLE });
});

test("no request follows a redirection, since the server sends none", async () => {
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => json({})),
  );
  await api.get("lessons.json");
  await api.post("rooms", {});
  for (const [, options] of vi.mocked(fetch).mock.calls) expect(options?.redirect).toBe("manual");
});

test("a refusal of the server's is what it says", async () => {
  answers(json({ error: { code: "busy", args: {} } }, 429));
  expect(await api.command("a".repeat(22), "reset", {})).toEqual({ error: { code: "busy", args: {} } });
  answers(json({ error: { code: "session_unknown", args: {} } }, 404));
  await expect(api.attachment(api.ask("export/x/script"))).rejects.toEqual({ code: "session_unknown", args: {} });
});
