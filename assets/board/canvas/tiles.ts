// Paints the tiles: each student's yhat with prob, and the name, loss and epoch.
import * as numbers from "../../core/text/numbers";
import type { Range } from "../../core/types";
import type { Ground } from "../rows/curves";
import { POINTS } from "../rows/curves";
import type { Why } from "../rows/types";
import { hasLoss, hasName, headHeight, lineHeight } from "./layout";
import * as looks from "./look";
import * as motions from "./motion";
import type { Actor, Scene } from "./scene";
import * as screens from "./screen";

type Pen = CanvasRenderingContext2D;
type Look = looks.Look;
export type Words = {
  head: (why: Why, count: number) => [name: string, count: string];
  name: (actor: Actor) => string; // on the tile
};
export type Marks = { chosen: number | null; pointed: number | null; spotlight: number | null };

const PAD = 4; // pixels around the curve in a tile
const AWAY_OPACITY = 0.45; // of a student whose page is not connected
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
    const inside = Math.min(Math.max(down, y), y + height);
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
const cards = new Map<string, screens.Screen>();
let groundIds = new WeakMap<Ground, number>();
let nextId = 1;
const idOf = (ground: Ground | null) => {
  if (!ground) return 0;
  const id = groundIds.get(ground) ?? nextId++;
  groundIds.set(ground, id);
  return id;
};
export const forget = () => {
  cards.clear();
  groundIds = new WeakMap();
};

const cardOf = (ground: Ground | null, width: number, height: number, ratio: number, look: Look) => {
  const key = `${idOf(ground)} ${width} ${height} ${ratio}`;
  const known = cards.get(key);
  if (known) return known;
  if (cards.size > 200) cards.clear(); // many are of sizes during a motion
  const card = screens.hidden(width, height, ratio);
  const { pen } = card;
  pen.beginPath();
  pen.roundRect(0.5, 0.5, width - 1, height - 1, RADIUS);
  pen.fillStyle = look.page;
  pen.fill();
  pen.strokeStyle = look.line;
  pen.lineWidth = 1;
  pen.stroke();
  if (ground?.truth) {
    pen.beginPath();
    trace(pen, ground.truth, ground.span, boxOf(width, height, look.small));
    pen.strokeStyle = look.truth;
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

const words = (pen: Pen, actor: Actor, look: Look, text: Words, width: number, height: number) => {
  const { row } = actor;
  if (!hasLoss(width, look.small)) return;
  const line = lineHeight(width, look.small);
  const relativeWidth = (width * DEFAULT_LETTER) / look.small; // for the number of digits
  const px = line - 2;
  pen.font = `${px}px ${look.family}`;
  pen.fillStyle = look.ink;
  pen.fillText(lossWords(row.loss, relativeWidth), PAD + 1, height - 5);
  pen.fillStyle = look.muted;
  pen.textAlign = "right";
  pen.fillText(epochWords(row.epoch, relativeWidth), width - PAD - 1, height - 5);
  pen.textAlign = "left";
  if (!hasName(width, look.small)) return;
  pen.fillStyle = look.ink;
  pen.font = `600 ${px}px ${look.family}`;
  pen.fillText(text.name(actor), PAD + 1, line, width - 2 * PAD - 2);
};

const paintTile = (pen: Pen, actor: Actor, look: Look, text: Words, marks: Marks, now: number, ratio: number) => {
  const { row, tile, ground, yhat } = actor;
  if (!tile) return;
  const [x, y, wide, high] = motions.at(tile, now, placeOf);
  const [width, height] = [Math.round(wide), Math.round(high)];
  const card = cardOf(ground, width, height, ratio, look);
  pen.save();
  pen.translate(Math.round(x), Math.round(y));
  if (!row.here) pen.globalAlpha = AWAY_OPACITY;
  pen.drawImage(card.node, 0, 0, width, height);
  if (yhat && ground) {
    pen.beginPath();
    trace(pen, motions.at(yhat, now, numbersOf), ground.span, boxOf(width, height, look.small), width < 90 ? 2 : 1);
    pen.strokeStyle = look.of[row.why];
    pen.lineWidth = width >= 240 ? 4 : width >= 92 ? 2.5 : width >= 46 ? 2 : 1.5;
    looks.dash(pen, row.why);
    pen.stroke();
    pen.setLineDash([]);
  }
  words(pen, actor, look, text, width, height);
  pen.globalAlpha = 1;
  if (marks.spotlight === row.n) ring(pen, 0, 0, width, height, look.truth, 2);
  if (marks.pointed === row.n) ring(pen, 0, 0, width, height, look.axis, 2);
  if (marks.chosen === row.n) ring(pen, 0, 0, width, height, look.accent, 3);
  pen.restore();
};

const paintHead = (pen: Pen, why: Why, count: number, x: number, y: number, width: number, look: Look, text: Words) => {
  const [name, number] = text.head(why, count);
  pen.fillStyle = look.of[why];
  pen.strokeStyle = look.of[why];
  const middle = y + headHeight(look.small) / 2 - 1;
  const r = 0.41 * look.small;
  looks.mark(pen, why, x + 1.3 * r, middle, r);
  const px = Math.max(look.small, Math.min(0.85 * look.px, 19));
  pen.fillStyle = look.ink;
  pen.font = `700 ${px}px ${look.family}`;
  pen.fillText(number, x + 1.45 * look.small, middle + 0.35 * px);
  const wide = pen.measureText(number).width;
  pen.font = `${Math.max(look.small, 0.92 * px)}px ${look.family}`;
  pen.fillStyle = look.muted;
  if (pen.measureText(name).width <= width - 1.8 * look.small - wide)
    pen.fillText(name, x + 2 * look.small + wide, middle + 0.35 * px);
};

// `top`: the scroll position.
export const paint = (
  screen: screens.Screen,
  scene: Scene,
  look: Look,
  text: Words,
  marks: Marks,
  now: number,
  top = 0,
) => {
  const pen = screens.begin(screen);
  pen.translate(0, -top);
  for (const { key, head } of scene.layout.blocks) {
    paintHead(pen, key.why, key.rows.length, head.x, head.y, head.width, look, text);
  }
  for (const actor of scene.order) {
    if (!actor.tile) continue;
    const [, y, , height] = motions.at(actor.tile, now, placeOf);
    if (y + height < top || y > top + screen.height) continue;
    paintTile(pen, actor, look, text, marks, now, screen.ratio);
  }
};
