// Planes in the space of a net's weights, with orthonormal directions u and v.
import { extremes } from "../../core/ranges";
import type { Range, Weights } from "../../core/types";
import * as lossGrid from "./loss-grid";

type Plane = lossGrid.Plane;
export type Place = [a: number, b: number];
export type Axes = { x: Range; y: Range };

const COLLINEAR = 1e-6; // three nets define no plane if the third is nearer, relatively, to the line through the others

// The narrowest axis, relative to the size of its values: weights are 32-bit numbers, with about 7 digits.
const NARROWEST = 1e-4;
const WIDEST = 1e6;

const minus = (p: Weights, q: Weights) => p.map((value, k) => value - q[k]);
const dot = (p: Weights, q: Weights) => p.reduce((sum, value, k) => sum + value * q[k], 0);
const length = (p: Weights) => Math.sqrt(dot(p, p));
const scaled = (p: Weights, factor: number) => p.map((value) => value * factor);

// The plane of all nets that differ from `p` only in the weights i and j: at the place (a, b), these are a and b.
export const ofTwo = (p: Weights, i: number, j: number): Plane => {
  const along = (place: number) => p.map((_, k) => (k === place ? 1 : 0));
  return { origin: p.map((value, k) => (k === i || k === j ? 0 : value)), u: along(i), v: along(j) };
};

// The plane through three nets (Gram-Schmidt): the first is the origin, the second is on the first axis. Null if they
// are collinear.
export const through = (start: Weights, end: Weights, third: Weights): Plane | null => {
  const first = minus(end, start);
  const size = length(first);
  if (!(size > 0)) return null;
  const u = scaled(first, 1 / size);
  const other = minus(third, start);
  const across = minus(other, scaled(u, dot(other, u)));
  const height = length(across);
  if (!(height > COLLINEAR * size)) return null;
  return { origin: [...start], u, v: scaled(across, 1 / height) };
};

// The place (a, b) of the plane that is nearest to the net `p`
export const project = ({ origin, u, v }: Plane, p: Weights): Place => {
  const away = minus(p, origin);
  return [dot(away, u), dot(away, v)];
};
export const at = (plane: Plane, a: number, b: number): Weights => Array.from(lossGrid.at(plane, a, b));

// Axes that contain all places. Each is at least 2 `least` long, and at least a third as long as the other.
export const around = (places: Place[], least: number): Axes => {
  const axes = [0, 1].map((axis) => {
    const [low, high] = extremes(places.map((place) => place[axis]));
    return { middle: (low + high) / 2, half: Math.max((high - low) * 0.65, least) };
  });
  const widest = Math.max(...axes.map(({ half }) => half));
  const [x, y] = axes.map(({ middle, half }): Range => {
    const room = Math.max(half, widest / 3);
    return [middle - room, middle + room];
  });
  return { x, y };
};
export const contains = ({ x, y }: Axes, [a, b]: Place) => x[0] <= a && a <= x[1] && y[0] <= b && b <= y[1];
export const zoomed = ({ x, y }: Axes, factor: number, [a, b]: Place): Axes => {
  const scale = ([low, high]: Range, middle: number): Range => [
    middle + (low - middle) * factor,
    middle + (high - middle) * factor,
  ];
  return { x: scale(x, a), y: scale(y, b) };
};
// Whether zooming by `factor` leaves places on the axes different nets, and the axes not absurdly wide.
export const canZoom = ({ x, y }: Axes, factor: number) =>
  [x, y].every(([low, high]) => {
    const width = (high - low) * factor;
    const size = Math.max(1, Math.abs(low + high) / 2);
    return factor < 1 ? width >= NARROWEST * size : width <= WIDEST;
  });
