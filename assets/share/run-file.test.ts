import { expect, test } from "vitest";
import { START } from "../core/net/net";
import { read } from "./run-file";

const RUN = { program: "pwlapp", kind: "run", format: 1, build: { params: START, challenge: null }, saved: {} };
const file = (content: unknown, name = "pwlapp-run.json") =>
  new File([typeof content === "string" ? content : JSON.stringify(content)], name);

test("reads a run", async () => expect(await read(file(RUN))).toEqual(RUN));

test.each<[string, unknown, string]>([
  ["picture.png", "\x89PNG", "run_wrong"],
  ["other.json", { cells: [] }, "run_wrong"],
  ["a list", [RUN], "run_wrong"],
  ["cut.json", '{"program":"pwlapp","kind":"run","for', "run_damaged"],
  ["no format", { ...RUN, format: "1" }, "run_damaged"],
  ["a newer one", { ...RUN, format: 2 }, "run_future"],
  ["a newer session", { ...RUN, saved: { format: 2 } }, "run_future"],
  ["no Build", { ...RUN, build: {} }, "run_damaged"],
  ["four weights", { ...RUN, build: { ...RUN.build, params: [1, 2, 3, 4] } }, "run_damaged"],
  ["a large weight", { ...RUN, build: { ...RUN.build, params: [1, 2, 3, 4, 1e7] } }, "run_damaged"],
  ["a steep challenge", { ...RUN, build: { ...RUN.build, challenge: { left: 101, right: 0, b: 0 } } }, "run_damaged"],
  ["no session", { ...RUN, saved: "x" }, "run_damaged"],
])("rejects %s: %j", async (name, content, code) => {
  await expect(read(file(content, name))).rejects.toMatchObject({ code });
});

test("rejects a file that is too large, without reading it", async () => {
  await expect(read(file(" ".repeat(8_000_001)))).rejects.toEqual({ code: "too_big", args: { limit_mb: 8 } });
});
