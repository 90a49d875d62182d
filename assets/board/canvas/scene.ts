// The contents of the board's canvases: for each student the animated tile, curve, slopes and loss.
import type { Range } from "../../core/types";
import type { Group } from "../rows/arrange";
import type { Ground } from "../rows/curves";
import * as curves from "../rows/curves";
import type { Row } from "../rows/types";
import { type Box, type Layout, layout } from "./layout";
import * as motions from "./motion";

type Motion = motions.Motion;
export type Actor = {
  row: Row;
  ground: Ground | null; // null until the data are loaded
  yhat: Motion | null;
  tile: Motion | null; // x, y, width, height
  slopes: Motion | null;
  loss: Motion | null;
};

export type Scene = {
  actors: Map<number, Actor>;
  order: Actor[]; // students whose tiles are shown
  layout: Layout<Group>;
};

const GLIDE_MS = 450; // duration of a tile's motion
const MIN_WIDTH = 26; // of a tile
const MAX_WIDTH = { pixels: 230, share: 0.32 }; // the greater of pixels and a share of the box's width
const LARGE = 116; // least width of tiles in the zoom "large"
export type Zoom = "fit" | "large";

export const create = (): Scene => ({
  actors: new Map(),
  order: [],
  layout: { blocks: [], tile: { width: 0, height: 0 }, height: 0 },
});

const newActor = (row: Row): Actor => ({ row, ground: null, yhat: null, tile: null, slopes: null, loss: null });

// Animate the students to the state in `rows`, in `ms`. `groundOf` returns null while data are being loaded.
export const update = (
  scene: Scene,
  rows: ReadonlyMap<number, Row>,
  groundOf: (key: string) => Ground | null,
  now: number,
  ms: number,
) => {
  for (const n of scene.actors.keys()) if (!rows.has(n)) scene.actors.delete(n);
  for (const [n, row] of rows) {
    const actor = scene.actors.get(n) ?? newActor(row);
    scene.actors.set(n, actor);
    const ground = groundOf(row.data);
    const isSame = actor.row === row && actor.ground === ground;
    if (isSame && actor.loss) continue;
    // A curve over other data is not animated.
    const before = actor.ground === ground ? actor.yhat : null;
    const next = ground && curves.yhat(row, ground.x);
    actor.yhat = next && motions.towards(before ?? undefined, next, now, ms);
    actor.slopes = row.slopes && motions.towards(actor.slopes ?? undefined, row.slopes, now, ms);
    actor.loss = row.loss === null ? null : motions.towards(actor.loss ?? undefined, [row.loss], now, ms);
    Object.assign(actor, { row, ground });
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
  const shown = new Set<Actor>();
  for (const { key, places } of scene.layout.blocks) {
    key.rows.forEach((row, i) => {
      const actor = scene.actors.get(row.n);
      if (!actor) return;
      actor.tile = motions.towards(actor.tile ?? undefined, flat(places[i]), now, isStill ? 0 : GLIDE_MS);
      scene.order.push(actor);
      shown.add(actor);
    });
  }
  for (const actor of scene.actors.values()) if (!shown.has(actor)) actor.tile = null;
};

export const isMoving = ({ actors }: Scene, now: number) => {
  for (const { yhat, tile, slopes, loss } of actors.values()) {
    for (const motion of [yhat, tile, slopes, loss]) if (motion && motions.isMoving(motion, now)) return true;
  }
  return false;
};

// The range of `values` without the lowest and highest 2 %, which are shown at its ends.
export const usualRange = (values: number[], least: number): Range => {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, least];
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [at(0.02), at(0.98)];
  const more = Math.max(0, least - (high - low)) / 2 + 0.04 * Math.max(high - low, least);
  return [low - more, high + more];
};
