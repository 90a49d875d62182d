// SVG drawings in the class's panel. They are scaled to the width of the panel.
import { clamp } from "../../core/ranges";

export const WIDTH = 320;
export const HEIGHT = 180;

type Attributes = Record<string, string | number>;
export const svg = (tag: string, attributes: Attributes, ...children: Node[]) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
};
export const drawing = (attributes: Attributes, ...children: Node[]) =>
  svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, ...attributes }, ...children) as SVGSVGElement;

export const label = (text: string, x: number, y: number, anchor: "start" | "middle" | "end") =>
  svg("text", { x, y, "text-anchor": anchor }, new Text(text));

// A line through points, which may lie outside the drawing.
export const path = (xs: ArrayLike<number>, ys: ArrayLike<number>, className: string) => {
  const points = Array.from(xs, (x, i) => `${x.toFixed(1)},${clamp(ys[i], -1e4, 1e4).toFixed(1)}`);
  return svg("polyline", { class: className, points: points.join(" ") });
};
