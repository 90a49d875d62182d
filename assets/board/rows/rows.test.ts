import { describe, expect, test } from "vitest";
import * as nets from "../../core/net/net";
import { golden } from "../../vitest/golden";
import { arrange, type View } from "./arrange";
import * as curves from "./curves";
import { apply, count, percent, type Roster } from "./roster";
import { student, students } from "./sample-rows";

describe("the students of a room", () => {
  test("are updated by each line, and replaced by a first line", () => {
    const roster: Roster = new Map();
    apply(roster, { seats: students(3) }, true);
    apply(roster, { seats: [student(2, { name: "Mina" }), student(4)], gone: [1] });
    expect([...roster.keys()]).toEqual([2, 3, 4]);
    expect(roster.get(2)?.name).toBe("Mina");
    apply(roster, { ping: true });
    expect(roster.size).toBe(3);
    apply(roster, { seats: [student(9)] }, true);
    expect([...roster.keys()]).toEqual([9]);
  });
  test("are counted by group, with percentages", () => {
    const counts = count(students(15));
    expect(counts).toEqual({ both: 3, left: 2, right: 2, dead: 2, diverged: 2, not_yet: 2, not_started: 2 });
    expect(percent(counts.both, 15)).toBe(20);
    expect(percent(0, 0)).toBe(0);
  });
});

const all: View = { order: "seat", only: null, search: "", here: false };
const seats = (rows: ReturnType<typeof students>, view: Partial<View>) =>
  arrange(rows, { ...all, ...view }).map(({ outcome, rows }) => [outcome, ...rows.map(({ n }) => n)]);

describe("the tiles", () => {
  const rows = [
    student(1, { outcome: "left", loss: 0.4, name: "Bora", epoch: 5, seed: 9 }),
    student(2, { outcome: "left", loss: null, name: "", epoch: 50, seed: 8 }),
    student(3, { outcome: "both", loss: 0.3, name: "Aram", here: false, seed: 7 }),
    student(4, { outcome: "left", loss: 0.2, name: "aera", epoch: 5, seed: 9 }),
  ];
  test("are in groups, those that bend on both sides first; empty groups are left out", () => {
    expect(seats(rows, {})).toEqual([
      ["both", 3],
      ["left", 1, 2, 4],
    ]);
  });
  test("are sorted within their group; students without a loss or a name come last", () => {
    expect(seats(rows, { order: "loss", only: "left" })).toEqual([["left", 4, 1, 2]]);
    expect(seats(rows, { order: "name", only: "left" })).toEqual([["left", 4, 1, 2]]);
    expect(seats(rows, { order: "epoch", only: "left" })).toEqual([["left", 2, 1, 4]]);
    expect(seats(rows, { order: "seed", only: "left" })).toEqual([["left", 2, 1, 4]]);
  });
  test("are found by a part of the name or by the seat", () => {
    expect(seats(rows, { search: " ＡＲ " })).toEqual([["both", 3]]);
    expect(seats(rows, { search: "#4" })).toEqual([["left", 4]]);
    expect(seats(rows, { search: "4" })).toEqual([["left", 4]]);
    expect(seats(rows, { search: "nobody" })).toEqual([]);
  });
  test("can be limited to students whose page is connected", () => {
    expect(seats(rows, { here: true })).toEqual([["left", 1, 2, 4]]);
  });
});

describe("curves", () => {
  const data = {
    x: [-1, 0.5, 1],
    truth: { x: [-1, 0, 1], y: [0, 1, 0.5] },
    span: [0, 1] as [number, number],
    isBinary: false,
  };
  const place = curves.plotData(data);
  test("span the data; prob is interpolated", () => {
    expect([place.x[0], place.x[20], place.x[40]]).toEqual([-1, 0, 1]);
    expect([...(place.truth ?? [])].filter((_, i) => i % 10 === 0)).toEqual([0, 0.5, 1, 0.75, 0.5]);
    expect(curves.plotData({ ...data, truth: null }).truth).toBeNull();
  });
  test("the slopes are those of the truth, or of its logit for binary y", () => {
    expect(place.trueSlopes?.map((slope) => slope.toFixed(3))).toEqual(["1.000", "-0.500"]);
    const x = nets.grid(-2, 2, 401);
    const near = nets.bent({ left: 1, right: -2, b: 0.5 }, x).map(nets.sigmoid);
    expect(
      curves.plotData({ ...data, x, truth: { x, y: near }, isBinary: true }).trueSlopes?.map((z) => z.toFixed(2)),
    ).toEqual(["1.00", "-2.00"]);
    expect(curves.plotData({ ...data, x, truth: { x, y: x.map(() => 0) }, isBinary: true }).trueSlopes).toBeNull();
  });
  test("are computed from the student's weights", () => {
    for (const { net, p } of golden.nets) {
      const seen = curves.yhat(student(1, { net, numbers: p }), place.x);
      const expected = Float32Array.from(nets.yhat(p, place.x, net));
      expect(seen).toEqual(expected);
    }
  });
  test("of a wide net are computed from its logits", () => {
    const net = { ...nets.LECTURE, h: 99 };
    const logits = nets.grid(-1, 1, 101).map((x) => 3 * x);
    const seen = curves.yhat(student(1, { net, numbers: logits, plain: false }), place.x) ?? [];
    place.x.forEach((x, i) => expect(seen[i]).toBeCloseTo(nets.sigmoid(3 * x), 5));
  });
  test("are null if a weight is not finite", () => {
    expect(curves.yhat(student(1, { numbers: [1, null, 1, 1, 1] }), place.x)).toBeNull();
  });
});
