import { expect, test, vi } from "vitest";
import { keep, remembered } from "./tabs";

test("the lock of a session whose id begins with a dash has a name that does not", () => {
  const request = vi.fn();
  const kept = new Map<string, string>();
  vi.stubGlobal("navigator", { locks: { request } });
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  expect(remembered()).toBeNull();
  keep("-an-id");
  keep("-an-id"); // holds it already
  expect(request).toHaveBeenCalledOnce();
  expect(request.mock.calls[0][0]).toMatch(/^[^-].*-an-id$/);
  expect(remembered()).toBe("-an-id");
});
