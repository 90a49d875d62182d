// Moves the lines and dots of a graph that Plotly has drawn, without Plotly's redraw: that takes
// 20 ms a frame, this about 1 ms. A curve's numbers go to `gd.data` and to the points that Plotly has
// computed from it (`gd.calcdata`), its pixels into Plotly's own SVG elements. So whatever Plotly does
// next (hover, zoom, resize, a picture) starts from the curve that is on the screen.
type Plot = { xaxis: PlotlyAxis; yaxis: PlotlyAxis };
type Place = { x: number; y: number };
type Values = ArrayLike<number | null>;

const FAR_PX = 1e5; // a line that leaves the screen is not followed further than this

const pixel = (axis: PlotlyAxis, value: number) => {
  const at = axis._b + axis._m * value;
  return Math.round(Math.min(Math.max(at, -FAR_PX), FAR_PX) * 1000) / 1000;
};
const isPlace = (point: PlotlyPoint): point is Place => point.x !== undefined && point.y !== undefined;

// The x of most curves are the same array from frame to frame: so is what is written of them.
type Written = { x: unknown; m: number; b: number; texts: string[] };
const written = new WeakMap<PlotlyPoint[], Written>();
const textsOf = (x: unknown, points: PlotlyPoint[], axis: PlotlyAxis) => {
  const { _m: m, _b: b } = axis;
  const before = written.get(points);
  if (before && before.x === x && before.m === m && before.b === b) return before.texts;
  const texts = points.map((point) => (point.x === undefined ? "" : `${pixel(axis, point.x)},`));
  written.set(points, { x, m, b, texts });
  return texts;
};

// As the axis counts: the logarithm on a log axis, undefined for what is no number.
const computed = (axis: PlotlyAxis, value: number | null) =>
  axis.type === "linear" && typeof value === "number" && Number.isFinite(value) ? value : axis.d2c(value);

const setAttribute = (node: Element, name: string, value: string) => {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
};

// Plotly's points of a trace, changed in place: the first one also holds what Plotly keeps per trace.
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

// Both give whether Plotly has made the elements that this needs.
const drawLine = (group: Element, points: PlotlyPoint[], x: unknown, plot: Plot) => {
  const [line, ...more] = group.querySelectorAll(".lines > .js-line");
  const path = pathOf(points, x, plot);
  if (!line) return !path;
  setAttribute(line, "d", path);
  for (const node of more) node.remove(); // Plotly draws a path for each part between gaps
  return true;
};
// A dot is moved by its path: another transform would make Chromium compose all layers anew.
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

const moveOne = (gd: PlotlyGraph, trace: number) => {
  const { x = [], y = [] } = gd.data[trace];
  const points = gd.calcdata?.[trace];
  const full = gd._fullData[trace];
  const group = points?.[0].node3?.node();
  if (!points || !group?.isConnected || full.visible !== true || !x.length || x.length !== y.length) return false;
  const plot = gd._fullLayout._plots[full.xaxis + full.yaxis];
  if (plot.xaxis.autorange || plot.yaxis.autorange) return false; // Plotly chooses the axes by the curve
  Object.assign(full, { x, y, _length: x.length });
  compute(points, x, y, plot);
  const { mode } = full;
  return (
    (!mode.includes("lines") || drawLine(group, points, x, plot)) &&
    (!mode.includes("markers") || drawDots(group, points, plot, full.marker.size))
  );
};

// Draw `traces` as `gd.data` has them. Gives whether that was possible: not before Plotly has drawn
// something in each of them, and not where an axis follows its curves.
export const move = (gd: PlotlyGraph, traces: number[]) => {
  const moved = traces.map((trace) => moveOne(gd, trace)).every(Boolean);
  gd._fullLayout._rehover?.(); // the label under a mouse that rests
  return moved;
};
