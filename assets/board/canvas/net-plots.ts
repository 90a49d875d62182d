// The two plots of one student's net: yhat with the truth, and the logit with the contribution of each unit.
import * as nets from "../../core/net/net";
import { endsOf } from "../../core/ranges";
import type { Range } from "../../core/types";
import { logit, type PlotData } from "../rows/curves";
import type { Row } from "../rows/types";
import { axesIn, paintAxes } from "./axes";
import * as hidpi from "./hidpi-canvas";
import { around } from "./scale";
import { type Theme, unitOf } from "./theme";
import { trace } from "./tiles";

type Values = ArrayLike<number>;
type Line = { values: Values; colour: string; width: number; dash?: number[] };
// `units` is empty if the net's weights are not sent. `truth` is the truth of the last layer's output, or null if that
// is not known.
export type Lines = { yhat: Values; logit: number[]; units: number[][]; truth: (number | null)[] | null };

const MIN_RANGE = 2; // of the logit's axis

// The curves at the x of `plotData`. Null if a weight is not finite.
export const linesOf = (row: Row, { x, truth }: PlotData): Lines | null => {
  const logits = logit(row, x);
  if (!logits) return null;
  const { net, plain } = row;
  const p = row.numbers.filter((value) => value !== null);
  const isMse = net.loss === "mse";
  return {
    yhat: nets.output(logits, net),
    logit: logits,
    units: plain ? Array.from({ length: net.h }, (_, k) => nets.contribution(p, k, x, net)) : [],
    truth: truth && Array.from(truth, (y) => (isMse ? y : nets.finiteLogitOf(y))),
  };
};

const paint = (canvas: hidpi.Canvas, x: Range, y: Range, name: string, lines: Line[], theme: Theme) => {
  const pen = hidpi.begin(canvas);
  if (!canvas.width) return;
  const axes = axesIn(canvas, x, y, theme);
  const { box } = axes;
  paintAxes(pen, axes, theme);
  pen.fillText(name, box.x + 4, box.y + theme.small);
  for (const { values, colour, width, dash = [] } of lines) {
    pen.beginPath();
    trace(pen, values, y, [box.x, box.y, box.width, box.height]);
    pen.strokeStyle = colour;
    pen.lineWidth = theme.thick * width;
    pen.setLineDash(dash);
    pen.stroke();
  }
  pen.setLineDash([]);
};

const DASHED = [7, 5];

export const paintYhat = (canvas: hidpi.Canvas, lines: Lines, plotData: PlotData, theme: Theme) => {
  const truth = plotData.truth ? [{ values: plotData.truth, colour: theme.truth, width: 2, dash: DASHED }] : [];
  const net = { values: lines.yhat, colour: theme.yhat, width: 3 };
  paint(canvas, endsOf(plotData.x), plotData.span, "ŷ", [...truth, net], theme);
};

export const paintLogit = (canvas: hidpi.Canvas, lines: Lines, plotData: PlotData, isMse: boolean, theme: Theme) => {
  const known = (lines.truth ?? []).filter((z) => z !== null);
  const range = around([...lines.logit, ...lines.units.flat(), ...known], MIN_RANGE);
  const units = lines.units.map((values, k) => ({ values, width: 1.5, ...unitOf(k, theme) }));
  const isWhole = lines.truth?.every((z) => z !== null);
  const truth = isWhole ? [{ values: known, colour: theme.truth, width: 2, dash: DASHED }] : [];
  const net = { values: lines.logit, colour: theme.yhat, width: 3 };
  paint(canvas, endsOf(plotData.x), range, isMse ? "ŷ" : "logit", [...units, ...truth, net], theme);
};
