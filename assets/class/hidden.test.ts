import { expect, inject, test } from "vitest";
import { namesOf } from "./hidden";
import { CONTROLS } from "./types";

test("who hides Train hides all that trains", () => {
  expect(namesOf(["train", "seed"])).toEqual(["train", "step", "pause", "reset", "epochs", "seed"]);
});

test("no button is left of a drawer that is emptied", () => {
  expect(namesOf(["net"])).toEqual(["net"]);
  expect(namesOf(["optimizer", "net"])).toEqual(["optimizer", "net", "options"]);
});

test("all are names of ?hide=", () => {
  const names = Object.keys(inject("words")).filter((key) => key.startsWith("hide."));
  for (const name of namesOf(CONTROLS)) expect(names).toContain(`hide.${name}`);
});
