// The axes of a plot on a canvas: grid lines at round values, with tick labels.
import * as numbers from "../../core/text/numbers";
import type { Range } from "../../core/types";
import type { Box } from "./layout";
import type { Look } from "./look";
import { type Scale, scale, ticks } from "./scale";

// The scales from values to pixels, and the box inside the axes.
export type Axes = { x: Scale; y: Scale; box: Box };

const LEFT = 34; // pixels, for the labels of the y axis
const RIGHT = 14;
const BELOW = 19;

export const axesIn = (width: number, height: number, x: Range, y: Range, left = LEFT): Axes => {
  const box = { x: left, y: 6, width: Math.max(width - left - RIGHT, 1), height: Math.max(height - BELOW - 6, 1) };
  return { x: scale(x, [box.x, box.x + box.width]), y: scale(y, [box.y + box.height, box.y]), box };
};

export const paintAxes = (pen: CanvasRenderingContext2D, { x, y, box }: Axes, look: Look, hasY = true) => {
  const px = Math.max(11, 0.72 * look.px);
  pen.font = `${px}px ${look.family}`;
  pen.lineWidth = 1;
  pen.fillStyle = look.muted;
  const across = ticks(x.range, Math.max(3, Math.floor(box.width / 60)));
  const up = hasY ? ticks(y.range, Math.max(3, Math.floor(box.height / 36))) : [];
  const line = (value: number, x1: number, y1: number, x2: number, y2: number) => {
    pen.strokeStyle = value === 0 ? look.axis : look.grid;
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  };
  pen.textAlign = "center";
  for (const value of across) {
    const at = Math.round(x.toPixel(value)) + 0.5;
    line(value, at, box.y, at, box.y + box.height);
    pen.fillText(numbers.short(value), at, box.y + box.height + px + 2);
  }
  pen.textAlign = "right";
  for (const value of up) {
    const at = Math.round(y.toPixel(value)) + 0.5;
    line(value, box.x, at, box.x + box.width, at);
    pen.fillText(numbers.short(value), box.x - 5, at + 0.35 * px);
  }
  pen.textAlign = "left";
};
