// Changes the lines and dots of a Plotly graph in about 1 ms; Plotly's own redraw takes 20 ms. It writes the new
// values into Plotly's computed points (`gd.calcdata`), and the new pixels into Plotly's SVG elements. Because both
// are changed, hover, zoom, resize and export use the new curves too.
import { clamp } from "../ranges";

type Plot = { xaxis: PlotlyAxis; yaxis: PlotlyAxis };
type Place = { x: number; y: number };
type Values = ArrayLike<number | null>;

const MAX_PX = 1e5; // pixel coordinates are clipped to ±MAX_PX, far outside the screen

const pixel = (axis: PlotlyAxis, value: number) =>
  Math.round(clamp(axis._b + axis._m * value, -MAX_PX, MAX_PX) * 1000) / 1000;
const isPlace = (point: PlotlyPoint): point is Place => point.x !== undefined && point.y !== undefined;

// The x of each point, as written in an SVG path. Cached, because most curves have the same x array in every frame.
type CachedTexts = { x: unknown; m: number; b: number; texts: string[] };
const cache = new WeakMap<PlotlyPoint[], CachedTexts>();
const textsOf = (x: unknown, points: PlotlyPoint[], axis: PlotlyAxis) => {
  const { _m: m, _b: b } = axis;
  const before = cache.get(points);
  if (before && before.x === x && before.m === m && before.b === b) return before.texts;
  const texts = points.map((point) => (point.x === undefined ? "" : `${pixel(axis, point.x)},`));
  cache.set(points, { x, m, b, texts });
  return texts;
};

// A value as Plotly computes it for an axis: its logarithm on a log axis; undefined if it is not a number.
const computed = (axis: PlotlyAxis, value: number | null) =>
  axis.type === "linear" && typeof value === "number" && Number.isFinite(value) ? value : axis.d2c(value);

const setAttribute = (node: Element, name: string, value: string) => {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
};

// Change a trace's computed points in place: Plotly also keeps data of the whole trace in the first one.
const compute = (points: PlotlyPoint[], x: Values, y: Values, { xaxis, yaxis }: Plot) => {
  points.length = Math.min(points.length, x.length);
  for (let i = 0; i < x.length; i++) {
    if (i === points.length) points.push({ i });
    points[i].x = computed(xaxis, x[i]);
    points[i].y = computed(yaxis, y[i]);
  }
};

const pathOf = (points: PlotlyPoint[], x: unknown, { xaxis, yaxis }: Plot) => {
  const texts = textsOf(x, points, xaxis);
  let path = "";
  let pen = "M";
  points.forEach((point, i) => {
    if (isPlace(point)) {
      path += pen + texts[i] + pixel(yaxis, point.y);
      pen = "L";
    } else pen = "M";
  });
  return path;
};

// drawLine and drawDots return false if Plotly has not made the SVG elements yet that they change.
const drawLine = (group: Element, points: PlotlyPoint[], x: unknown, plot: Plot) => {
  const [line, ...more] = group.querySelectorAll(".lines > .js-line");
  const path = pathOf(points, x, plot);
  if (!line) return !path;
  setAttribute(line, "d", path);
  for (const node of more) node.remove(); // Plotly draws a path for each part between gaps; here one path draws all
  return true;
};
// Dots are moved by changing their paths: changing `transform` makes Chromium recompose all layers.
const drawDots = (group: Element, points: PlotlyPoint[], { xaxis, yaxis }: Plot, size: number) => {
  const dots = group.querySelectorAll(".points > .point");
  const drawn = points.filter(isPlace);
  drawn.slice(0, dots.length).forEach((point, i) => {
    setAttribute(dots[i], "transform", "translate(0,0)");
    setAttribute(dots[i], "d", circle(pixel(xaxis, point.x), pixel(yaxis, point.y), size / 2));
  });
  return dots.length === drawn.length;
};
const circle = (x: number, y: number, r: number) =>
  `M${x + r},${y}A${r},${r} 0 1,1 ${x},${y - r}A${r},${r} 0 0,1 ${x + r},${y}Z`;

const drawTrace = (gd: PlotlyGraph, trace: number) => {
  const { x = [], y = [] } = gd.data[trace];
  const points = gd.calcdata?.[trace];
  const full = gd._fullData[trace];
  const group = points?.[0].node3?.node();
  if (!points || !group?.isConnected || full.visible !== true || !x.length || x.length !== y.length) return false;
  const plot = gd._fullLayout._plots[full.xaxis + full.yaxis];
  if (plot.xaxis.autorange || plot.yaxis.autorange) return false; // Plotly has to compute the range
  Object.assign(full, { x, y, _length: x.length });
  compute(points, x, y, plot);
  const { mode } = full;
  return (
    (!mode.includes("lines") || drawLine(group, points, x, plot)) &&
    (!mode.includes("markers") || drawDots(group, points, plot, full.marker.size))
  );
};

// Draw `traces` as they are in `gd.data`. Returns false if that is not possible: Plotly must have drawn each of them
// before, and the axes must have fixed ranges.
export const draw = (gd: PlotlyGraph, traces: number[]) => {
  const isDrawn = traces.map((trace) => drawTrace(gd, trace)).every(Boolean);
  gd._fullLayout._rehover?.(); // updates the hover label
  return isDrawn;
};
