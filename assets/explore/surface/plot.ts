// The figures of a loss surface: filled contours, and a 3-D surface.

import * as nets from "../../core/net/net";
import * as plotting from "../../core/plots/plotting";
import { clamp } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Numbers } from "../../core/types";
import type { Axes, Place } from "./plane";
import type { Job } from "./worker-client";

// A place of a path, or a gap in it.
export type Stop = Place | [null, null];
// What is drawn on a plane. `marked` are the other nets through which the plane goes.
export type Scene = {
  path: Stop[];
  start: Place;
  now: Place;
  marked: Place[];
  range: Axes;
  titles: [string, string];
};
export type Grid = { job: Job; loss: Float64Array; scale: Scale };
export type PaintedScene = Scene & Grid;
export type Scale = ReturnType<typeof scaleOf>;

const BANDS = 14;
const COLOURS = [0, 1, 2, 3, 4, 5]; // --loss0 to --loss5 in the style sheet
const SOFTENING = 0.02; // `soft` below, as a fraction of the distance from the lowest loss to the median

// The scale of contour levels for a grid of losses: level = log10(loss - lowest + soft). The logarithm makes small
// differences near the lowest loss visible; `soft` keeps it finite.
export const scaleOf = (loss: Float64Array) => {
  const sorted = Float64Array.from(loss).sort();
  const low = sorted[0];
  const middle = sorted[sorted.length >> 1];
  const high = sorted[sorted.length - 1];
  const soft = Math.max((middle - low) * SOFTENING, (high - low) * 1e-6, 1e-9);
  const level = (value: number) => Math.log10(Math.max(value - low, 0) + soft);
  const start = level(low);
  const end = Math.max(level(high), start + 1e-6);
  return { low, level, start, end, size: (end - start) / BANDS, valueAt: (t: number) => 10 ** t + low - soft };
};

// With as many digits, from 3 to 10, as make the values different.
export const tickTexts = (values: number[], digits = 3): string[] => {
  const texts = values.map((value) => numbers.short(Number(value.toPrecision(digits)), Math.max(digits, 6)));
  return new Set(texts).size < values.length && digits < 10 ? tickTexts(values, digits + 1) : texts;
};
const ticks = ({ start, end, valueAt }: Scale) => {
  const at = nets.grid(start, end, 6);
  return { tickvals: at, ticktext: tickTexts(at.map(valueAt)) };
};
const colours = () => COLOURS.map((k) => [k / (COLOURS.length - 1), plotting.colour(`loss${k}`)]);

const rows = (values: Float64Array, columns: number) =>
  Array.from({ length: values.length / columns }, (_, j) =>
    Array.from(values.subarray(j * columns, (j + 1) * columns)),
  );

// The place of the lowest loss of the grid
const lowestOf = ({ as, bs }: Job, loss: Float64Array): Place => {
  let best = 0;
  for (let k = 1; k < loss.length; k++) if (loss[k] < loss[best]) best = k;
  return [as[best % as.length], bs[Math.floor(best / as.length)]];
};

const contour = ({ job, loss, scale }: Grid) => ({
  type: "contour",
  x: Array.from(job.as),
  y: Array.from(job.bs),
  z: rows(loss.map(scale.level), job.as.length),
  customdata: job.coarse ? undefined : rows(loss, job.as.length),
  zauto: false,
  zmin: scale.start,
  zmax: scale.end,
  autocontour: false,
  contours: { start: scale.start, end: scale.end, size: scale.size, coloring: "fill" },
  line: { width: 0.6, color: plotting.colour("surface"), smoothing: 0.6 },
  colorscale: colours(),
  colorbar: { thickness: 12, xpad: 6, outlinewidth: 0, len: 1, ypad: 0, ...ticks(scale) },
  hovertemplate: job.coarse ? undefined : "(%{x:.3f}, %{y:.3f})<br>%{customdata:.6f}<extra></extra>",
  hoverinfo: job.coarse ? "skip" : undefined,
});

const marks = (places: Place[], symbol: string, more: object) => ({
  ...plotting.marks({ symbol, size: 12, line: { width: 2.5 }, ...more }),
  x: places.map(([a]) => a),
  y: places.map(([, b]) => b),
});

const path = (places: Stop[], colour: string, width: number) => ({
  type: "scatter",
  mode: "lines",
  x: places.map(([a]) => a),
  y: places.map(([, b]) => b),
  hoverinfo: "skip",
  line: { color: plotting.colour(colour), width, simplify: false },
});

const traces = (scene: PaintedScene) => {
  const [ink, surface] = ["ink", "surface"].map(plotting.colour);
  const frame = { color: surface, line: { color: ink, width: 2.5 } };
  return [
    contour(scene),
    path(scene.path, "surface", 6),
    path(scene.path, "ink", 2.5),
    marks([scene.start], "square", frame),
    marks(scene.marked, "diamond", frame),
    marks([lowestOf(scene.job, scene.loss)], "cross-thin", { size: 13, line: { color: surface, width: 6 } }),
    marks([lowestOf(scene.job, scene.loss)], "cross-thin", { size: 11, line: { color: ink, width: 2.5 } }),
  ];
};

export const paintContours = (library: PlotlyLibrary, node: HTMLElement, scene: PaintedScene) => {
  const { axis, layout } = plotting;
  const look = layout(
    axis(scene.titles[0], scene.range.x, { zeroline: false, showgrid: false }),
    axis(scene.titles[1], scene.range.y, { zeroline: false, showgrid: false }),
    { margin: { l: 58, r: 10, t: 6, b: 46 } },
  );
  return plotting.draw(node, traces(scene), look, library);
};

// The level of the surface at a place, by bilinear interpolation of the grid
const levelAt = ({ job: { as, bs }, loss, scale }: Grid, [a, b]: Place) => {
  const cell = (values: Numbers, value: number) => {
    const step = values[1] - values[0];
    const at = (value - values[0]) / step;
    const k = clamp(Math.floor(at), 0, values.length - 2);
    return [k, at - k];
  };
  const [i, p] = cell(as, a);
  const [j, q] = cell(bs, b);
  if (!(p >= 0 && p <= 1 && q >= 0 && q <= 1)) return null; // outside the grid
  const at = (m: number, n: number) => scale.level(loss[(j + n) * as.length + i + m]);
  return (1 - q) * ((1 - p) * at(0, 0) + p * at(1, 0)) + q * ((1 - p) * at(0, 1) + p * at(1, 1));
};

export const hasWebGL = () => {
  const canvas = document.createElement("canvas");
  return Boolean(canvas.getContext("webgl2") ?? canvas.getContext("webgl"));
};

export const isPlace = (stop: Stop): stop is Place => stop[0] !== null;
const onSurface = (scene: PaintedScene, places: Stop[], more: object) => {
  const lift = (scene.scale.end - scene.scale.start) * 0.012;
  const z = places.map((place) => (isPlace(place) ? levelAt(scene, place) : null));
  return {
    type: "scatter3d",
    hoverinfo: "skip",
    x: places.map(([a]) => a),
    y: places.map(([, b]) => b),
    z: z.map((level) => (level === null ? null : level + lift)),
    ...more,
  };
};

export const paint3d = (library: PlotlyLibrary, node: HTMLElement, scene: PaintedScene) => {
  const { job, loss, scale } = scene;
  const [ink, muted, line, yhat, surface] = ["ink", "muted", "axis", "yhat", "surface"].map(plotting.colour);
  const axis = (title: string, more: object) => ({
    title: { text: title },
    color: muted,
    gridcolor: line,
    zeroline: false,
    showspikes: false,
    ...more,
  });
  const places = [
    onSurface(scene, scene.path, { mode: "lines", line: { color: ink, width: 5 } }),
    onSurface(scene, [scene.start], {
      mode: "markers",
      marker: { symbol: "square", size: 6, color: surface, line: { color: ink, width: 2 } },
    }),
    onSurface(scene, [scene.now], {
      mode: "markers",
      marker: { size: 8, color: yhat, line: { color: "#fff", width: 2 } },
    }),
  ];
  const height = {
    type: "surface",
    x: Array.from(job.as),
    y: Array.from(job.bs),
    z: rows(loss.map(scale.level), job.as.length),
    cmin: scale.start,
    cmax: scale.end,
    colorscale: colours(),
    showscale: false,
    hoverinfo: "skip",
    lighting: { ambient: 0.75, diffuse: 0.5, specular: 0.05 },
  };
  const look = {
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    uirevision: "keep",
    font: { size: 12, color: muted },
    scene: {
      xaxis: axis(scene.titles[0], { range: scene.range.x }),
      yaxis: axis(scene.titles[1], { range: scene.range.y }),
      zaxis: axis(i18n.t("word.loss"), ticks(scale)),
      aspectmode: "manual",
      aspectratio: { x: 1, y: 1, z: 0.75 },
      camera: { eye: { x: 1.85, y: -1.85, z: 1.3 }, center: { x: 0, y: 0, z: -0.12 } },
    },
  };
  return plotting.draw(node, [height, ...places], look, library);
};
