// Three plots of the whole class: all curves, a histogram of losses, and left against right slopes. Each student is a
// line, a block or a dot that can be found by its position.
import type { Range } from "../../core/types";
import { type Ground, POINTS } from "../rows/curves";
import { WHYS } from "../rows/types";
import { type Axes, axesIn, paintAxes } from "./axes";
import * as histogram from "./histogram";
import { isWithin } from "./layout";
import * as looks from "./look";
import * as motions from "./motion";
import type { Actor } from "./scene";
import * as screens from "./screen";
import { type Marks, trace } from "./tiles";

type Look = looks.Look;

const MANY = 60; // more curves are drawn 1 pixel wide, which takes half the time
const MIN_MARK = 2; // pixels; smaller marks in blocks are left out
const NEAR = 14; // pixels; the greatest distance from the mouse at which a line or a dot is found

const isMarked = ({ row }: Actor, { chosen, pointed }: Marks) => row.n === chosen || row.n === pointed;
// Marked students are drawn last, above the others.
const inOrder = (actors: Actor[], marks: Marks) =>
  [...actors].sort((a, b) => Number(isMarked(a, marks)) - Number(isMarked(b, marks)));

const inside = (value: number, [low, high]: Range) => Math.min(Math.max(value, low), high);

// --- all curves -----------------------------------------------------------------------------------
const values = new Float32Array(POINTS);
const curvesAxes = (screen: screens.Screen, { x, span }: Ground, look: Look) =>
  axesIn(screen, [x[0], x[x.length - 1]], span, look);

export const paintCurves = (
  screen: screens.Screen,
  actors: Actor[],
  ground: Ground | null,
  look: Look,
  marks: Marks,
  now: number,
) => {
  const pen = screens.begin(screen);
  if (!ground) return;
  const axes = curvesAxes(screen, ground, look);
  const { x, y, width, height } = axes.box;
  const box = [x, y, width, height] as const;
  paintAxes(pen, axes, look);
  const shown = actors.filter((actor) => actor.yhat && actor.ground === ground);
  const faint = Math.max(0.14, Math.min(0.6, 12 / Math.max(shown.length, 1)));
  for (const actor of inOrder(shown, marks)) {
    if (!actor.yhat) continue;
    const isClear = isMarked(actor, marks);
    pen.beginPath();
    trace(pen, motions.at(actor.yhat, now, values), ground.span, box);
    pen.globalAlpha = 1;
    if (isClear) {
      pen.strokeStyle = look.surface;
      pen.lineWidth = 7;
      pen.stroke();
    }
    pen.globalAlpha = isClear ? 1 : faint;
    pen.strokeStyle = look.of[actor.row.why];
    pen.lineWidth = look.thick * (isClear ? 4 : shown.length > MANY ? 1 : 1.5);
    if (shown.length <= MANY) looks.dash(pen, actor.row.why);
    pen.stroke();
    pen.setLineDash([]);
  }
  pen.globalAlpha = 1;
  if (!ground.truth) return;
  pen.beginPath();
  trace(pen, ground.truth, ground.span, box);
  pen.setLineDash([7 * look.thick, 5 * look.thick]);
  pen.strokeStyle = look.truth;
  pen.lineWidth = 2 * look.thick;
  pen.stroke();
  pen.setLineDash([]);
};

const nearest = (actors: Actor[], distance: (actor: Actor) => number) => {
  let best: Actor | null = null;
  let least = NEAR;
  for (const actor of actors) {
    const far = distance(actor);
    if (far >= least) continue;
    best = actor;
    least = far;
  }
  return best?.row.n ?? null;
};

export const findCurve = (
  screen: screens.Screen,
  actors: Actor[],
  ground: Ground | null,
  look: Look,
  left: number,
  top: number,
): number | null => {
  if (!ground) return null;
  const { y, box } = curvesAxes(screen, ground, look);
  if (!isWithin(box, left, top)) return null;
  const i = Math.round(((left - box.x) / box.width) * (POINTS - 1));
  const shown = actors.filter((actor) => actor.yhat && actor.ground === ground);
  return nearest(shown, ({ yhat }) => Math.abs(y.toPixel(inside(yhat?.to[i] ?? 0, ground.span)) - top));
};

// --- losses ---------------------------------------------------------------------------------------
const one = new Float32Array(1);
const lossAxes = (screen: screens.Screen, range: Range, look: Look) => axesIn(screen, range, [0, 1], look, 8);

// The students with a loss, in the order of their groups, and their blocks.
const blocks = (screen: screens.Screen, actors: Actor[], range: Range, look: Look, now: number) => {
  const axes = lossAxes(screen, range, look);
  const shown = WHYS.flatMap((why) => actors.filter(({ row, loss }) => row.why === why && loss));
  const losses = shown.map(({ loss }) => (loss ? motions.at(loss, now, one)[0] : 0));
  const boxes = histogram.stack(losses, range, axes.box.width, axes.box.height);
  return { axes, shown, boxes: boxes.map((box) => ({ ...box, x: box.x + axes.box.x, y: box.y + axes.box.y })) };
};

export const paintLosses = (
  screen: screens.Screen,
  actors: Actor[],
  range: Range,
  look: Look,
  marks: Marks,
  now: number,
) => {
  const pen = screens.begin(screen);
  const { axes, shown, boxes } = blocks(screen, actors, range, look, now);
  paintAxes(pen, axes, look, false);
  boxes.forEach(({ x, y, width, height }, i) => {
    const isClear = isMarked(shown[i], marks);
    pen.fillStyle = isClear ? look.ink : look.of[shown[i].row.why];
    pen.fillRect(x + 0.5, y + (height > 3 ? 0.5 : 0), Math.max(width - 1, 1), height > 3 ? height - 1 : height);
    const r = 0.3 * Math.min(width, height);
    if (r < MIN_MARK) return;
    pen.fillStyle = look.surface;
    pen.strokeStyle = look.surface;
    looks.mark(pen, shown[i].row.why, x + width / 2, y + height / 2, r);
  });
};

export const findLoss = (
  screen: screens.Screen,
  actors: Actor[],
  range: Range,
  look: Look,
  left: number,
  top: number,
  now: number,
): number | null => {
  const { shown, boxes } = blocks(screen, actors, range, look, now);
  const i = boxes.findIndex((box) => isWithin(box, left, top));
  return shown[i]?.row.n ?? null;
};

// --- slopes ---------------------------------------------------------------------------------------
export type Names = [across: string, up: string]; // of the axes
const pair = new Float32Array(2);
const slopeAxes = (screen: screens.Screen, range: Range, look: Look) => axesIn(screen, range, range, look);
const dotOf = (actor: Actor, { x, y }: Axes, range: Range, now: number) => {
  if (!actor.slopes) return null;
  const [left, right] = motions.at(actor.slopes, now, pair);
  return [x.toPixel(inside(left, range)), y.toPixel(inside(right, range))] as const;
};

export const paintSlopes = (
  screen: screens.Screen,
  actors: Actor[],
  range: Range,
  aim: readonly [number, number] | null,
  [across, up]: Names,
  look: Look,
  marks: Marks,
  now: number,
) => {
  const pen = screens.begin(screen);
  const axes = slopeAxes(screen, range, look);
  paintAxes(pen, axes, look);
  const { x: left, y: top, height } = axes.box;
  pen.fillText(across, left + 4, top + height - 5);
  pen.fillText(up, left + 4, top + look.small);
  const r = look.thick * (actors.length > 120 ? 3.2 : 4.5);
  for (const actor of inOrder(actors, marks)) {
    const dot = dotOf(actor, axes, range, now);
    if (!dot) continue;
    const isClear = isMarked(actor, marks);
    pen.globalAlpha = isClear ? 1 : 0.7;
    pen.fillStyle = look.of[actor.row.why];
    pen.strokeStyle = look.of[actor.row.why];
    looks.mark(pen, actor.row.why, ...dot, isClear ? r + 2.5 : r);
    if (!isClear) continue;
    pen.beginPath();
    pen.arc(...dot, r + 6, 0, 2 * Math.PI);
    pen.strokeStyle = look.ink;
    pen.lineWidth = 2;
    pen.stroke();
  }
  pen.globalAlpha = 1;
  if (!aim) return;
  const [x, y] = [axes.x.toPixel(inside(aim[0], range)), axes.y.toPixel(inside(aim[1], range))];
  pen.strokeStyle = look.truth;
  pen.lineWidth = 2;
  pen.setLineDash([3, 3]);
  pen.beginPath();
  pen.arc(x, y, 9 * look.thick, 0, 2 * Math.PI);
  pen.stroke();
  pen.setLineDash([]);
};

export const findSlopes = (
  screen: screens.Screen,
  actors: Actor[],
  range: Range,
  look: Look,
  left: number,
  top: number,
  now: number,
): number | null => {
  const axes = slopeAxes(screen, range, look);
  return nearest(actors, (actor) => {
    const dot = dotOf(actor, axes, range, now);
    return dot ? Math.hypot(dot[0] - left, dot[1] - top) : Number.POSITIVE_INFINITY;
  });
};
