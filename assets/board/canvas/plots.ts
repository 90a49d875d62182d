// Three plots of the whole class: all curves, a histogram of losses, and left against right slopes. Each student is a
// line, a block or a dot that can be found by its position.
import { clamp, endsOf } from "../../core/ranges";
import type { Range } from "../../core/types";
import { type PlotData, POINTS } from "../rows/curves";
import { OUTCOMES } from "../rows/types";
import { type Axes, axesIn, paintAxes } from "./axes";
import * as hidpi from "./hidpi-canvas";
import * as histogram from "./histogram";
import { hit, isWithin } from "./layout";
import type { Student } from "./scene";
import * as themes from "./theme";
import { type Marks, trace } from "./tiles";
import * as tweens from "./tween";

type Theme = themes.Theme;
// What the plots show at the time `now`.
export type Shown = { students: Student[]; marks: Marks; theme: Theme; now: number };

const MANY = 60; // if there are more curves, they are drawn 1 pixel wide, which takes half the time
const MIN_MARK = 2; // pixels; smaller marks in blocks are left out
const NEAR = 14; // pixels; a line or a dot is found if it is this near to the mouse

const isMarked = ({ row }: Student, { chosen, pointed }: Marks) => row.n === chosen || row.n === pointed;
// Marked students are drawn last, above the others.
const inOrder = (students: Student[], marks: Marks) =>
  [...students].sort((a, b) => Number(isMarked(a, marks)) - Number(isMarked(b, marks)));

// --- all curves -----------------------------------------------------------------------------------
const values = new Float32Array(POINTS);
const curvesAxes = (canvas: hidpi.Canvas, { x, span }: PlotData, theme: Theme) =>
  axesIn(canvas, endsOf(x), span, theme);
const withCurve = (students: Student[], plotData: PlotData) =>
  students.filter((student) => student.yhat && student.plotData === plotData);

export const paintCurves = (
  canvas: hidpi.Canvas,
  { students, marks, theme, now }: Shown,
  plotData: PlotData | null,
) => {
  const pen = hidpi.begin(canvas);
  if (!plotData) return;
  const axes = curvesAxes(canvas, plotData, theme);
  const { x, y, width, height } = axes.box;
  const box = [x, y, width, height] as const;
  paintAxes(pen, axes, theme);
  const drawn = withCurve(students, plotData);
  const faint = Math.max(0.14, Math.min(0.6, 12 / Math.max(drawn.length, 1)));
  for (const student of inOrder(drawn, marks)) {
    if (!student.yhat) continue;
    const isClear = isMarked(student, marks);
    pen.beginPath();
    trace(pen, tweens.at(student.yhat, now, values), plotData.span, box);
    pen.globalAlpha = 1;
    if (isClear) {
      pen.strokeStyle = theme.surface;
      pen.lineWidth = 7;
      pen.stroke();
    }
    pen.globalAlpha = isClear ? 1 : faint;
    pen.strokeStyle = theme.of[student.row.outcome];
    pen.lineWidth = theme.thick * (isClear ? 4 : drawn.length > MANY ? 1 : 1.5);
    if (drawn.length <= MANY) themes.dash(pen, student.row.outcome);
    pen.stroke();
    pen.setLineDash([]);
  }
  pen.globalAlpha = 1;
  if (!plotData.truth) return;
  pen.beginPath();
  trace(pen, plotData.truth, plotData.span, box);
  pen.setLineDash([7 * theme.thick, 5 * theme.thick]);
  pen.strokeStyle = theme.truth;
  pen.lineWidth = 2 * theme.thick;
  pen.stroke();
  pen.setLineDash([]);
};

const nearest = (students: Student[], distance: (student: Student) => number) => {
  let best: Student | null = null;
  let least = NEAR;
  for (const student of students) {
    const far = distance(student);
    if (far >= least) continue;
    best = student;
    least = far;
  }
  return best?.row.n ?? null;
};

export const findCurve = (
  canvas: hidpi.Canvas,
  { students, theme }: Shown,
  plotData: PlotData | null,
  left: number,
  top: number,
): number | null => {
  if (!plotData) return null;
  const { y, box } = curvesAxes(canvas, plotData, theme);
  if (!isWithin(box, left, top)) return null;
  const i = Math.round(((left - box.x) / box.width) * (POINTS - 1));
  const distance = ({ yhat }: Student) => Math.abs(y.toPixel(clamp(yhat?.to[i] ?? 0, ...plotData.span)) - top);
  return nearest(withCurve(students, plotData), distance);
};

// --- losses ---------------------------------------------------------------------------------------
const one = new Float32Array(1);

// The students with a loss, in the order of their groups, and their blocks.
const blocks = (canvas: hidpi.Canvas, { students, theme, now }: Shown, range: Range) => {
  const axes = axesIn(canvas, range, [0, 1], theme, 8);
  const inGroups = OUTCOMES.flatMap((outcome) => students.filter(({ row, loss }) => row.outcome === outcome && loss));
  const losses = inGroups.map(({ loss }) => (loss ? tweens.at(loss, now, one)[0] : 0));
  const boxes = histogram.stack(losses, range, axes.box.width, axes.box.height);
  return { axes, inGroups, boxes: boxes.map((box) => ({ ...box, x: box.x + axes.box.x, y: box.y + axes.box.y })) };
};

export const paintLosses = (canvas: hidpi.Canvas, shown: Shown, range: Range) => {
  const { marks, theme } = shown;
  const pen = hidpi.begin(canvas);
  const { axes, inGroups, boxes } = blocks(canvas, shown, range);
  paintAxes(pen, axes, theme, false);
  boxes.forEach(({ x, y, width, height }, i) => {
    const { outcome } = inGroups[i].row;
    pen.fillStyle = isMarked(inGroups[i], marks) ? theme.ink : theme.of[outcome];
    pen.fillRect(x + 0.5, y + (height > 3 ? 0.5 : 0), Math.max(width - 1, 1), height > 3 ? height - 1 : height);
    const r = 0.3 * Math.min(width, height);
    if (r < MIN_MARK) return;
    pen.fillStyle = theme.surface;
    pen.strokeStyle = theme.surface;
    themes.mark(pen, outcome, x + width / 2, y + height / 2, r);
  });
};

export const findLoss = (canvas: hidpi.Canvas, shown: Shown, range: Range, left: number, top: number) => {
  const { inGroups, boxes } = blocks(canvas, shown, range);
  return inGroups[hit(boxes, left, top)]?.row.n ?? null;
};

// --- slopes ---------------------------------------------------------------------------------------
export type Names = [across: string, up: string]; // of the axes
const pair = new Float32Array(2);
const dotOf = (student: Student, { x, y }: Axes, range: Range, now: number) => {
  if (!student.slopes) return null;
  const [left, right] = tweens.at(student.slopes, now, pair);
  return [x.toPixel(clamp(left, ...range)), y.toPixel(clamp(right, ...range))] as const;
};

export const paintSlopes = (
  canvas: hidpi.Canvas,
  { students, marks, theme, now }: Shown,
  range: Range,
  plotData: PlotData | null,
  [across, up]: Names,
) => {
  const pen = hidpi.begin(canvas);
  const axes = axesIn(canvas, range, range, theme);
  paintAxes(pen, axes, theme);
  const { x: left, y: top, height } = axes.box;
  pen.fillText(across, left + 4, top + height - 5);
  pen.fillText(up, left + 4, top + theme.small);
  const r = theme.thick * (students.length > 120 ? 3.2 : 4.5);
  for (const student of inOrder(students, marks)) {
    const dot = dotOf(student, axes, range, now);
    if (!dot) continue;
    const isClear = isMarked(student, marks);
    pen.globalAlpha = isClear ? 1 : 0.7;
    pen.fillStyle = theme.of[student.row.outcome];
    pen.strokeStyle = theme.of[student.row.outcome];
    themes.mark(pen, student.row.outcome, ...dot, isClear ? r + 2.5 : r);
    if (!isClear) continue;
    pen.beginPath();
    pen.arc(...dot, r + 6, 0, 2 * Math.PI);
    pen.strokeStyle = theme.ink;
    pen.lineWidth = 2;
    pen.stroke();
  }
  pen.globalAlpha = 1;
  const trueSlopes = plotData?.trueSlopes;
  if (!trueSlopes) return;
  const [x, y] = [axes.x.toPixel(clamp(trueSlopes[0], ...range)), axes.y.toPixel(clamp(trueSlopes[1], ...range))];
  pen.strokeStyle = theme.truth;
  pen.lineWidth = 2;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  pen.arc(x, y, 9 * theme.thick, 0, 2 * Math.PI);
  pen.stroke();
  pen.setLineDash([]);
};

export const findSlopes = (
  canvas: hidpi.Canvas,
  { students, theme, now }: Shown,
  range: Range,
  left: number,
  top: number,
) => {
  const axes = axesIn(canvas, range, range, theme);
  return nearest(students, (student) => {
    const dot = dotOf(student, axes, range, now);
    return dot ? Math.hypot(dot[0] - left, dot[1] - top) : Number.POSITIVE_INFINITY;
  });
};
