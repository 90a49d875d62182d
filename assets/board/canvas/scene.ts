// The contents of the board's canvases: for each student the animated tile, curve, slopes and loss.
import type { Range } from "../../core/types";
import type { Group } from "../rows/arrange";
import type { PlotData } from "../rows/curves";
import * as curves from "../rows/curves";
import type { Row } from "../rows/types";
import { type Box, type Layout, layout } from "./layout";
import * as tweens from "./tween";

type Tween = tweens.Tween;
export type Student = {
  row: Row;
  plotData: PlotData | null; // null until the data are loaded
  yhat: Tween | null;
  tile: Tween | null; // x, y, width, height
  slopes: Tween | null;
  loss: Tween | null;
};

export type Scene = {
  students: Map<number, Student>;
  order: Student[]; // students whose tiles are shown
  layout: Layout<Group>;
};

const GLIDE_MS = 450; // duration of a tile's motion
const MIN_WIDTH = 26; // of a tile
const MAX_WIDTH = { pixels: 230, share: 0.32 }; // of a tile: `pixels`, or this share of the box's width if that is more
const LARGE = 116; // the smallest width of tiles when zoomed to "large"
export type Zoom = "fit" | "large";

export const create = (): Scene => ({
  students: new Map(),
  order: [],
  layout: { blocks: [], tile: { width: 0, height: 0 }, height: 0 },
});

const newStudent = (row: Row): Student => ({ row, plotData: null, yhat: null, tile: null, slopes: null, loss: null });

// Animate the students, for `ms`, to the state in `rows`. `plotDataOf` returns null while data are being loaded.
export const update = (
  scene: Scene,
  rows: ReadonlyMap<number, Row>,
  plotDataOf: (key: string) => PlotData | null,
  now: number,
  ms: number,
) => {
  for (const n of scene.students.keys()) if (!rows.has(n)) scene.students.delete(n);
  for (const [n, row] of rows) {
    const student = scene.students.get(n) ?? newStudent(row);
    scene.students.set(n, student);
    const plotData = plotDataOf(row.data);
    const isSame = student.row === row && student.plotData === plotData;
    if (isSame && student.loss) continue;
    // A curve over other data is not animated.
    const before = student.plotData === plotData ? student.yhat : null;
    const next = plotData && curves.yhat(row, plotData.x);
    student.yhat = next && tweens.towards(before ?? undefined, next, now, ms);
    student.slopes = row.slopes && tweens.towards(student.slopes ?? undefined, row.slopes, now, ms);
    student.loss = row.loss === null ? null : tweens.towards(student.loss ?? undefined, [row.loss], now, ms);
    Object.assign(student, { row, plotData });
  }
};

const flat = ({ x, y, width, height }: Box) => [x, y, width, height];

// Animate the tiles of `groups` to their places in a box of this size.
export const place = (
  scene: Scene,
  groups: Group[],
  { width, height }: { width: number; height: number },
  zoom: Zoom,
  letter: number,
  now: number,
  isStill: boolean,
) => {
  const counted = groups.map((key) => ({ key, count: key.rows.length }));
  const least = width < 600 || zoom === "large" ? LARGE * (width < 600 ? 0.9 : 1) : MIN_WIDTH;
  const most = Math.max(MAX_WIDTH.pixels, MAX_WIDTH.share * width);
  scene.layout = layout(counted, width, height, { least, most, letter }, least);
  scene.order = [];
  const shown = new Set<Student>();
  for (const { key, places } of scene.layout.blocks) {
    key.rows.forEach((row, i) => {
      const student = scene.students.get(row.n);
      if (!student) return;
      student.tile = tweens.towards(student.tile ?? undefined, flat(places[i]), now, isStill ? 0 : GLIDE_MS);
      scene.order.push(student);
      shown.add(student);
    });
  }
  for (const student of scene.students.values()) if (!shown.has(student)) student.tile = null;
};

export const isMoving = ({ students }: Scene, now: number) => {
  for (const { yhat, tile, slopes, loss } of students.values()) {
    for (const tween of [yhat, tile, slopes, loss]) if (tween && tweens.isMoving(tween, now)) return true;
  }
  return false;
};

// A range of `values` that ignores the lowest and the highest 2 %; these values are drawn at its ends.
export const usualRange = (values: number[], least: number): Range => {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, least];
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [at(0.02), at(0.98)];
  const more = Math.max(0, least - (high - low)) / 2 + 0.04 * Math.max(high - low, least);
  return [low - more, high + more];
};
