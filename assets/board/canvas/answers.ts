// Paints the answers to a question: numbers as a histogram, choices as bars, sketched curves as lines.
import type { Question, Value } from "../../class/types";
import { endsOf, extremes } from "../../core/ranges";
import { whole } from "../../core/text/numbers";
import type { Range } from "../../core/types";
import type { PlotData } from "../rows/curves";
import { axesIn, paintAxes } from "./axes";
import * as hidpi from "./hidpi-canvas";
import * as histogram from "./histogram";
import { around } from "./scale";
import type { Theme } from "./theme";
import { trace } from "./tiles";

const MAX_BINS = 25;
const BAR_GAP = 8;
const DASHED = [7, 5];

// If all values are whole numbers and close together, each has a bin of its own.
const binsFor = (values: number[]) => {
  const [low, high] = extremes(values);
  const isWhole = values.every(Number.isInteger) && high - low < MAX_BINS;
  return isWhole
    ? { isWhole, range: [low - 0.5, high + 0.5] as Range, bins: high - low + 1 }
    : { isWhole, range: around(values, 1e-6, 0.02), bins: MAX_BINS };
};

const paintNumbers = (canvas: hidpi.Canvas, values: number[], theme: Theme) => {
  const { pen } = canvas;
  const { isWhole, range, bins } = binsFor(values);
  const axes = axesIn(canvas, range, [0, 1], theme, 8);
  paintAxes(pen, axes, theme, false, isWhole);
  pen.fillStyle = theme.accent;
  for (const { x, y, width, height } of histogram.stack(values, range, axes.box.width, axes.box.height, bins)) {
    const wide = Math.min(width - 2, 44);
    pen.fillRect(axes.box.x + x + (width - wide) / 2, axes.box.y + y + 0.5, wide, Math.max(height - 1, 1));
  }
};

const paintChoices = (canvas: hidpi.Canvas, values: number[], options: string[], theme: Theme) => {
  const { pen, width, height } = canvas;
  const counts = options.map((_, i) => values.filter((value) => value === i).length);
  const most = Math.max(1, ...counts);
  const high = Math.min(44, height / options.length - BAR_GAP);
  const px = Math.max(12, Math.min(0.95 * theme.px, high - 6));
  options.forEach((option, i) => {
    const y = i * (high + BAR_GAP);
    pen.fillStyle = theme.grid;
    pen.fillRect(0, y, width, high);
    pen.fillStyle = theme.accent;
    pen.globalAlpha = 0.32;
    pen.fillRect(0, y, (width * counts[i]) / most, high);
    pen.globalAlpha = 1;
    pen.fillStyle = theme.ink;
    pen.font = `${px}px ${theme.family}`;
    pen.fillText(option, 8, y + high / 2 + 0.35 * px, width - 60);
    pen.textAlign = "right";
    pen.font = `700 ${px}px ${theme.family}`;
    pen.fillText(whole(counts[i]), width - 8, y + high / 2 + 0.35 * px);
    pen.textAlign = "left";
  });
};

// `truth`: prob, once the answers are revealed.
type Sketched = { curves: number[][]; plotData: PlotData | null; truth: ArrayLike<number> | null };
const paintSketches = (canvas: hidpi.Canvas, { curves, plotData, truth }: Sketched, theme: Theme) => {
  const { pen } = canvas;
  const x: Range = plotData ? endsOf(plotData.x) : [-1, 1];
  const axes = axesIn(canvas, x, [0, 1], theme);
  const { box } = axes;
  const inside = [box.x, box.y, box.width, box.height] as const;
  paintAxes(pen, axes, theme);
  pen.fillText("ŷ", box.x + 5, box.y + theme.small);
  pen.textAlign = "right";
  pen.fillText("x", box.x + box.width - 5, box.y + box.height - 5);
  pen.textAlign = "left";
  pen.strokeStyle = theme.accent;
  pen.lineWidth = 2 * theme.thick;
  pen.globalAlpha = Math.max(0.15, Math.min(0.8, 8 / curves.length));
  for (const curve of curves) {
    pen.beginPath();
    trace(pen, curve, [0, 1], inside);
    pen.stroke();
  }
  pen.globalAlpha = 1;
  if (!truth) return;
  pen.beginPath();
  trace(pen, truth, [0, 1], inside);
  pen.strokeStyle = theme.truth;
  pen.setLineDash(DASHED);
  pen.stroke();
  pen.setLineDash([]);
};

export const paint = (
  canvas: hidpi.Canvas,
  { kind, options, revealed }: Question,
  answers: Value[],
  plotData: PlotData | null,
  theme: Theme,
) => {
  hidpi.begin(canvas);
  if (!answers.length) return;
  const values = answers.filter((value) => typeof value === "number");
  const curves = answers.filter((value) => typeof value !== "number");
  if (kind === "number") paintNumbers(canvas, values, theme);
  else if (kind === "choice") paintChoices(canvas, values, options, theme);
  else paintSketches(canvas, { curves, plotData, truth: (revealed && plotData?.truth) || null }, theme);
};
