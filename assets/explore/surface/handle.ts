// The current point of the loss surface, which is dragged with mouse or finger, or moved by the arrow keys. It is an
// element above the plot, so that a drag does not redraw the plot.
import { element } from "../../core/dom";
import { clamp } from "../../core/ranges";
import type { Range } from "../../core/types";
import type { Place } from "./plane";

const KEYS: Record<string, Place> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 1 / 60; // of an arrow key, as a fraction of the axis; a fifth of it with Shift
const KEYS_END_MS = 350; // a move by keys ends this time after the last arrow key

type Listeners = {
  onMove: (place: Place) => void;
  onEnd: () => void; // once, at the end of a move
  onCancel: () => void; // the touch has turned into scrolling
};
export type Handle = ReturnType<typeof create>;

// Put the handle into `box`, above the graph `gd`.
export const create = (box: HTMLElement, gd: PlotlyGraph, { onMove, onEnd, onCancel }: Listeners) => {
  const node = element("button", { type: "button", id: "surface-handle", className: "surface-handle" });
  node.hidden = true; // until the surface is drawn
  box.append(node);
  let at: Place = [0, 0];
  let grip: { x: number; y: number } | null = null; // during a drag: the vector from the pointer to the middle
  let keysEnd: number | null = null; // timer, while arrow keys move it

  const place = (point = at) => {
    if (point !== at) node.hidden = false;
    at = point;
    const [a, b] = at;
    const { xaxis, yaxis } = gd._fullLayout;
    const [x, y] = [clamp(a, ...xaxis.range), clamp(b, ...yaxis.range)];
    node.style.transform = `translate(${xaxis._offset + xaxis.d2p(x)}px, ${yaxis._offset + yaxis.d2p(y)}px)`;
    node.classList.toggle("outside", x !== a || y !== b);
  };
  const moveTo = (a: number, b: number) => {
    const { xaxis, yaxis } = gd._fullLayout;
    place([clamp(a, ...xaxis.range), clamp(b, ...yaxis.range)]);
    onMove(at);
  };

  const middle = () => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { x, y } = middle();
    grip = { x: x - event.clientX, y: y - event.clientY };
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const { xaxis, yaxis } = gd._fullLayout;
    const { left, top } = gd.getBoundingClientRect();
    moveTo(
      xaxis.p2d(event.clientX + grip.x - left - xaxis._offset),
      yaxis.p2d(event.clientY + grip.y - top - yaxis._offset),
    );
  });
  const release = (end: () => void) => () => {
    if (!grip) return;
    grip = null;
    end();
  };
  node.addEventListener("pointerup", release(onEnd));
  node.addEventListener("pointercancel", release(onCancel));

  const endKeys = () => {
    if (keysEnd === null) return;
    clearTimeout(keysEnd);
    keysEnd = null;
    onEnd();
  };
  node.addEventListener("keydown", (event) => {
    const direction = KEYS[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (keysEnd !== null) clearTimeout(keysEnd);
    keysEnd = setTimeout(endKeys, KEYS_END_MS);
    const step = event.shiftKey ? STEP / 5 : STEP;
    const size = ([low, high]: Range) => (high - low) * step;
    const { xaxis, yaxis } = gd._fullLayout;
    moveTo(at[0] + direction[0] * size(xaxis.range), at[1] + direction[1] * size(yaxis.range));
  });
  node.addEventListener("blur", endKeys);
  gd.on("plotly_afterplot", () => place());

  return {
    place,
    node,
    get held() {
      return grip !== null || keysEnd !== null;
    },
  };
};
