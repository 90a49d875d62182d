// Paints the board's canvases, the tiles and the three plots, whenever something changes, and finds the student under
// the mouse.
import { byId, setText } from "../core/dom";
import * as painting from "../core/plots/painting";
import * as plotting from "../core/plots/plotting";
import { clamp } from "../core/ranges";
import * as i18n from "../core/text/i18n";
import { fixed, whole } from "../core/text/numbers";
import type { Range } from "../core/types";
import * as views from "../core/views";
import * as hidpi from "./canvas/hidpi-canvas";
import { hasName, hit } from "./canvas/layout";
import * as plots from "./canvas/plots";
import * as scenes from "./canvas/scene";
import * as themes from "./canvas/theme";
import * as tiles from "./canvas/tiles";
import * as tweens from "./canvas/tween";
import * as chosen from "./chosen";
import * as state from "./state";

const { t } = i18n;
const PLOTS = ["curves", "losses", "slopes"] as const;
const PLOTS_MS = 45; // minimum time between two paints of the plots; the tiles are painted in each frame
const AXES_MS = 400; // duration of an axis's animation
const MIN_UPDATE_MS = 120; // limits of the measured time between two updates, which sets the duration of animations
const MAX_UPDATE_MS = 1000;
const MIN_LOSS_RANGE = 0.1;
const MIN_SLOPE_RANGE = 2;
const TRUE_SLOPES_ROOM = 1.15; // the axis of slopes extends at least to the truth's slopes times this

const scene = scenes.create();
let theme: themes.Theme;
let canvas: hidpi.Canvas;
let canvasOf: Record<(typeof PLOTS)[number], hidpi.Canvas>;
let zoom: scenes.Zoom = "fit";
let pointed: number | null = null; // the seat under the mouse
let axes = { losses: tweens.still([0, 1]), slopes: tweens.still([-1, 1]) };
export let painted = 0; // number of painted frames, for tests
let plottedAt = 0;
let lastUpdate = { at: 0, ms: 300 }; // the time of the last update, and the average time between two

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const marks = (): tiles.Marks => ({ chosen: state.chosen, pointed, spotlight: state.room?.spotlight ?? null });
const contentAt = (now: number): plots.Shown => ({
  students: [...scene.students.values()],
  marks: marks(),
  theme,
  now,
});

const words: tiles.Words = {
  head: (outcome, count) => [t(`board.outcome_${outcome}`), whole(count)],
  name: ({ row }) => state.nameOf(row),
};

const slopeNames = (): plots.Names => [t("board.slope_left"), t("board.slope_right")];

// --- painting -------------------------------------------------------------------------------------
const two = new Float32Array(2);
const range = (name: "losses" | "slopes", now: number): Range => {
  const [low, high] = tweens.at(axes[name], now, two);
  return [low, high];
};

const paint = (now: number) => {
  if (!views.isOpen("board") || !canvas.width) return;
  painted += 1;
  const content = contentAt(now);
  tiles.paint(canvas, scene, theme, words, content.marks, now, byId("board-tiles").scrollTop);
  const moving = scenes.isMoving(scene, now) || [axes.losses, axes.slopes].some((tween) => tweens.isMoving(tween, now));
  if (moving) painting.request("board", paint);
  if (moving && now - plottedAt < PLOTS_MS) return;
  plottedAt = now;
  const plotData = state.mainPlotData();
  const { curves, losses, slopes } = canvasOf;
  if (curves.width) plots.paintCurves(curves, content, plotData);
  if (losses.width) plots.paintLosses(losses, content, range("losses", now));
  if (slopes.width) plots.paintSlopes(slopes, content, range("slopes", now), plotData, slopeNames());
};
const repaint = () => painting.request("board", paint);

// --- changes --------------------------------------------------------------------------------------
const setAxes = (now: number) => {
  const rows = [...state.roster.values()];
  const losses = rows.map(({ loss }) => loss).filter((loss) => loss !== null);
  const slopes = rows.flatMap((row) => row.slopes ?? []);
  const trueSlopes = state.mainPlotData()?.trueSlopes ?? []; // visible from the beginning
  const high = Math.max(
    MIN_SLOPE_RANGE,
    ...trueSlopes.map((slope) => TRUE_SLOPES_ROOM * Math.abs(slope)),
    ...scenes.usualRange(slopes, MIN_SLOPE_RANGE).map(Math.abs),
  );
  const ms = isStill() ? 0 : AXES_MS;
  axes = {
    losses: tweens.towards(axes.losses, scenes.usualRange(losses, MIN_LOSS_RANGE), now, ms),
    slopes: tweens.towards(axes.slopes, [-high, high], now, ms),
  };
};

const updateStudents = () => {
  const now = performance.now();
  const ms = clamp(now - lastUpdate.at, MIN_UPDATE_MS, MAX_UPDATE_MS);
  lastUpdate = { at: now, ms: 0.5 * (lastUpdate.ms + ms) };
  scenes.update(scene, state.roster, state.plotDataOf, now, isStill() ? 0 : 1.1 * lastUpdate.ms);
  setAxes(now);
  repaint();
};

const placeTiles = (isJump = false) => {
  const box = byId("board-tiles");
  const { clientWidth: width, clientHeight: height } = box;
  if (!width) return;
  scenes.place(scene, state.groups, { width, height }, zoom, theme.small, performance.now(), isJump || isStill());
  byId("board-space").style.height = `${Math.ceil(scene.layout.height)}px`;
  repaint();
};

export const resize = () => {
  const { clientWidth, clientHeight } = byId("board-tiles");
  hidpi.fit(canvas, clientWidth, clientHeight);
  for (const name of PLOTS) hidpi.fit(canvasOf[name]);
  placeTiles(true);
};

export const setZoom = (next: scenes.Zoom) => {
  zoom = next;
  placeTiles();
};

// Scroll a student's tile into view.
export const reveal = (seat: number) => {
  const tile = scene.students.get(seat)?.tile;
  if (!tile) return;
  const [, y, , height] = tile.to;
  const box = byId("board-tiles");
  if (y < box.scrollTop) box.scrollTop = y - 30;
  else if (y + height > box.scrollTop + box.clientHeight) box.scrollTop = y + height - box.clientHeight + 8;
};

// The students whose tiles are shown, in order, with the boxes of the tiles.
export const shown = () =>
  scene.order.map(({ row, tile }) => {
    const [x = 0, y = 0, width = 0, height = 0] = tile?.to ?? [];
    return { row, box: { x, y, width, height } };
  });

// --- the mouse ------------------------------------------------------------------------------------
const point = (seat: number | null) => {
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
  "board-curves": (x, y) => plots.findCurve(canvasOf.curves, contentAt(performance.now()), state.mainPlotData(), x, y),
  "board-losses": (x, y) => {
    const now = performance.now();
    return plots.findLoss(canvasOf.losses, contentAt(now), range("losses", now), x, y);
  },
  "board-slopes": (x, y) => {
    const now = performance.now();
    return plots.findSlopes(canvasOf.slopes, contentAt(now), range("slopes", now), x, y);
  },
};

// A tooltip for the student under the mouse.
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
    // A large tile already shows name, loss and epoch.
    const needsNoTip = id === "board-canvas" && hasName(scene.layout.tile.width, theme.small);
    if (event.pointerType === "mouse") showTip(needsNoTip ? null : event);
  });
  node.addEventListener("pointerleave", () => point(null));
  node.addEventListener("click", (event) => {
    state.choose(finders[id](event.offsetX, event.offsetY));
    byId("board-list").focus({ preventScroll: true }); // so that arrow keys and Escape work
  });
  node.addEventListener("dblclick", chosen.open);
};

// --- start ----------------------------------------------------------------------------------------
export const start = () => {
  theme = themes.read();
  canvas = hidpi.create(byId("board-canvas", HTMLCanvasElement));
  canvasOf = {
    curves: hidpi.create(byId("board-curves", HTMLCanvasElement)),
    losses: hidpi.create(byId("board-losses", HTMLCanvasElement)),
    slopes: hidpi.create(byId("board-slopes", HTMLCanvasElement)),
  };
  for (const id of Object.keys(finders)) listen(id);
  plotting.onTheme(() => {
    theme = themes.read();
    tiles.forget();
    resize(); // on a projector the letters are larger
  });
  const observer = new ResizeObserver(resize);
  for (const id of ["board-tiles", "board-curves", "board-losses", "board-slopes"]) observer.observe(byId(id));
  byId("board-tiles").addEventListener("scroll", repaint, { passive: true });
  views.onShow("board", () => resize());
  i18n.onLanguage(repaint);
  state.onChange((what) => {
    if (what === "rows" || what === "data") updateStudents();
    else if (what === "groups") {
      updateStudents();
      placeTiles();
    } else repaint();
  });
};

export { range, slopeNames, theme, words };
