// Gives each plot an accessible name that describes it in words and numbers, for screen readers. The name is updated
// when the plot has stopped changing.
import { extremes } from "../ranges";
import * as i18n from "../text/i18n";
import * as numbers from "../text/numbers";
import { type Legend, legendOf, roleOf } from "./roles";

const { t } = i18n;
const CHECK_MS = 1000; // a plot that is the same at two checks has stopped changing
const PLOTS = "main [role='img']:has(.js-plotly-plot), main .js-plotly-plot[role='img']";

type Place = { x: number; y: number };

// The parts of a curve between gaps.
export const piecesOf = ({ x = [], y = [] }: PlotlyTrace): Place[][] => {
  const pieces: Place[][] = [[]];
  Array.from(y).forEach((value, i) => {
    const at = x[i];
    if (typeof value === "number" && typeof at === "number" && Number.isFinite(value)) {
      pieces[pieces.length - 1].push({ x: at, y: value });
    } else pieces.push([]);
  });
  return pieces.filter((piece) => piece.length);
};

// The ends of a line, and its minimum and maximum between them, from left to right.
export const turnsOf = (line: Place[]) => {
  const ends = [line[0], line[line.length - 1]];
  const low = line.reduce((a, b) => (b.y < a.y ? b : a));
  const high = line.reduce((a, b) => (b.y > a.y ? b : a));
  const isBetween = ({ y }: Place) => ends.every((end) => Math.abs(end.y - y) > 1e-9);
  const inside = [
    { key: "plot.lowest", place: low },
    { key: "plot.highest", place: high },
  ].filter(({ place }) => isBetween(place));
  inside.sort((a, b) => a.place.x - b.place.x);
  const [first, last] = ends.map((place) => ({ key: "", place }));
  return line.length === 1 ? [first] : [first, ...inside, last];
};

const axisOf = (gd: PlotlyGraph) => {
  const { title } = gd._fullLayout.xaxis;
  return title?.text || "x";
};

const describeTrace = (gd: PlotlyGraph, trace: PlotlyTrace, legend: Legend) => {
  const pieces = piecesOf(trace);
  const points = pieces.flat();
  const role = roleOf(trace);
  const name = trace.name ?? legend[role ?? ""];
  if (!points.length || trace.type === "bar") return [];
  const text = ({ x, y }: Place) => `${numbers.short(y)} (${axisOf(gd)} = ${numbers.short(x, 3)})`;
  const [low, high] = extremes(points.map(({ y }) => y));
  const many = {
    n: numbers.whole(trace.mode === "markers" ? points.length : pieces.length),
    low: numbers.short(low),
    high: numbers.short(high),
  };
  const isMany = trace.mode === "markers" ? points.length > 1 : pieces.length > 1;
  const turns = () => turnsOf(points).map(({ key, place }) => (key ? t(key, { place: text(place) }) : text(place)));
  const shape = isMany ? t(trace.mode === "markers" ? "plot.points" : "plot.lines", many) : turns().join(", ");
  return [name ? `${name}: ${shape}` : shape];
};

const layersOf = (box: Element) =>
  [...(box.matches(".js-plotly-plot") ? [box] : box.querySelectorAll(".js-plotly-plot"))].filter(
    (layer): layer is PlotlyGraph => "_fullLayout" in layer,
  );

const describe = (box: HTMLElement) => {
  const legend = legendOf(box);
  const parts = layersOf(box).flatMap((gd) => gd.data.flatMap((trace) => describeTrace(gd, trace, legend)));
  return [t(box.dataset.tLabel ?? ""), ...parts].join(". ");
};

// --- updates ---------------------------------------------------------------------------------------
type Checked = { columns: unknown[]; label: string | null };
const checked = new WeakMap<Element, Checked>();

const check = (box: HTMLElement) => {
  const traces = layersOf(box).flatMap(({ data }) => data);
  const columns = [i18n.language(), box.dataset.tLabel, ...traces.flatMap(({ x, y }) => [x, y])];
  const before = checked.get(box);
  const isAtRest = before?.columns.length === columns.length && columns.every((each, i) => each === before.columns[i]);
  const isDescribed = isAtRest && before.label === box.getAttribute("aria-label");
  if (isAtRest && !isDescribed) box.setAttribute("aria-label", describe(box));
  checked.set(box, { columns, label: isAtRest ? box.getAttribute("aria-label") : null });
};

const checkAll = () => {
  if (document.hidden) return;
  for (const box of document.querySelectorAll<HTMLElement>(PLOTS)) {
    if (box.checkVisibility({ visibilityProperty: true })) check(box);
  }
};

export const start = () => setInterval(checkAll, CHECK_MS);
