import { expect, inject, test } from "vitest";
import { namesOf } from "./hidden";
import { CONTROLS } from "./types";

test("Train is hidden together with the other controls of training", () => {
  expect(namesOf(["train", "seed"])).toEqual(["train", "step", "pause", "reset", "epochs", "seed"]);
});

test("a drawer is hidden if all its important controls are", () => {
  expect(namesOf(["net"])).toEqual(["net"]);
  expect(namesOf(["optimizer", "net"])).toEqual(["optimizer", "net", "options"]);
});

test("all controls are names of ?hide=", () => {
  const names = Object.keys(inject("words")).filter((key) => key.startsWith("hide."));
  for (const name of namesOf(CONTROLS)) expect(names).toContain(`hide.${name}`);
});
