// The loss surface: follows the session's net, run and weights, and lets the current point be moved.
import { byId, element } from "../../core/dom";
import * as i18n from "../../core/i18n";
import * as nets from "../../core/net";
import * as numbers from "../../core/numbers";
import * as painting from "../../core/painting";
import * as plotting from "../../core/plotting";
import * as fitSection from "../../fit/fit";
import * as surfaceChoices from "./choices";
import * as surfaceHandle from "./handle";
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

let choices;
let library; // Plotly with contours
let gd;
let handle;
let request; // of the worker
let newest = null; // what Fit told last
let near = false; // on the screen, or close to it
let asked = null; // {key, coarse} of the grid that is shown or under way
let shown = null; // {job, loss, scale}
let pathKey = "";
let range = null; // {x, y}
let rangeKey = "";
let zoomed = false; // by hand: it stays until something else is looked at
let before = null; // the weights when the point was taken
let checking = null;

const isPlain = ({ net, frame }) => Boolean(net?.plain && frame?.p);
const isHere = (now) => Boolean(now?.net && now.data && now.frame?.net === now.net); // nothing is on its way
const isMoving = ({ frame, playback, state }) =>
  handle?.held || frame.seq === undefined || playback.playing || state.status === "running";

// --- what is shown ----------------------------------------------------------------------------
// The plane; `run` is null where it is that of two numbers.
const planeOf = ({ frame, playback }) => {
  const { view } = choices;
  if (view.kind === "run") {
    const run = surfaceChoices.runOf(playback);
    const third = run.thirds.find(({ epoch }) => epoch === view.third);
    const plane = third && planes.through(run.start.p, run.end.p, third.p);
    if (plane) return { plane, run: { ...run, third } };
  }
  return { plane: planes.ofTwo(frame.p, view.i, view.j), run: null };
};

// The run on the plane; an edit by hand begins a new piece.
const pathOf = (playback, plane) =>
  playback.frames
    .filter(({ p }) => p)
    .flatMap((frame, k) => {
      const place = planes.project(plane, frame.p);
      return frame.mark === "edit" && k > 0 ? [[null, null], place] : [place];
    });

const fitRange = (places, { plane, run }, net, playback) => {
  const { view } = choices;
  const key = JSON.stringify(run ? [plane.u, plane.v] : [view.i, view.j, net, playback.frames[0]?.seq]);
  if (key !== rangeKey) {
    rangeKey = key;
    range = null;
    zoomed = false;
  }
  if (zoomed || handle?.held) return;
  const there = places.filter(([a]) => a !== null);
  if (range && there.every((place) => planes.holds(range, place))) return;
  range = planes.around(there, run ? 1e-3 : LEAST);
};

const titles = (net, run) => {
  if (run) return [i18n.t("surface.axis_along"), i18n.t("surface.axis_across")];
  const names = surfaceChoices.names(net);
  return [names[choices.view.i], names[choices.view.j]];
};

const sceneOf = ({ net, playback, frame }) => {
  const { plane, run } = planeOf({ playback, frame });
  const project = (one) => planes.project(plane, one.p);
  const path = pathOf(playback, plane);
  const now = project(frame);
  fitRange([...path, now], { plane, run }, net, playback);
  return {
    plane,
    run,
    path,
    now,
    range,
    titles: titles(net, run),
    start: path[0] ?? now,
    marked: run ? [project(run.end), project(run.third)] : [],
  };
};

// --- painting ---------------------------------------------------------------------------------
const paint = (scene) => {
  if (!shown) return;
  const whole = { ...scene, ...shown };
  pathKey = keyOfPath(scene);
  surfacePlot.flat(library, gd, whole);
  surfaceSolid.show(whole);
};
const keyOfPath = ({ path, titles: words, range: axes }) =>
  JSON.stringify([path.length, path[path.length - 1], words, axes, document.documentElement.dataset.theme]);

const lossOf = ({ frame, data, net }) => frame.loss ?? nets.loss(frame.p, data.x, data.y, net);

const tellNow = (now, scene) => {
  const own = lossOf(now);
  const loss = numbers.fixed(own, 6);
  byId("surface-loss").textContent = loss;
  // between the places of the grid the net itself may lie lower
  const { x, y } = scene.range;
  const isIn = scene.now.every((value, k) => [x, y][k][0] <= value && value <= [x, y][k][1]);
  const lowest = isIn ? Math.min(shown.scale.low, own) : shown.scale.low;
  byId("surface-lowest").textContent = numbers.fixed(lowest, 6);
  const [a, b] = scene.now.map((value) => numbers.fixed(value, 4));
  const words = i18n.t("surface.point", { x: scene.titles[0], y: scene.titles[1], a, b, loss });
  handle.node.setAttribute("aria-label", words);
  return words;
};

const tellWords = ({ run }) => {
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

const showWide = (now) => {
  const plain = isPlain(now);
  byId("surface-body").hidden = !plain;
  byId("surface-wide").hidden = plain;
  if (plain) return true;
  byId("surface-wide").textContent = i18n.t("surface.wide", {
    units: numbers.whole(now.net.h),
    numbers: numbers.whole(nets.size(now.net)),
  });
  return false;
};

const ask = (now, scene) => {
  const { net, data } = now;
  const { h, bias1, activation, loss } = net;
  const { plane } = scene;
  const key = JSON.stringify([data.key, h, bias1, activation, loss, plane, range]);
  const coarse = Boolean(isMoving(now));
  if (coarse) {
    clearTimeout(checking);
    checking = setTimeout(update, CHECK_MS);
  }
  if (asked?.key === key && (coarse || !asked.coarse)) return;
  asked = { key, coarse };
  const n = coarse ? COARSE : FINE;
  const line = ([low, high]) => Float64Array.from(nets.grid(low, high, n));
  const job = { net: { h, bias1, activation, loss }, plane, as: line(range.x), bs: line(range.y), coarse };
  request(job, data);
};

const receive = (job, loss, ms) => {
  shown = { job, loss, ms, scale: surfacePlot.scaleOf(loss) };
  pathKey = ""; // whatever the last picture was, it is not of this grid
  painting.request("surface", update);
};

const update = () => {
  if (!near || !handle || !isHere(newest) || !showWide(newest)) return;
  choices.show(newest.net, surfaceChoices.runOf(newest.playback));
  const scene = sceneOf(newest);
  tellWords(scene);
  ask(newest, scene);
  if (!shown) return;
  if (keyOfPath(scene) !== pathKey) paint(scene);
  if (!handle.held) handle.place(scene.now);
  tellNow(newest, scene);
  surfaceSolid.move(scene.now);
};

const follow = (now) => {
  newest = now;
  update();
};

// --- the current point by hand ----------------------------------------------------------------
const move = ([a, b]) => {
  const now = fitSection.now();
  before ??= { p: [...now.frame.p], plane: planeOf(now).plane };
  fitSection.edit(planes.at(before.plane, a, b));
};
const end = () => {
  if (!before) return;
  before = null;
  const now = fitSection.now();
  fitSection.commit([...now.frame.p]);
  i18n.announce(tellNow(now, sceneOf(now)));
};
const cancel = () => {
  if (!before) return;
  const { p } = before;
  before = null;
  fitSection.commit(p);
};

const zoom = (factor) => {
  if (!range || !newest) return;
  const { now } = sceneOf(newest);
  const middle = [(range.x[0] + range.x[1]) / 2, (range.y[0] + range.y[1]) / 2];
  zoomed = true;
  range = planes.zoomed(
    range,
    factor,
    (planes.holds(range, now as [number, number]) ? now : middle) as [number, number],
  );
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
  try {
    library = await bundles.load("cartesian");
  } catch {
    byId("surface-problem").textContent = i18n.t("surface.no_bundle");
    return;
  }
  gd = box.appendChild(element("div", { className: "plot" }));
  const blank = () => plotting.axis("", undefined, { visible: false });
  await library.newPlot(gd, [], plotting.layout(blank(), blank()), { displayModeBar: false, responsive: true });
  handle = surfaceHandle.create(box, gd, { onMove: move, onEnd: end, onCancel: cancel });
  request = workerClient.create(receive);
  newest = fitSection.now();
  update();
};

const repaint = () => {
  pathKey = "";
  update();
};

export const start = () => {
  choices = surfaceChoices.create(update);
  const card = byId("surface-body").closest(".card");
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
