// Mouse, touch and keyboard input on the plot of own points, translated into add, move and remove.
import type { Place, Plot } from "./plot";

// The points that are edited. Places are in the data's units; the index -1 means no point. `begin` starts a gesture,
// `end` keeps its changes, `cancel` reverts them. `cross` is the cursor that the arrow keys move.
export type Editor = {
  get: () => Place[];
  begin: (i: number) => void;
  add: (place: Place) => void;
  move: (i: number, place: Place) => void;
  remove: (i: number) => void;
  end: () => void;
  cancel: () => void;
  cross: { place: () => Place; show: (on: boolean) => void; move: (dx: number, dy: number, steps: number) => void };
};
type Press = { id: number; x: number; y: number; held: number; moved: boolean; timer?: number };
type Pointer = { clientX: number; clientY: number; pointerType: string };
type PixelsBy = Record<string, number>; // by the kind of pointer

const REACH: PixelsBy = { mouse: 12, pen: 14, touch: 24 }; // a press within this distance of a point drags it
const STILL: PixelsBy = { mouse: 4, pen: 6, touch: 10 }; // a press that moves less than this is a click
const LONG_PRESS_MS = 600; // on a touch screen, a press of this duration removes a point
const STEPS = 40; // the number of steps of an arrow key from one end of an axis to the other

export const pointer = (plot: Plot, editor: Editor) => {
  let press: Press | null = null;
  const { surface } = plot;
  const hit = (event: Pointer) => plot.nearest(editor.get(), plot.at(event), REACH[event.pointerType] ?? REACH.mouse);

  const release = (done: boolean) => {
    clearTimeout(press?.timer);
    press = null;
    if (done) editor.end();
    else editor.cancel();
  };

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || press) return;
    const held = hit(event);
    press = { id: event.pointerId, x: event.clientX, y: event.clientY, held, moved: false };
    editor.begin(held);
    surface.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch" || held < 0) return;
    press.timer = setTimeout(() => {
      editor.remove(held);
      release(true);
    }, LONG_PRESS_MS);
  });

  surface.addEventListener("pointermove", (event) => {
    if (!press) {
      surface.classList.toggle("over-point", hit(event) >= 0);
      return;
    }
    if (event.pointerId !== press.id) return;
    const way = Math.hypot(event.clientX - press.x, event.clientY - press.y);
    if (!press.moved && way < (STILL[event.pointerType] ?? STILL.mouse)) return;
    press.moved = true;
    clearTimeout(press.timer);
    if (press.held < 0) return;
    surface.classList.toggle("leaving", plot.isOutside(event));
    editor.move(press.held, plot.place(event));
  });

  surface.addEventListener("pointerup", (event) => {
    if (!press || event.pointerId !== press.id) return;
    const { held, moved } = press;
    surface.classList.remove("leaving");
    if (held >= 0 && moved && plot.isOutside(event)) editor.remove(held);
    else if (held < 0 && !moved) editor.add(plot.place(event));
    release(true);
  });
  surface.addEventListener("pointercancel", (event) => event.pointerId === press?.id && release(false));

  // Dragging a point with a finger does not scroll the page.
  surface.addEventListener(
    "touchstart",
    (event) => {
      const { clientX, clientY } = event.touches[0];
      if (hit({ clientX, clientY, pointerType: "touch" }) >= 0) event.preventDefault();
    },
    { passive: false },
  );

  surface.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (press) return; // a long press on a touch screen, handled by the timer above
    const held = hit(event);
    if (held < 0) return;
    editor.begin(held);
    editor.remove(held);
    editor.end();
  });
};

const ARROWS: Record<string, [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export const keyboard = (plot: Plot, editor: Editor) => {
  const change = (make: () => void) => {
    editor.begin(-1);
    make();
    editor.end();
  };
  plot.surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { cross } = editor;
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      cross.move(dx * (event.shiftKey ? 5 : 1), dy * (event.shiftKey ? 5 : 1), STEPS);
    } else if (event.key === "Enter" || event.key === " ") change(() => editor.add(cross.place()));
    else if (event.key === "Delete" || event.key === "Backspace") {
      const found = plot.nearest(editor.get(), plot.pixelOf(cross.place()), REACH.touch);
      if (found >= 0) change(() => editor.remove(found));
    } else return;
    event.preventDefault();
  });
  plot.surface.addEventListener("focus", () => editor.cross.show(plot.surface.matches(":focus-visible")));
  plot.surface.addEventListener("blur", () => editor.cross.show(false));
};
