// The loss surface of the net in Fit, with the run and the current point, which can be moved.
import { ancestor, byId, element } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { FitNet, Range, Weights } from "../../core/types";
import type { Shown } from "../../fit/data";
import type { Now, Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as surfaceChoices from "./choices";
import * as surfaceHandle from "./handle";
import type * as lossGrid from "./loss-grid";
import * as planes from "./plane";
import * as surfacePlot from "./plot";
import * as surface3d from "./plot-3d";
import * as bundles from "./plotly-builds";
import * as workerClient from "./worker-client";

const COARSE = 25; // places along each axis of the grid while something moves,
const FINE = 61; // and when nothing moves
const MIN_HALF = 2.5; // half of the smallest range of a weight's axis
const ZOOM = 0.6;
const CHECK_MS = 300; // the time from a coarse grid to the check whether a fine one can be computed

type WithFrame = Ready & { frame: Shown };
type Plain = WithFrame & { frame: { p: Weights } };
type Run = surfaceChoices.Run & { third: surfaceChoices.Run["end"] };
type Plane = { plane: lossGrid.Plane; run: Run | null }; // `run` is null for a plane of two weights
type Scene = surfacePlot.Scene & Plane;
// Made when the card first comes near the screen.
type Parts = {
  library: PlotlyLibrary; // a build of Plotly that can draw contours
  gd: PlotlyGraph;
  handle: surfaceHandle.Handle;
  request: ReturnType<typeof workerClient.create>;
};

let choices: surfaceChoices.Choices;
let parts: Parts | null = null;
let newest: Now | null = null; // the newest state of Fit
let isNear = () => false; // whether the card is on the screen or near it
let requested: { key: string; coarse: boolean } | null = null; // the last requested grid
let shown: surfacePlot.Grid | null = null;
let paintedKey = ""; // keyOfPath of the painted scene; "" if the whole plot has to be painted again
let range: planes.Axes | null = null;
let rangeKey = ""; // identifies the plane for which `range` was chosen
let zoomed = false; // whether the user has zoomed; `range` then stays until the plane changes
let before: { p: Weights; plane: lossGrid.Plane } | null = null; // the net and the plane when the drag started
let checkTimer: number | undefined;

const isPlain = (now: WithFrame): now is Plain => now.net.plain && now.frame.p !== null;
const hasFrame = (now: Now | null): now is WithFrame =>
  Boolean(now?.state && now.net && now.data && now.frame?.net === now.net);
const isMoving = ({ frame, playback, state }: Plain) =>
  Boolean(parts?.handle.held || frame.epoch === undefined || playback.playing || state.status === "running");
// The state of Fit if it can be drawn, or null.
const plainNow = () => {
  const now = fitSection.now();
  return hasFrame(now) && isPlain(now) ? now : null;
};

// --- the scene --------------------------------------------------------------------------------
const planeOf = ({ frame, playback }: Plain): Plane => {
  const { view } = choices;
  if (view.kind === "run") {
    const run = surfaceChoices.runOf(playback);
    const third = run?.thirds.find(({ epoch }) => epoch === view.third);
    const plane = run && third && planes.through(run.start.p, run.end.p, third.p);
    if (plane) return { plane, run: { ...run, third } };
  }
  return { plane: planes.ofTwo(frame.p, view.i, view.j), run: null };
};

// The run projected on the plane, with a gap before each edit by hand.
const pathOf = (playback: Now["playback"], plane: lossGrid.Plane): surfacePlot.Stop[] =>
  playback.frames.flatMap(({ p, mark }, k): surfacePlot.Stop[] => {
    if (!p) return [];
    const place = planes.project(plane, p);
    return mark === "edit" && k > 0 ? [[null, null], place] : [place];
  });

// The axes' ranges. They stay the same in a plane while the user has zoomed or drags the point, and as long as they
// contain the run and the net.
const rangeOf = (stops: surfacePlot.Stop[], { plane, run }: Plane, { net, playback }: Plain): planes.Axes => {
  const { view } = choices;
  const key = JSON.stringify(run ? [plane.u, plane.v] : [view.i, view.j, net, playback.frames[0]?.seq]);
  if (key !== rangeKey) {
    rangeKey = key;
    range = null;
    zoomed = false;
  }
  const places = stops.filter(surfacePlot.isPlace);
  const kept = range;
  const stays = zoomed || parts?.handle.held || places.every((place) => kept && planes.contains(kept, place));
  range = kept && stays ? kept : planes.around(places, run ? 1e-3 : MIN_HALF);
  return range;
};

const titles = (net: FitNet, run: Run | null): [string, string] => {
  if (run) return [i18n.t("surface.axis_along"), i18n.t("surface.axis_across")];
  const names = surfaceChoices.names(net);
  return [names[choices.view.i], names[choices.view.j]];
};

const sceneOf = (plain: Plain): Scene => {
  const { net, playback, frame } = plain;
  const { plane, run } = planeOf(plain);
  const project = ({ p }: { p: Weights }) => planes.project(plane, p);
  const path = pathOf(playback, plane);
  const now = project(frame);
  return {
    plane,
    run,
    path,
    now,
    range: rangeOf([...path, now], { plane, run }, plain),
    titles: titles(net, run),
    start: path.find(surfacePlot.isPlace) ?? now,
    marked: run ? [project(run.end), project(run.third)] : [],
  };
};

// --- painting ---------------------------------------------------------------------------------
const paint = ({ library, gd }: Parts, grid: surfacePlot.Grid, scene: Scene) => {
  const painted = { ...scene, ...grid };
  paintedKey = keyOfPath(scene);
  surfacePlot.paintContours(library, gd, painted);
  surface3d.show(painted);
};
const keyOfPath = ({ path, titles: words, range: axes }: Scene) =>
  JSON.stringify([path.length, path[path.length - 1], words, axes, document.documentElement.dataset.theme]);

const lossOf = ({ frame, data, net }: Plain) => frame.loss ?? nets.loss(frame.p, data.x, data.y, net);

const showNumbers = ({ handle }: Parts, { scale }: surfacePlot.Grid, plain: Plain, scene: Scene) => {
  const ownLoss = lossOf(plain);
  const loss = numbers.fixed(ownLoss, 6);
  byId("surface-loss").textContent = loss;
  // The net lies between places of the grid, so its loss may be lower than theirs.
  const lowest = planes.contains(scene.range, scene.now) ? Math.min(scale.low, ownLoss) : scale.low;
  byId("surface-lowest").textContent = numbers.fixed(lowest, 6);
  const [a, b] = scene.now.map((value) => numbers.fixed(value, 4));
  const words = i18n.t("surface.point", { x: scene.titles[0], y: scene.titles[1], a, b, loss });
  handle.node.setAttribute("aria-label", words);
  return words;
};

const showNotes = ({ run }: Scene) => {
  const lines = run ? ["surface.note_run", "surface.note_drag"] : ["surface.note_two", "surface.note_drag"];
  const key = [...lines, i18n.language()].join(" ");
  const note = byId("surface-note");
  if (note.dataset.key !== key) {
    note.dataset.key = key;
    note.replaceChildren(...lines.map((line) => element("p", { textContent: i18n.t(line) })));
  }
  const missing = choices.view.kind === "run" && !run;
  byId("surface-problem").textContent = missing ? i18n.t("surface.no_run") : "";
};

const showWide = (now: WithFrame) => {
  const { net } = now;
  const plain = isPlain(now);
  byId("surface-body").hidden = !plain;
  byId("surface-wide").hidden = plain;
  if (plain) return;
  const args = { units: numbers.whole(net.h), numbers: numbers.whole(nets.size(net)) };
  byId("surface-wide").textContent = i18n.t("surface.wide", args);
};

const requestGrid = ({ request }: Parts, now: Plain, { plane, range: axes }: Scene) => {
  const { data } = now;
  const { plain, ...net } = now.net;
  const key = JSON.stringify([data.key, net, plane, axes]);
  const coarse = isMoving(now);
  if (coarse) {
    clearTimeout(checkTimer);
    checkTimer = setTimeout(update, CHECK_MS);
  }
  if (requested?.key === key && (coarse || !requested.coarse)) return;
  requested = { key, coarse };
  const n = coarse ? COARSE : FINE;
  const line = ([low, high]: Range) => Float64Array.from(nets.grid(low, high, n));
  request({ net, plane, as: line(axes.x), bs: line(axes.y), coarse }, data);
};

const receive = (job: workerClient.Job, loss: Float64Array) => {
  shown = { job, loss, scale: surfacePlot.scaleOf(loss) };
  paintedKey = "";
  painting.request("surface", update);
};

const update = () => {
  if (!isNear() || !parts || !hasFrame(newest)) return;
  showWide(newest);
  if (!isPlain(newest)) return;
  choices.show(newest.net, surfaceChoices.runOf(newest.playback));
  const scene = sceneOf(newest);
  showNotes(scene);
  requestGrid(parts, newest, scene);
  if (!shown) return;
  if (keyOfPath(scene) !== paintedKey) paint(parts, shown, scene);
  if (!parts.handle.held) parts.handle.place(scene.now);
  showNumbers(parts, shown, newest, scene);
  surface3d.move(scene.now);
};

const follow = (now: Now) => {
  newest = now;
  update();
};

// --- the current point by hand ----------------------------------------------------------------
const move = ([a, b]: planes.Place) => {
  const plain = plainNow();
  if (!before && plain) before = { p: [...plain.frame.p], plane: planeOf(plain).plane };
  if (before) fitSection.edit(planes.at(before.plane, a, b));
};
const end = () => {
  if (!before) return;
  before = null;
  const plain = plainNow();
  if (!plain) return;
  fitSection.commit([...plain.frame.p]);
  if (parts && shown) i18n.announce(showNumbers(parts, shown, plain, sceneOf(plain)));
};
const cancel = () => {
  if (!before) return;
  const { p } = before;
  before = null;
  fitSection.commit(p);
};

const zoom = (factor: number) => {
  const plain = plainNow();
  if (!range || !plain) return;
  const { now, range: axes } = sceneOf(plain);
  const middle: planes.Place = [(axes.x[0] + axes.x[1]) / 2, (axes.y[0] + axes.y[1]) / 2];
  if (!planes.canZoom(axes, factor)) return;
  zoomed = true;
  range = planes.zoomed(axes, factor, planes.contains(axes, now) ? now : middle);
  update();
};
const resetZoom = () => {
  zoomed = false;
  range = null;
  update();
};

// --- start ------------------------------------------------------------------------------------
// Called when the card first comes near the screen.
const build = async () => {
  const box = byId("surface-plot");
  let library: PlotlyLibrary;
  try {
    library = await bundles.load("cartesian");
  } catch {
    byId("surface-problem").textContent = i18n.t("surface.no_bundle");
    return;
  }
  const node = box.appendChild(element("div", { className: "plot" }));
  const blank = () => plotting.axis("", undefined, { visible: false });
  const look = plotting.layout(blank(), blank());
  const gd = await plotting.draw(node, [], look, library);
  const handle = surfaceHandle.create(box, gd, { onMove: move, onEnd: end, onCancel: cancel });
  parts = { library, gd, handle, request: workerClient.create(receive) };
  newest = fitSection.now();
  update();
};

const repaint = () => {
  paintedKey = "";
  update();
};

export const start = () => {
  choices = surfaceChoices.create(update);
  const card = ancestor(byId("surface-body"), ".card");
  plotting.whenNear(card, build);
  isNear = plotting.watchNear(card, update);
  byId("surface-zoom-in").addEventListener("click", () => zoom(ZOOM));
  byId("surface-zoom-out").addEventListener("click", () => zoom(1 / ZOOM));
  byId("surface-zoom-reset").addEventListener("click", resetZoom);
  surface3d.start();
  fitSection.onChange(follow);
  i18n.onLanguage(repaint);
  plotting.onTheme(repaint);
};

export { shown };
