// The plot of own points. It converts between pixels and the data's units, and finds the point under the pointer.
import { element } from "../../core/dom";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as i18n from "../../core/text/i18n";
import type { Column, Points, Range } from "../../core/types";

export type Place = [x: number, y: number];
type Axes = { x: Range; y: Range };
type Pointer = { clientX: number; clientY: number };
export type Plot = Awaited<ReturnType<typeof create>>;

const CURVE = 0,
  POINTS = 1,
  HELD = 2,
  CROSS = 3;

// Make a plot in `host`, with an element over it that receives the events.
export const create = async (host: HTMLElement, axes: Axes) => {
  const { NOTHING, axis, layout, colour, marks } = plotting;
  const box = element("div", { className: "own-graph" });
  const surface = element("div", { className: "own-surface", role: "application", tabIndex: 0, id: "own-surface" });
  i18n.label(surface, "own.label");
  host.append(box, surface);
  const ring = { color: "rgba(0,0,0,0)", size: 19, line: { color: colour("yhat"), width: 3 } };
  const cross = { color: colour("yhat"), symbol: "cross-thin-open", size: 26, line: { width: 2 } };
  const traces = [
    plotting.line("yhat", { ...NOTHING, hoverinfo: "skip" }),
    marks({ color: colour("data"), size: 10, opacity: 0.9 }),
    marks(ring),
    marks(cross),
  ];
  const gd = await plotting.draw(box, traces, layout(axis("x", axes.x), axis("y", axes.y)));

  const at = (event: Pointer): Place => {
    const { left, top } = gd.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const pixelOf = ([x, y]: Place): Place => {
    const { xaxis, yaxis } = gd._fullLayout;
    return [xaxis._offset + xaxis.d2p(x), yaxis._offset + yaxis.d2p(y)];
  };
  const place = (event: Pointer): Place => {
    const { xaxis, yaxis } = gd._fullLayout;
    const [px, py] = at(event);
    return [xaxis.p2d(px - xaxis._offset), yaxis.p2d(py - yaxis._offset)];
  };
  // Index of the point nearest to a pixel, or -1 if none is within `radius` pixels.
  const nearest = (points: Place[], [px, py]: Place, radius: number) => {
    let [found, least] = [-1, radius];
    points.forEach((point, i) => {
      const [x, y] = pixelOf(point);
      const distance = Math.hypot(x - px, y - py);
      if (distance <= least) [found, least] = [i, distance];
    });
    return found;
  };

  const column = (points: Place[], k: number): Column => (points.length ? points.map((point) => point[k]) : [null]);
  const show = (points: Place[], held: Place | undefined, crossAt: Place | null) =>
    painting.request("own", () => {
      const sets = [points, held ? [held] : [], crossAt ? [crossAt] : []];
      Plotly.restyle(gd, { x: sets.map((set) => column(set, 0)), y: sets.map((set) => column(set, 1)) }, [
        POINTS,
        HELD,
        CROSS,
      ]);
    });
  // The net's yhat; null if the net is trained on other data.
  const showCurve = (curve: Points | null) => painting.setCurves(gd, [CURVE], [curve ?? NOTHING]);
  const setAxes = ({ x, y }: Axes) => Plotly.relayout(gd, { "xaxis.range": x, "yaxis.range": y });
  const isOutside = ({ clientX, clientY }: Pointer) => {
    const { left, right, top, bottom } = surface.getBoundingClientRect();
    return clientX < left || clientX > right || clientY < top || clientY > bottom;
  };
  return { surface, at, place, pixelOf, nearest, show, showCurve, setAxes, isOutside };
};
