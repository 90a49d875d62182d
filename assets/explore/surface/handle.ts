// The current point of the loss surface: taken by mouse or finger, moved by the arrow keys. It lies
// above the plot, so that a drag redraws nothing of it.
import type { Range } from "../../core/types";
import type { Place } from "./plane";

const KEYS: Record<string, Place> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 1 / 60; // of the axis; a fifth of it with Shift
const REST_MS = 350; // after the last key, the server hears of it

const clamp = (value: number, [low, high]: Range) => Math.min(Math.max(value, low), high);

type Listeners = {
  onMove: (place: Place) => void;
  onEnd: () => void; // once, when it is let go
  onCancel: () => void; // the touch was none
};
export type Handle = ReturnType<typeof create>;

// Put the point into `box`, above the graph `gd`.
export const create = (box: HTMLElement, gd: PlotlyGraph, { onMove, onEnd, onCancel }: Listeners) => {
  const node = document.createElement("button");
  node.type = "button";
  node.id = "surface-handle";
  node.className = "surface-handle";
  node.hidden = true; // until there is a landscape below it
  box.append(node);
  let at: Place = [0, 0];
  let taken: { x: number; y: number } | null = null; // {x, y}: from the pointer to the point's middle
  let resting: number | null = null; // timer, while keys move it

  const place = (point = at) => {
    if (point !== at) node.hidden = false;
    at = point;
    const [a, b] = at;
    const { xaxis, yaxis } = gd._fullLayout;
    const [x, y] = [clamp(a, xaxis.range), clamp(b, yaxis.range)];
    node.style.transform = `translate(${xaxis._offset + xaxis.d2p(x)}px, ${yaxis._offset + yaxis.d2p(y)}px)`;
    node.classList.toggle("outside", x !== a || y !== b);
  };
  const moveTo = (a: number, b: number) => {
    const { xaxis, yaxis } = gd._fullLayout;
    place([clamp(a, xaxis.range), clamp(b, yaxis.range)]);
    onMove(at);
  };

  const middle = () => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { x, y } = middle();
    taken = { x: x - event.clientX, y: y - event.clientY };
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (!taken) return;
    const { xaxis, yaxis } = gd._fullLayout;
    const { left, top } = gd.getBoundingClientRect();
    moveTo(
      xaxis.p2d(event.clientX + taken.x - left - xaxis._offset),
      yaxis.p2d(event.clientY + taken.y - top - yaxis._offset),
    );
  });
  const release = (end: () => void) => () => {
    if (!taken) return;
    taken = null;
    end();
  };
  node.addEventListener("pointerup", release(onEnd));
  node.addEventListener("pointercancel", release(onCancel));

  const rest = () => {
    if (resting === null) return;
    clearTimeout(resting);
    resting = null;
    onEnd();
  };
  node.addEventListener("keydown", (event) => {
    const direction = KEYS[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (resting !== null) clearTimeout(resting);
    resting = setTimeout(rest, REST_MS);
    const step = event.shiftKey ? STEP / 5 : STEP;
    const size = ([low, high]: Range) => (high - low) * step;
    const { xaxis, yaxis } = gd._fullLayout;
    moveTo(at[0] + direction[0] * size(xaxis.range), at[1] + direction[1] * size(yaxis.range));
  });
  node.addEventListener("blur", rest);
  gd.on("plotly_afterplot", () => place());

  return {
    place,
    node,
    get held() {
      return taken !== null || resting !== null;
    },
  };
};
