// Sample students for tests, as the server could send them.
import { LECTURE } from "../../core/net/net";
import { OUTCOMES, type Row } from "./types";

export const student = (n: number, changes: Partial<Row> = {}): Row => ({
  n,
  name: "",
  name_hidden: false,
  here: true,
  data: "key",
  seed: n,
  epoch: 0,
  loss: 0.5,
  status: "idle",
  outcome: "not_started",
  slopes: [1, -1],
  net: LECTURE,
  numbers: [1, -1, -4.5, -9, 4.5],
  plain: true,
  ...changes,
});

// `count` students, distributed over all groups.
export const students = (count: number) =>
  Array.from({ length: count }, (_, i) => student(i + 1, { outcome: OUTCOMES[i % OUTCOMES.length] }));
