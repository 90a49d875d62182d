// Paints the board: the tiles and the three plots, each time something moves, and lets the mouse find
// students in them.
import { byId, setText } from "../core/dom";
import * as painting from "../core/plots/painting";
import * as i18n from "../core/text/i18n";
import { fixed, whole } from "../core/text/numbers";
import type { Range } from "../core/types";
import * as views from "../core/views";
import { FOR_NAME, hit } from "./canvas/layout";
import * as looks from "./canvas/look";
import * as motions from "./canvas/motion";
import * as plots from "./canvas/plots";
import * as scenes from "./canvas/scene";
import * as screens from "./canvas/screen";
import * as tiles from "./canvas/tiles";
import * as chosen from "./chosen";
import * as state from "./state";

const { t } = i18n;
const PLOTS = ["curves", "losses", "slopes"] as const;
const PLOTS_MS = 45; // the tiles are painted in each frame, the plots at most so often
const AXES_MS = 400;
const LEAST_MS = 120; // between two samples, as the curves move
const MOST_MS = 1000;
const LEAST_LOSS = 0.1; // the axis of losses is never narrower,
const LEAST_SLOPE = 2; // nor that of slopes

const scene = scenes.create();
let look: looks.Look;
let canvas: screens.Screen;
let screenOf: Record<(typeof PLOTS)[number], screens.Screen>;
let zoom: scenes.Zoom = "fit";
let pointed: number | null = null; // under the mouse, or at the keyboard
let axes = { losses: motions.still([0, 1]), slopes: motions.still([-1, 1]) };
export let painted = 0; // frames, for who counts them
let plotted = 0; // when
let sampled = { at: 0, ms: 300 }; // when the last sample came, and how far apart they come

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const marks = (): tiles.Marks => ({ chosen: state.chosen, pointed, spotlight: state.room?.spotlight ?? null });
const actors = () => [...scene.actors.values()];
const mainGround = () => {
  const key = state.mainData();
  return key === null ? null : state.groundOf(key);
};

const words: tiles.Words = {
  head: (why, count) => [t(`board.why_${why}`), whole(count)],
  name: ({ row }) => state.nameOf(row),
};

const slopeNames = (): plots.Names => [t("board.slope_left"), t("board.slope_right")];

// --- painting -------------------------------------------------------------------------------------
const two = new Float32Array(2);
const range = (name: "losses" | "slopes", now: number): Range => {
  const [low, high] = motions.at(axes[name], now, two);
  return [low, high];
};

const paint = (now: number) => {
  if (!views.isOpen("board") || !canvas.width) return;
  painted += 1;
  const at = marks();
  const all = actors();
  tiles.paint(canvas, scene, look, words, at, now, byId("board-tiles").scrollTop);
  const moving =
    scenes.isMoving(scene, now) || [axes.losses, axes.slopes].some((motion) => motions.isMoving(motion, now));
  if (moving) painting.request("board", paint);
  if (moving && now - plotted < PLOTS_MS) return;
  plotted = now;
  const ground = mainGround();
  if (screenOf.curves.width) plots.paintCurves(screenOf.curves, all, ground, look, at, now);
  if (screenOf.losses.width) plots.paintLosses(screenOf.losses, all, range("losses", now), look, at, now);
  if (screenOf.slopes.width) {
    plots.paintSlopes(screenOf.slopes, all, range("slopes", now), ground?.aim ?? null, slopeNames(), look, at, now);
  }
};
export const repaint = () => painting.request("board", paint);

// --- what changes ---------------------------------------------------------------------------------
const setAxes = (now: number) => {
  const rows = [...state.roster.values()];
  const losses = rows.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  const slopes = rows.flatMap((row) => row.slopes ?? []);
  const high = Math.max(LEAST_SLOPE, ...scenes.usual(slopes, LEAST_SLOPE).map(Math.abs));
  const ms = isStill() ? 0 : AXES_MS;
  axes = {
    losses: motions.towards(axes.losses, scenes.usual(losses, LEAST_LOSS), now, ms),
    slopes: motions.towards(axes.slopes, [-high, high], now, ms),
  };
};

const sample = () => {
  const now = performance.now();
  const ms = Math.min(Math.max(now - sampled.at, LEAST_MS), MOST_MS);
  sampled = { at: now, ms: 0.5 * (sampled.ms + ms) };
  scenes.act(scene, state.roster, state.groundOf, now, isStill() ? 0 : 1.1 * sampled.ms);
  setAxes(now);
  repaint();
};

const arrange = (isJump = false) => {
  const box = byId("board-tiles");
  const { clientWidth: width, clientHeight: height } = box;
  if (!width) return;
  scenes.place(scene, state.groups, { width, height }, zoom, performance.now(), isJump || isStill());
  byId("board-space").style.height = `${Math.ceil(scene.layout.height)}px`;
  repaint();
};

export const resize = () => {
  const { clientWidth, clientHeight } = byId("board-tiles");
  screens.fit(canvas, clientWidth, clientHeight);
  for (const name of PLOTS) screens.fit(screenOf[name]);
  arrange(true);
};

export const setZoom = (next: scenes.Zoom) => {
  zoom = next;
  arrange();
};

// Bring a student's tile into sight.
export const reveal = (seat: number) => {
  const tile = scene.actors.get(seat)?.tile;
  if (!tile) return;
  const [, y, , height] = tile.to;
  const box = byId("board-tiles");
  if (y < box.scrollTop) box.scrollTop = y - 30;
  else if (y + height > box.scrollTop + box.clientHeight) box.scrollTop = y + height - box.clientHeight + 8;
};

// The students whose tiles are shown, in order, and where.
export const shown = () =>
  scene.order.map(({ row, tile }) => {
    const [x = 0, y = 0, width = 0, height = 0] = tile?.to ?? [];
    return { row, box: { x, y, width, height } };
  });

// --- the mouse ------------------------------------------------------------------------------------
export const point = (seat: number | null) => {
  if (pointed === seat) return;
  pointed = seat;
  showTip(null);
  repaint();
};

const findTile = (x: number, y: number) => {
  const all = shown();
  const i = hit(
    all.map(({ box }) => box),
    x,
    y + byId("board-tiles").scrollTop,
  );
  return all[i]?.row.n ?? null;
};
const finders: Record<string, (x: number, y: number) => number | null> = {
  "board-canvas": findTile,
  "board-curves": (x, y) => plots.findCurve(screenOf.curves, actors(), mainGround(), x, y),
  "board-losses": (x, y) => {
    const now = performance.now();
    return plots.findLoss(screenOf.losses, actors(), range("losses", now), x, y, now);
  },
  "board-slopes": (x, y) => {
    const now = performance.now();
    return plots.findSlopes(screenOf.slopes, actors(), range("slopes", now), x, y, now);
  },
};

// A word on what is under the mouse.
const showTip = (event: PointerEvent | null) => {
  const tip = byId("board-tip");
  const row = pointed === null ? undefined : state.roster.get(pointed);
  tip.hidden = !event || !row;
  if (!event || !row) return;
  setText(
    tip,
    t("board.tip", { name: state.nameOf(row), loss: fixed(row.loss), epoch: whole(row.epoch), seed: row.seed }),
  );
  const room = innerWidth - tip.offsetWidth - 12;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, room))}px`;
  tip.style.top = `${event.clientY + (event.clientY > innerHeight - 60 ? -36 : 18)}px`;
};

const listen = (id: string) => {
  const node = byId(id);
  node.addEventListener("pointermove", (event) => {
    const found = finders[id](event.offsetX, event.offsetY);
    node.style.cursor = found === null ? "" : "pointer";
    point(found);
    // a large tile says it already
    const isTold = id === "board-canvas" && scene.layout.tile.width >= FOR_NAME;
    if (event.pointerType === "mouse") showTip(isTold ? null : event);
  });
  node.addEventListener("pointerleave", () => point(null));
  node.addEventListener("click", (event) => {
    state.choose(finders[id](event.offsetX, event.offsetY));
    byId("board-list").focus({ preventScroll: true }); // arrow keys and Escape go on from there
  });
  node.addEventListener("dblclick", chosen.open);
};

// --- start ----------------------------------------------------------------------------------------
export const start = () => {
  look = looks.read();
  canvas = screens.create(byId("board-canvas", HTMLCanvasElement));
  screenOf = {
    curves: screens.create(byId("board-curves", HTMLCanvasElement)),
    losses: screens.create(byId("board-losses", HTMLCanvasElement)),
    slopes: screens.create(byId("board-slopes", HTMLCanvasElement)),
  };
  for (const id of Object.keys(finders)) listen(id);
  looks.onTheme(() => {
    look = looks.read();
    tiles.forget();
    repaint();
  });
  const observer = new ResizeObserver(resize);
  for (const id of ["board-tiles", "board-curves", "board-losses", "board-slopes"]) observer.observe(byId(id));
  byId("board-tiles").addEventListener("scroll", repaint, { passive: true });
  views.onShow("board", () => resize());
  i18n.onLanguage(repaint);
  state.onChange((what) => {
    if (what === "rows" || what === "grounds") sample();
    else if (what === "groups") {
      sample();
      arrange();
    } else repaint();
  });
};

export { look, range, slopeNames, words };
