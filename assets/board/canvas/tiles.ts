// Paints the tiles: each student's yhat with prob, and the name, loss and epoch.

import { clamp } from "../../core/ranges";
import * as numbers from "../../core/text/numbers";
import type { Range } from "../../core/types";
import type { PlotData } from "../rows/curves";
import { POINTS } from "../rows/curves";
import type { Outcome } from "../rows/types";
import * as hidpi from "./hidpi-canvas";
import { hasLoss, hasName, headHeight, lineHeight } from "./layout";
import type { Scene, Student } from "./scene";
import * as themes from "./theme";
import * as tweens from "./tween";

type Pen = CanvasRenderingContext2D;
type Theme = themes.Theme;
export type Words = {
  head: (outcome: Outcome, count: number) => [name: string, count: string];
  name: (student: Student) => string; // on the tile
};
export type Marks = { chosen: number | null; pointed: number | null; spotlight: number | null };

const PAD = 4; // pixels around the curve in a tile
const AWAY_OPACITY = 0.45; // opacity of the tile of a student whose page is not connected
const RADIUS = 5;
const DEFAULT_LETTER = 11; // pixels

const numbersOf = new Float32Array(POINTS);
const placeOf = new Float32Array(4);

// "0.4631"; in a small tile "0.463", in a tiny one ".46"
export const lossWords = (loss: number | null, width: number) => {
  if (width >= 60) return numbers.fixed(loss, width >= 80 ? 4 : 3);
  return numbers.fixed(loss, 2).replace(/^0\./, ".");
};

// "4,680"; in a small tile "4.7k", in a tiny one "5k"
export const epochWords = (epoch: number, width: number) => {
  if (width >= 120 || epoch < 1000) return numbers.whole(epoch);
  const digits = width >= 60 ? 1 : 0;
  return epoch < 1e6 ? `${numbers.short(epoch / 1e3, digits)}k` : `${numbers.short(epoch / 1e6, digits)}M`;
};

// Add a curve to the pen's path, clipped to a box.
export const trace = (
  pen: Pen,
  values: ArrayLike<number>,
  [low, high]: Range,
  [x, y, width, height]: readonly [number, number, number, number],
  every = 1,
) => {
  const last = values.length - 1;
  const scale = height / (high - low);
  for (let i = 0; i <= last; i += every) {
    const down = y + height - (values[i] - low) * scale;
    const inside = clamp(down, y, y + height);
    if (i) pen.lineTo(x + (width * i) / last, inside);
    else pen.moveTo(x, inside);
  }
};

const boxOf = (width: number, height: number, letter: number) => {
  const line = lineHeight(width, letter);
  const top = PAD + (hasName(width, letter) ? line : 0);
  const bottom = PAD + (hasLoss(width, letter) ? line : 0);
  return [PAD, top, width - 2 * PAD, height - top - bottom] as const;
};

// The background of a tile (its card, and prob as a dashed line), drawn once for all tiles of the same data and size.
const cards = new Map<string, hidpi.Canvas>();
let plotDataIds = new WeakMap<PlotData, number>();
let nextId = 1;
const idOf = (plotData: PlotData | null) => {
  if (!plotData) return 0;
  const id = plotDataIds.get(plotData) ?? nextId++;
  plotDataIds.set(plotData, id);
  return id;
};
export const forget = () => {
  cards.clear();
  plotDataIds = new WeakMap();
};

const cardOf = (plotData: PlotData | null, width: number, height: number, ratio: number, theme: Theme) => {
  const key = `${idOf(plotData)} ${width} ${height} ${ratio}`;
  const known = cards.get(key);
  if (known) return known;
  if (cards.size > 200) cards.clear(); // an animation makes cards of many sizes
  const card = hidpi.hidden(width, height, ratio);
  const { pen } = card;
  pen.beginPath();
  pen.roundRect(0.5, 0.5, width - 1, height - 1, RADIUS);
  pen.fillStyle = theme.page;
  pen.fill();
  pen.strokeStyle = theme.line;
  pen.lineWidth = 1;
  pen.stroke();
  if (plotData?.truth) {
    pen.beginPath();
    trace(pen, plotData.truth, plotData.span, boxOf(width, height, theme.small));
    pen.strokeStyle = theme.truth;
    pen.globalAlpha = 0.75;
    pen.lineWidth = width >= 240 ? 2 : width >= 92 ? 1.5 : 1;
    pen.setLineDash(width >= 46 ? [4, 3] : [2, 2]);
    pen.stroke();
  }
  cards.set(key, card);
  return card;
};

const ring = (pen: Pen, x: number, y: number, width: number, height: number, colour: string, line: number) => {
  pen.beginPath();
  pen.roundRect(x + line / 2, y + line / 2, width - line, height - line, RADIUS); // inside the tile, so that no edge cuts it
  pen.strokeStyle = colour;
  pen.lineWidth = line;
  pen.stroke();
};

const words = (pen: Pen, student: Student, theme: Theme, text: Words, width: number, height: number) => {
  const { row } = student;
  if (!hasLoss(width, theme.small)) return;
  const line = lineHeight(width, theme.small);
  const relativeWidth = (width * DEFAULT_LETTER) / theme.small; // determines the number of digits
  const px = line - 2;
  pen.font = `${px}px ${theme.family}`;
  pen.fillStyle = theme.ink;
  pen.fillText(lossWords(row.loss, relativeWidth), PAD + 1, height - 5);
  pen.fillStyle = theme.muted;
  pen.textAlign = "right";
  pen.fillText(epochWords(row.epoch, relativeWidth), width - PAD - 1, height - 5);
  pen.textAlign = "left";
  if (!hasName(width, theme.small)) return;
  pen.fillStyle = theme.ink;
  pen.font = `600 ${px}px ${theme.family}`;
  pen.fillText(text.name(student), PAD + 1, line, width - 2 * PAD - 2);
};

const paintTile = (pen: Pen, student: Student, theme: Theme, text: Words, marks: Marks, now: number, ratio: number) => {
  const { row, tile, plotData, yhat } = student;
  if (!tile) return;
  const [x, y, wide, high] = tweens.at(tile, now, placeOf);
  const [width, height] = [Math.round(wide), Math.round(high)];
  const card = cardOf(plotData, width, height, ratio, theme);
  pen.save();
  pen.translate(Math.round(x), Math.round(y));
  if (!row.here) pen.globalAlpha = AWAY_OPACITY;
  pen.drawImage(card.node, 0, 0, width, height);
  if (yhat && plotData) {
    pen.beginPath();
    trace(pen, tweens.at(yhat, now, numbersOf), plotData.span, boxOf(width, height, theme.small), width < 90 ? 2 : 1);
    pen.strokeStyle = theme.of[row.outcome];
    pen.lineWidth = width >= 240 ? 4 : width >= 92 ? 2.5 : width >= 46 ? 2 : 1.5;
    themes.dash(pen, row.outcome);
    pen.stroke();
    pen.setLineDash([]);
  }
  words(pen, student, theme, text, width, height);
  pen.globalAlpha = 1;
  if (marks.spotlight === row.n) ring(pen, 0, 0, width, height, theme.truth, 2);
  if (marks.pointed === row.n) ring(pen, 0, 0, width, height, theme.axis, 2);
  if (marks.chosen === row.n) ring(pen, 0, 0, width, height, theme.accent, 3);
  pen.restore();
};

const paintHead = (
  pen: Pen,
  outcome: Outcome,
  count: number,
  x: number,
  y: number,
  width: number,
  theme: Theme,
  text: Words,
) => {
  const [name, number] = text.head(outcome, count);
  pen.fillStyle = theme.of[outcome];
  pen.strokeStyle = theme.of[outcome];
  const middle = y + headHeight(theme.small) / 2 - 1;
  const r = 0.41 * theme.small;
  themes.mark(pen, outcome, x + 1.3 * r, middle, r);
  const px = Math.max(theme.small, Math.min(0.85 * theme.px, 19));
  pen.fillStyle = theme.ink;
  pen.font = `700 ${px}px ${theme.family}`;
  pen.fillText(number, x + 1.45 * theme.small, middle + 0.35 * px);
  const wide = pen.measureText(number).width;
  pen.font = `${Math.max(theme.small, 0.92 * px)}px ${theme.family}`;
  pen.fillStyle = theme.muted;
  if (pen.measureText(name).width <= width - 1.8 * theme.small - wide)
    pen.fillText(name, x + 2 * theme.small + wide, middle + 0.35 * px);
};

// `top`: the scroll position.
export const paint = (
  canvas: hidpi.Canvas,
  scene: Scene,
  theme: Theme,
  text: Words,
  marks: Marks,
  now: number,
  top = 0,
) => {
  const pen = hidpi.begin(canvas);
  pen.translate(0, -top);
  for (const { key, head } of scene.layout.blocks) {
    paintHead(pen, key.outcome, key.rows.length, head.x, head.y, head.width, theme, text);
  }
  for (const student of scene.order) {
    if (!student.tile) continue;
    const [, y, , height] = tweens.at(student.tile, now, placeOf);
    if (y + height < top || y > top + canvas.height) continue;
    paintTile(pen, student, theme, text, marks, now, canvas.ratio);
  }
};
