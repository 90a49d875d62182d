import { afterEach, expect, test, vi } from "vitest";
import { claim } from "./stream-limit";

const opened: (() => void)[] = [];
// A tab that opens a stream, and closes it when told that there are too many.
const tab = () => {
  const self = { isOpen: true, close: () => {} };
  self.close = claim(() => {
    self.isOpen = false;
    self.close();
  });
  opened.push(self.close);
  return self;
};
const tabs = (count: number) => Array.from({ length: count }, tab);
const open = (all: { isOpen: boolean }[]) => all.map(({ isOpen }) => isOpen);

afterEach(() => opened.splice(0).forEach((close) => close()));

test("of seven tabs that open at once, the first four have a stream", async () => {
  const all = tabs(7);
  await vi.waitFor(() => expect(open(all)).toEqual([true, true, true, true, false, false, false]));
});

test("a later tab may open a stream when an earlier one was closed", async () => {
  const first = tabs(4);
  const fifth = tab();
  await vi.waitFor(() => expect(fifth.isOpen).toBe(false));
  first[0].close();
  const again = tab();
  const last = tab();
  await vi.waitFor(() => expect(last.isOpen).toBe(false));
  expect([...open(first), again.isOpen]).toEqual([true, true, true, true, true]);
});

test("over HTTP/2 each tab has a stream", async () => {
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([{ nextHopProtocol: "h2" } as unknown as PerformanceEntry]);
  expect(tabs(7).every(({ isOpen }) => isOpen)).toBe(true);
  vi.restoreAllMocks();
  const alone = tab(); // no other tab replies
  await new Promise((done) => setTimeout(done, 20));
  expect(alone.isOpen).toBe(true);
});
