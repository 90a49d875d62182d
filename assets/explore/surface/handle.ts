// The current point of the loss surface: taken by mouse or finger, moved by the arrow keys. It lies
// above the plot, so that a drag redraws nothing of it.
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 1 / 60; // of the axis; a fifth of it with Shift
const REST_MS = 350; // after the last key, the server hears of it

const clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);

// Put the point into `box`, above the graph `gd`. `onMove([a, b])` follows it, `onEnd()` comes
// once when it is let go, `onCancel()` when the touch turns out to be none. Returns
// {place([a, b]), node, held}.
export const create = (box, gd, { onMove, onEnd, onCancel }) => {
  const node = document.createElement("button");
  node.type = "button";
  node.id = "surface-handle";
  node.className = "surface-handle";
  node.hidden = true; // until there is a landscape below it
  box.append(node);
  let at = [0, 0];
  let taken = null; // {x, y}: from the pointer to the point's middle
  let resting = null; // timer, while keys move it

  const place = (point = at) => {
    if (point !== at) node.hidden = false;
    at = point;
    const [a, b] = at;
    const { xaxis, yaxis } = gd._fullLayout;
    const [x, y] = [clamp(a, xaxis.range), clamp(b, yaxis.range)];
    node.style.transform = `translate(${xaxis._offset + xaxis.d2p(x)}px, ${yaxis._offset + yaxis.d2p(y)}px)`;
    node.classList.toggle("outside", x !== a || y !== b);
  };
  const moveTo = (a, b) => {
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
  const release = (end) => () => {
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
    clearTimeout(resting);
    resting = setTimeout(rest, REST_MS);
    const step = event.shiftKey ? STEP / 5 : STEP;
    const size = ([low, high]) => (high - low) * step;
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
