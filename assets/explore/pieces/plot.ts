// The plot of the line: the contribution of each unit, and a tick on the x axis where a unit bends. The chosen unit is
// highlighted.
import * as nets from "../../core/net/net";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import { padded } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Curve, FitNet, NetDescription, Pieces, Points, Range, Weights } from "../../core/types";
import type { FitData } from "../../fit/data";
import * as fitPlots from "../../fit/plots";

// A unit, seen between the ends of the data
export type Unit = nets.Unit & {
  k: number; // from 0
  ends: number[]; // its contributions to the logit at both ends
  share: number; // the larger absolute value of `ends`
  isDead: boolean; // contributes nothing between the ends
  isInside: boolean; // bends between the ends
};
// The net's line, its units and its pieces. `drawn` are the units that are drawn.
export type Line = {
  p: Weights;
  net: FitNet;
  data: FitData;
  ends: Range;
  units: Unit[];
  drawn: Unit[];
  pieces: Pieces;
  curve: Points;
  hasColours: boolean;
};
type Drawn = Curve & { text?: (string | null)[]; customdata?: (number | null)[] };

const NOTHING: Drawn = { ...plotting.NOTHING, text: [null], customdata: [null] };
const UNITS = 0,
  DEAD = 1,
  UNIT1 = 2,
  UNIT2 = 3,
  NET = 4,
  PIECE = 5,
  CHOSEN = 6,
  BEND = 7,
  KNOTS = 8;
const MAX_DRAWN = 100; // units; more could not be distinguished
const STEP_POINTS = 61; // of a sigmoid's curve
const TICK = [0.012, 0.06]; // lower and upper end of a tick, as parts of the plot's height

let gd: PlotlyGraph;

export const create = async () => {
  const { axis, layout, line } = plotting;
  const hovertemplate = "%{text}<br>(%{x:.3f}, %{y:.4f})<extra></extra>";
  const thin = (role: string, width: number, more: PlotlyTrace = {}) =>
    line(role, { ...NOTHING, hovertemplate, ...more, line: { width, ...more.line } });
  const mute = { hoverinfo: "skip", hovertemplate: null };
  const accent = "#2f5be0"; // pieces.css replaces it by the theme's accent colour
  // Ticks are drawn at the x axis, so they have a y axis of their own from 0 to 1.
  const onAxis = { yaxis: "y2", hovertemplate: "%{text}<extra></extra>" };
  const traces = [
    thin("others", 1.5, { opacity: 0.55 }),
    thin("others", 1.5, { opacity: 0.55, line: { dash: "dot" } }),
    thin("unit1", 2),
    thin("unit2", 2),
    thin("yhat", 3, { hovertemplate: "(%{x:.3f}, %{y:.4f})<extra></extra>" }),
    thin("yhat", 9, { opacity: 0.35, ...mute }),
    thin("accent", 4, { meta: "chosen", line: { color: accent } }),
    thin("accent", 1.5, { meta: "chosen", yaxis: "y2", ...mute, line: { color: accent, dash: "dash" } }),
    thin("others", 2, { meta: "knot", ...onAxis }),
  ];
  const look = layout(axis("x", [-1.04, 1.04]), axis("", [-12, 8]), {
    yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true, autorange: false },
  });
  gd = await plotting.drawIn("pieces-plot", traces, look);
  return gd;
};

// --- units ----------------------------------------------------------------------------------------
// A unit's contribution is monotonic, so its extremes are at the ends.
export const unitsOf = (p: Weights, net: NetDescription, [low, high]: Range) =>
  Array.from({ length: net.h }, (_, k): Unit => {
    const ends = nets.contribution(p, k, [low, high], net);
    const v = nets.hidden(p, k, [low, high], net);
    const unit = nets.unitOf(p, k, net);
    const { knot } = unit;
    return {
      k,
      ...unit,
      share: Math.max(...ends.map(Math.abs)),
      ends,
      isDead: net.activation === "relu" && v[0] === 0 && v[1] === 0,
      isInside: low < knot && knot < high,
    };
  });

// The units that are drawn: those with the largest shares.
export const drawnOf = (units: Unit[]) =>
  units.length <= MAX_DRAWN ? units : [...units].sort((a, b) => b.share - a.share).slice(0, MAX_DRAWN);

const placesOf = ({ knot, isInside }: Unit, { net, ends: [low, high] }: Line) => {
  if (net.activation === "sigmoid") return nets.grid(low, high, STEP_POINTS);
  return isInside ? [low, knot, high] : [low, high];
};

export const nameOf = ({ k }: Unit) => i18n.t("pieces.unit", { k: numbers.whole(k + 1) });

const curveOf = (unit: Unit, line: Line) => {
  const x = placesOf(unit, line);
  const words = nameOf(unit);
  return {
    x,
    y: nets.contribution(line.p, unit.k, x, line.net),
    text: x.map(() => words),
    customdata: x.map(() => unit.k),
  };
};
const joinedCurves = (units: Unit[], line: Line): Drawn => {
  const curves = units.map((unit) => curveOf(unit, line));
  const { withGaps } = plotting;
  return {
    x: withGaps(curves.map(({ x }) => x)),
    y: withGaps(curves.map(({ y }) => y)),
    text: withGaps(curves.map(({ text }) => text)),
    customdata: withGaps(curves.map(({ customdata }) => customdata)),
  };
};

// The logit: the sum of all units. A ReLU net's logit is computed from its pieces, which are already summed.
type Summed = Pick<Line, "p" | "net" | "data" | "ends" | "pieces">;
export const netCurve = ({ p, net, data, ends: [low, high], pieces }: Summed): Points => {
  const { knots, slopes, intercepts } = pieces;
  if (net.activation === "sigmoid") return { x: data.grid, y: nets.logit(p, data.grid, net) };
  const x = [low, ...knots, high];
  return { x, y: x.map((at, i) => slopes[Math.max(i - 1, 0)] * at + intercepts[Math.max(i - 1, 0)]) };
};

const shown: Drawn[] = Array(KNOTS).fill(NOTHING); // the curves of all traces but the knots
const keep = (places: number[], curves: Drawn[]) => places.forEach((place, i) => (shown[place] = curves[i]));
// Show these curves in these traces. All of `shown` is painted at once, because otherwise the stacking order of the
// traces is lost. (The knots have a layer of their own.)
const put = (places: number[], curves: Drawn[]) => {
  keep(places, curves);
  painting.setCurves(gd, [...shown.keys()], shown);
};

// --- painting -------------------------------------------------------------------------------------
// `chosen` is the number of a unit, from 0, or null.
export const paint = (line: Line, chosen: number | null) => {
  const { units, drawn, hasColours, curve } = line;
  const colouredUnit = (k: number) => units.filter((unit) => hasColours && unit.k === k && !unit.isDead);
  const rest = drawn.filter((unit) => !unit.isDead && !(hasColours && unit.k < 2));
  const knots = units.filter((unit) => unit.isInside);
  painting.setCurves(gd, [KNOTS], [ticksOf(knots, line)]);
  keep(
    [UNITS, DEAD, UNIT1, UNIT2, NET, PIECE],
    [
      joinedCurves(rest, line),
      joinedCurves(
        drawn.filter((unit) => unit.isDead),
        line,
      ),
      joinedCurves(colouredUnit(0), line),
      joinedCurves(colouredUnit(1), line),
      curve,
      NOTHING,
    ],
  );
  choose(line, chosen);
};

// A tick on the x axis for each knot. All ticks are one path, which is fast even for thousands.
const ticksOf = (knots: Unit[], { net }: Line): Drawn => {
  if (!knots.length) return NOTHING;
  const ends = <T>(of: (unit: Unit) => T) => knots.flatMap((unit) => [of(unit), of(unit), null]);
  return {
    x: ends((unit) => unit.knot),
    y: knots.flatMap(() => [...TICK, null]),
    text: ends((unit) => tickWords(unit, net)),
    customdata: ends((unit) => unit.k),
  };
};

const tickWords = (unit: Unit, net: NetDescription) =>
  i18n.t(net.activation === "relu" ? "pieces.bends_at" : "pieces.half_at", {
    unit: nameOf(unit),
    x: numbers.fixed(unit.knot),
  });

// Highlight one unit and its bend, and fade the others.
export const choose = (line: Line, chosen: number | null) => {
  const unit = chosen === null ? null : line.units[chosen];
  fade(unit !== null);
  put(
    [CHOSEN, BEND],
    [
      unit && !unit.isDead ? curveOf(unit, line) : NOTHING,
      unit?.isInside ? { x: [unit.knot, unit.knot], y: [0, 1] } : NOTHING,
    ],
  );
};

let isFaint = false;
const fade = (on: boolean) => {
  if (on === isFaint) return;
  isFaint = on;
  gd.data[UNITS].opacity = on ? 0.25 : 0.55;
  for (const trace of [UNIT1, UNIT2, NET]) gd.data[trace].opacity = on ? 0.35 : 1;
  Plotly.redraw(gd); // Plotly.restyle has no effect on animated traces
};

// Set the axes so that they contain the net and its units, or, when zoomed, the chosen unit alone.
export const axes = (line: Line, chosen: number | null, zoomed: boolean) => {
  const unit = zoomed && chosen !== null ? line.units[chosen] : null;
  const range = unit
    ? closeUp(unit)
    : fitPlots.rangeOf([...line.curve.y, ...line.drawn.flatMap((each) => each.ends)], -1, 1);
  const wanted = { "xaxis.range": padded(line.ends, 0.02), "yaxis.range": range };
  const { xaxis, yaxis } = gd._fullLayout;
  if (String(Object.values(wanted)) !== String([xaxis.range, yaxis.range])) Plotly.relayout(gd, wanted);
};
const closeUp = ({ share, ends }: Unit): Range => {
  const top = share > 0 ? painting.niceCeil(share) : 1;
  return ends.some((value) => value < 0) ? [-1.1 * top, 0.3 * top] : [-0.3 * top, 1.1 * top];
};

// Highlight straight piece `i`, or none.
export const highlight = ({ curve: { x, y } }: Line, i: number | null) =>
  put([PIECE], [i === null ? NOTHING : { x: x.slice(i, i + 2), y: y.slice(i, i + 2) }]);
