// The axes of a plot on a canvas: grid lines at round values, with tick labels.
import { clamp } from "../../core/ranges";
import * as numbers from "../../core/text/numbers";
import type { Range } from "../../core/types";
import type { Box } from "./layout";
import { type Scale, scale, ticks } from "./scale";
import type { Theme } from "./theme";

// The scales from values to pixels, and the box inside the axes.
export type Axes = { x: Scale; y: Scale; box: Box };

// The margins in pixels: at the right for half a mark; at the left for the labels of the y axis, such as "−0.25", and
// below for those of the x axis, which depend on their font size.
const rightOf = (thick: number) => 10 * thick + 4;
const leftOf = (px: number) => 2.6 * px + 6;
const belowOf = (px: number) => px + 8;

type Size = { width: number; height: number };
export const axesIn = (
  { width, height }: Size,
  x: Range,
  y: Range,
  { small, thick }: Theme,
  left = leftOf(small),
): Axes => {
  const [above, below] = [0.55 * small, belowOf(small)];
  const box = {
    x: left,
    y: above,
    width: Math.max(width - left - rightOf(thick), 1),
    height: Math.max(height - above - below, 1),
  };
  return { x: scale(x, [box.x, box.x + box.width]), y: scale(y, [box.y + box.height, box.y]), box };
};

// If `isWhole`, the values of x are whole numbers, and so are its ticks.
export const paintAxes = (
  pen: CanvasRenderingContext2D,
  { x, y, box }: Axes,
  theme: Theme,
  hasY = true,
  isWhole = false,
) => {
  const { small: px } = theme;
  const full = box.x + box.width + rightOf(theme.thick);
  pen.font = `${px}px ${theme.family}`;
  pen.lineWidth = 1;
  pen.fillStyle = theme.muted;
  const round = ticks(x.range, Math.max(3, Math.floor(box.width / (5.4 * px))));
  const across = isWhole ? round.filter(Number.isInteger) : round;
  const up = hasY ? ticks(y.range, Math.max(3, Math.floor(box.height / (3.3 * px)))) : [];
  const line = (value: number, x1: number, y1: number, x2: number, y2: number) => {
    pen.strokeStyle = value === 0 ? theme.axis : theme.grid;
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  };
  pen.textAlign = "center";
  for (const value of across) {
    const at = Math.round(x.toPixel(value)) + 0.5;
    line(value, at, box.y, at, box.y + box.height);
    const words = numbers.short(value);
    const half = 0.5 * pen.measureText(words).width;
    pen.fillText(words, clamp(at, half, full - half), box.y + box.height + px + 2);
  }
  pen.textAlign = "right";
  for (const value of up) {
    const at = Math.round(y.toPixel(value)) + 0.5;
    line(value, box.x, at, box.x + box.width, at);
    pen.fillText(numbers.short(value), box.x - 5, at + 0.35 * px);
  }
  pen.textAlign = "left";
};
