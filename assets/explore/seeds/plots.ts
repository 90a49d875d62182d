// Two plots of many seeds with the same loss axis: the loss curves; and a dot for each seed's final loss, with a
// histogram beside them.

import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { NetDescription, Range } from "../../core/types";
import { CLASSES, facing, type Run, type Side } from "./outcomes";
import type { Plateaus } from "./plateaus";
import * as plateauStore from "./plateaus";

const { t } = i18n;
// `record` are the epochs of the curves.
export type Shown = {
  runs: Run[];
  record: number[];
  first: number;
  count: number;
  epochs: number;
  net: NetDescription;
};
export type Nodes = Record<"curves" | "dots", PlotlyGraph>;
type Line = { name: Side; loss: number };
type Label = { loss: number; text: string };

const { NOTHING, withGaps } = plotting;
const ROLE = { both: "yhat", left: "unit2", right: "unit1" };
const PATTERN = { both: "", left: "\\", right: "/" };
const SYMBOL = { both: "circle", left: "triangle-left", right: "triangle-right" };
const BINS = 40;
const TOP = 1.25; // the top of the loss axis, relative to the loss of a constant net
const CLOSE = 0.05; // plateaus share a label if their distance is below this fraction of the axis
const MAX_BESIDE = 0.3; // labels are put inside the plot if they need more than this fraction of its width
const CHOSEN = CLASSES.length; // the trace of the chosen seed, in both plots

const byClass = (runs: Run[]) => CLASSES.map((name) => runs.filter((run) => facing(run.start) === name));

const lossRange = (runs: Run[], plateaus: Plateaus): Range => {
  const high = TOP * plateaus.flat;
  const low = Math.min(plateaus.both, ...runs.map((run) => run.loss));
  return [low - 0.08 * (high - low), high];
};

// --- plateaus: horizontal lines and their labels ------------------------------------------------
const lines = (net: NetDescription, plateaus: Plateaus): Line[] => {
  if (!plateauStore.hasPlateaus(net)) return [];
  const names: Side[] = net.h > 1 && plateauStore.areBothSidesNeeded(plateaus) ? CLASSES : ["left", "right"];
  return names.map((name) => ({ name, loss: plateaus[name] })).sort((a, b) => a.loss - b.loss);
};

const labels = (found: Line[], [low, high]: Range): Label[] => {
  const groups: Line[][] = [];
  for (const line of found) {
    const last = groups.at(-1);
    if (last && line.loss - last[0].loss < CLOSE * (high - low)) last.push(line);
    else groups.push([line]);
  }
  return groups.map((group) => ({
    loss: group[group.length - 1].loss,
    text: group
      .map(({ name, loss }) => t("seeds.plateau", { side: t(`seeds.side_${name}`), loss: numbers.fixed(loss, 3) }))
      .join(" · "),
  }));
};

// The text size in plots, as set by the style sheet, and the width of the longest label.
const fontPx = () => Math.max(14, 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize));
const widest = (names: Label[]) => {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 0;
  context.font = `${fontPx()}px ${getComputedStyle(document.body).fontFamily}`;
  return Math.max(0, ...names.map(({ text }) => context.measureText(text).width));
};

// The labels are put in the right margin if they fit into `room` (pixels), otherwise inside the plot.
const plateauMarks = (net: NetDescription, plateaus: Plateaus, range: Range, room: number) => {
  const found = lines(net, plateaus);
  const names = labels(found, range);
  const width = widest(names) + 16;
  const isBeside = names.length > 0 && width < room;
  const place = isBeside
    ? { x: 1, xanchor: "left", yanchor: "middle", xshift: 7 }
    : { x: 0, xanchor: "left", yanchor: "bottom", xshift: 3 };
  return {
    margin: isBeside ? { ...plotting.MARGIN, r: width } : plotting.MARGIN,
    shapes: found.map(({ loss }) => ({
      type: "line",
      xref: "paper",
      x0: 0,
      x1: 1,
      y0: loss,
      y1: loss,
      layer: "below",
      line: { color: plotting.colour("truth"), width: 1.5, dash: "dash" },
    })),
    annotations: names.map(({ loss, text }) => ({
      text,
      xref: "paper",
      y: loss,
      showarrow: false,
      borderpad: 1,
      font: { size: fontPx() },
      ...place,
    })),
  };
};

const layout = (xaxis: PlotlyLayout, shown: Shown, plateaus: Plateaus, room = 0, more: PlotlyLayout = {}) => {
  const range = lossRange(shown.runs, plateaus);
  return plotting.layout(xaxis, plotting.axis(t("word.loss"), range), {
    ...plateauMarks(shown.net, plateaus, range, room),
    ...more,
  });
};

// --- loss curves: one trace per class, with a gap after each seed --------------------------------
// Without epoch 0, which a logarithmic axis cannot show.
const curve = (run: Run, epochs: number[]) => ({ x: epochs.slice(1), y: run.curve.slice(1) });

const curves = (runs: Run[], epochs: number[], name: Side) => {
  const all = runs.map((run) => curve(run, epochs));
  return plotting.line(ROLE[name], {
    meta: name,
    x: withGaps(all.map(({ x }) => x)),
    y: withGaps(all.map(({ y }) => y)),
    connectgaps: false,
    hoverinfo: "skip",
    hovertemplate: undefined,
    opacity: 0.35,
    line: { width: 1 },
  });
};

export const paintCurves = (node: HTMLElement, shown: Shown, plateaus: Plateaus) => {
  const traces = byClass(shown.runs).map((runs, k) => curves(runs, shown.record, CLASSES[k]));
  traces.push(plotting.line("truth", { ...NOTHING, hoverinfo: "skip", hovertemplate: undefined }));
  const last = Math.log10(Math.max(shown.epochs, 10));
  const epochs = plotting.axis(t("word.epoch"), [0, last * 1.02], { type: "log", dtick: 1 });
  return plotting.draw(node, traces, layout(epochs, shown, plateaus));
};

// --- dots: final loss by seed -------------------------------------------------------------------
const dots = (runs: Run[], name: Side, size: number, top: number): PlotlyTrace => ({
  type: "scatter",
  mode: "markers",
  meta: name,
  xaxis: "x",
  yaxis: "y",
  x: runs.length ? runs.map((run) => run.seed) : [null],
  y: runs.length ? runs.map((run) => Math.min(run.loss, top)) : [null],
  customdata: runs.map((run) => run.seed),
  text: runs.map((run) => numbers.fixed(run.loss, 6)),
  marker: {
    color: plotting.colour(ROLE[name]),
    size,
    opacity: 0.75,
    line: { width: 0 },
    symbol: runs.map((run) => (run.diverged ? "x" : SYMBOL[name])),
  },
  hovertemplate: `${t("seeds.hover", { seed: "%{customdata}", loss: "%{text}" })}<extra></extra>`,
});

const histogram = (runs: Run[], name: Side, [low, high]: Range): PlotlyTrace => {
  const width = (high - low) / BINS;
  const counts = new Array(BINS).fill(0);
  for (const { loss } of runs) counts[Math.min(Math.floor((loss - low) / width), BINS - 1)] += 1;
  return {
    type: "bar",
    meta: name,
    orientation: "h",
    xaxis: "x2",
    yaxis: "y",
    width,
    x: counts,
    y: counts.map((_, i) => low + (i + 0.5) * width),
    marker: {
      color: plotting.colour(ROLE[name]),
      opacity: 0.85,
      pattern: { shape: PATTERN[name], solidity: 0.5, size: 6 },
    },
    hovertemplate: `${t("seeds.hover_bar", { count: "%{x}", loss: "%{y:.3f}" })}<extra></extra>`,
  };
};

export const paintDots = (node: HTMLElement, shown: Shown, plateaus: Plateaus) => {
  const { runs, first, count } = shown;
  const range = lossRange(runs, plateaus);
  const size = count > 800 ? 6 : 8;
  const top = range[1] - 0.015 * (range[1] - range[0]);
  const classes = byClass(runs);
  const outline = { color: plotting.colour("truth"), line: { width: 3 } };
  const ring = plotting.marks({ ...outline, size: size + 8, symbol: "circle-open" });
  const traces = [
    ...classes.map((members, k) => dots(members, CLASSES[k], size, top)),
    ring,
    ...classes.map((members, k) => histogram(members, CLASSES[k], range)),
  ];
  const pad = Math.max(0.5, 0.02 * count);
  const seeds = plotting.axis(t("fit.seed"), [first - pad, first + count - 1 + pad], {
    domain: [0, 0.73],
    zeroline: false,
    nticks: 6,
    tickformat: ",d",
  });
  const counts = plotting.axis(t("seeds.count_axis"), runs.length ? null : [0, 10], {
    domain: [0.79, 1],
    rangemode: "tozero",
    nticks: 3,
    anchor: "y",
  });
  const room = MAX_BESIDE * node.clientWidth;
  const look = layout(seeds, shown, plateaus, room, { xaxis2: counts, barmode: "stack", bargap: 0 });
  return plotting.draw(node, traces, look);
};

// Mark the dot and the curve of a run; null marks none.
export const choose = (nodes: Nodes, record: number[], run: Run | null) => {
  if (!nodes.dots._fullLayout || !nodes.curves._fullLayout) return; // not drawn yet
  const top = nodes.dots._fullLayout.yaxis.range[1];
  const dot = run ? { x: [run.seed], y: [Math.min(run.loss, top)] } : NOTHING;
  const one = run ? curve(run, record) : NOTHING;
  // Not painting.setCurves: Plotly.animate would remove the bars.
  Plotly.restyle(nodes.dots, { x: [dot.x], y: [dot.y] }, [CHOSEN]);
  painting.setCurves(nodes.curves, [CHOSEN], [one]);
};
