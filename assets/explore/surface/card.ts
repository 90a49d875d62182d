// The loss surface: follows the session's net, run and weights, and lets the current point be moved.

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
import * as bundles from "./plotly-builds";
import * as surfaceSolid from "./solid";
import * as workerClient from "./worker-client";

const COARSE = 25; // places on each side of the grid while something moves
const FINE = 61;
const LEAST = 2.5; // half of the axis of a weight, at least
const ZOOM = 0.6;
const CHECK_MS = 300; // how soon after a coarse grid it is looked whether all is at rest

type WithFrame = Ready & { frame: Shown }; // and nothing is on its way
type Here = WithFrame & { frame: { p: Weights } };
type Run = surfaceChoices.Run & { third: surfaceChoices.Run["end"] };
type Plane = { plane: lossGrid.Plane; run: Run | null }; // null: the plane is that of two numbers
type Scene = surfacePlot.Scene & Plane;
// What is made when the card is first near the screen.
type Parts = {
  library: PlotlyLibrary; // with contours
  gd: PlotlyGraph;
  handle: surfaceHandle.Handle;
  request: ReturnType<typeof workerClient.create>;
};

let choices: surfaceChoices.Choices;
let parts: Parts | null = null;
let newest: Now | null = null; // what Fit told last
let near = false; // on the screen, or close to it
let asked: { key: string; coarse: boolean } | null = null; // of the grid that is shown or under way
let shown: (surfacePlot.Grid & { ms: number }) | null = null;
let pathKey = "";
let range: planes.Axes | null = null;
let rangeKey = "";
let zoomed = false; // by hand: it stays until something else is looked at
let before: { p: Weights; plane: lossGrid.Plane } | null = null; // when the point was taken
let checking: number | undefined;

const isPlain = (now: WithFrame): now is Here => now.net.plain && now.frame.p !== null;
const isHere = (now: Now | null): now is WithFrame =>
  Boolean(now?.state && now.net && now.data && now.frame?.net === now.net);
const isMoving = ({ frame, playback, state }: Here) =>
  Boolean(parts?.handle.held || frame.epoch === undefined || playback.playing || state.status === "running");
// What can be drawn, or null.
const hereNow = () => {
  const now = fitSection.now();
  return isHere(now) && isPlain(now) ? now : null;
};

// --- what is shown ----------------------------------------------------------------------------
const planeOf = ({ frame, playback }: Here): Plane => {
  const { view } = choices;
  if (view.kind === "run") {
    const run = surfaceChoices.runOf(playback);
    const third = run?.thirds.find(({ epoch }) => epoch === view.third);
    const plane = run && third && planes.through(run.start.p, run.end.p, third.p);
    if (plane) return { plane, run: { ...run, third } };
  }
  return { plane: planes.ofTwo(frame.p, view.i, view.j), run: null };
};

// The run on the plane; an edit by hand begins a new piece.
const pathOf = (playback: Now["playback"], plane: lossGrid.Plane): surfacePlot.Stop[] =>
  playback.frames.flatMap(({ p, mark }, k): surfacePlot.Stop[] => {
    if (!p) return [];
    const place = planes.project(plane, p);
    return mark === "edit" && k > 0 ? [[null, null], place] : [place];
  });

const rangeOf = (stops: surfacePlot.Stop[], { plane, run }: Plane, { net, playback }: Here): planes.Axes => {
  const { view } = choices;
  const key = JSON.stringify(run ? [plane.u, plane.v] : [view.i, view.j, net, playback.frames[0]?.seq]);
  if (key !== rangeKey) {
    rangeKey = key;
    range = null;
    zoomed = false;
  }
  const places = stops.filter(surfacePlot.isPlace);
  const kept = range;
  const stays = zoomed || parts?.handle.held || places.every((place) => kept && planes.holds(kept, place));
  range = kept && stays ? kept : planes.around(places, run ? 1e-3 : LEAST);
  return range;
};

const titles = (net: FitNet, run: Run | null): [string, string] => {
  if (run) return [i18n.t("surface.axis_along"), i18n.t("surface.axis_across")];
  const names = surfaceChoices.names(net);
  return [names[choices.view.i], names[choices.view.j]];
};

const sceneOf = (here: Here): Scene => {
  const { net, playback, frame } = here;
  const { plane, run } = planeOf(here);
  const project = ({ p }: { p: Weights }) => planes.project(plane, p);
  const path = pathOf(playback, plane);
  const now = project(frame);
  return {
    plane,
    run,
    path,
    now,
    range: rangeOf([...path, now], { plane, run }, here),
    titles: titles(net, run),
    start: path.find(surfacePlot.isPlace) ?? now,
    marked: run ? [project(run.end), project(run.third)] : [],
  };
};

// --- painting ---------------------------------------------------------------------------------
const paint = ({ library, gd }: Parts, grid: surfacePlot.Grid, scene: Scene) => {
  const whole = { ...scene, ...grid };
  pathKey = keyOfPath(scene);
  surfacePlot.flat(library, gd, whole);
  surfaceSolid.show(whole);
};
const keyOfPath = ({ path, titles: words, range: axes }: Scene) =>
  JSON.stringify([path.length, path[path.length - 1], words, axes, document.documentElement.dataset.theme]);

const lossOf = ({ frame, data, net }: Here) => frame.loss ?? nets.loss(frame.p, data.x, data.y, net);

const tellNow = ({ handle }: Parts, { scale }: surfacePlot.Grid, here: Here, scene: Scene) => {
  const own = lossOf(here);
  const loss = numbers.fixed(own, 6);
  byId("surface-loss").textContent = loss;
  // between the places of the grid the net itself may lie lower
  const lowest = planes.holds(scene.range, scene.now) ? Math.min(scale.low, own) : scale.low;
  byId("surface-lowest").textContent = numbers.fixed(lowest, 6);
  const [a, b] = scene.now.map((value) => numbers.fixed(value, 4));
  const words = i18n.t("surface.point", { x: scene.titles[0], y: scene.titles[1], a, b, loss });
  handle.node.setAttribute("aria-label", words);
  return words;
};

const tellWords = ({ run }: Scene) => {
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

const ask = ({ request }: Parts, here: Here, { plane, range: axes }: Scene) => {
  const { data } = here;
  const { plain, ...net } = here.net;
  const key = JSON.stringify([data.key, net, plane, axes]);
  const coarse = isMoving(here);
  if (coarse) {
    clearTimeout(checking);
    checking = setTimeout(update, CHECK_MS);
  }
  if (asked?.key === key && (coarse || !asked.coarse)) return;
  asked = { key, coarse };
  const n = coarse ? COARSE : FINE;
  const line = ([low, high]: Range) => Float64Array.from(nets.grid(low, high, n));
  request({ net, plane, as: line(axes.x), bs: line(axes.y), coarse }, data);
};

const receive = (job: workerClient.Job, loss: Float64Array, ms: number) => {
  shown = { job, loss, ms, scale: surfacePlot.scaleOf(loss) };
  pathKey = ""; // whatever the last picture was, it is not of this grid
  painting.request("surface", update);
};

const update = () => {
  if (!near || !parts || !isHere(newest)) return;
  showWide(newest);
  if (!isPlain(newest)) return;
  choices.show(newest.net, surfaceChoices.runOf(newest.playback));
  const scene = sceneOf(newest);
  tellWords(scene);
  ask(parts, newest, scene);
  if (!shown) return;
  if (keyOfPath(scene) !== pathKey) paint(parts, shown, scene);
  if (!parts.handle.held) parts.handle.place(scene.now);
  tellNow(parts, shown, newest, scene);
  surfaceSolid.move(scene.now);
};

const follow = (now: Now) => {
  newest = now;
  update();
};

// --- the current point by hand ----------------------------------------------------------------
const move = ([a, b]: planes.Place) => {
  const here = hereNow();
  if (!before && here) before = { p: [...here.frame.p], plane: planeOf(here).plane };
  if (before) fitSection.edit(planes.at(before.plane, a, b));
};
const end = () => {
  if (!before) return;
  before = null;
  const here = hereNow();
  if (!here) return;
  fitSection.commit([...here.frame.p]);
  if (parts && shown) i18n.announce(tellNow(parts, shown, here, sceneOf(here)));
};
const cancel = () => {
  if (!before) return;
  const { p } = before;
  before = null;
  fitSection.commit(p);
};

const zoom = (factor: number) => {
  const here = hereNow();
  if (!range || !here) return;
  const { now, range: axes } = sceneOf(here);
  const middle: planes.Place = [(axes.x[0] + axes.x[1]) / 2, (axes.y[0] + axes.y[1]) / 2];
  zoomed = true;
  range = planes.zoomed(axes, factor, planes.holds(axes, now) ? now : middle);
  update();
};
const zoomBack = () => {
  zoomed = false;
  range = null;
  update();
};

// --- start ------------------------------------------------------------------------------------
// Everything large is fetched when the card comes near the screen.
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
  const gd = await library.newPlot(node, [], look, { displayModeBar: false, responsive: true });
  const handle = surfaceHandle.create(box, gd, { onMove: move, onEnd: end, onCancel: cancel });
  parts = { library, gd, handle, request: workerClient.create(receive) };
  newest = fitSection.now();
  update();
};

const repaint = () => {
  pathKey = "";
  update();
};

export const start = () => {
  choices = surfaceChoices.create(update);
  const card = ancestor(byId("surface-body"), ".card");
  plotting.whenNear(card, build);
  new IntersectionObserver(
    (entries) => {
      near = entries[entries.length - 1].isIntersecting;
      update();
    },
    { rootMargin: "50% 0px" },
  ).observe(card);
  byId("surface-zoom-in").addEventListener("click", () => zoom(ZOOM));
  byId("surface-zoom-out").addEventListener("click", () => zoom(1 / ZOOM));
  byId("surface-zoom-reset").addEventListener("click", zoomBack);
  surfaceSolid.start();
  fitSection.onChange(follow);
  i18n.onLanguage(repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
};

export { shown };
