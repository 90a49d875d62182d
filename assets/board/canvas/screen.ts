// A canvas with the resolution of the screen. `pen` is its 2-D context, in CSS pixels.
type Pen = CanvasRenderingContext2D;
export type Screen = { node: HTMLCanvasElement; pen: Pen; width: number; height: number; ratio: number };

const penOf = (node: HTMLCanvasElement): Pen => {
  const pen = node.getContext("2d");
  if (!pen) throw new Error("no canvas");
  return pen;
};

export const create = (node: HTMLCanvasElement): Screen => ({ node, pen: penOf(node), width: 0, height: 0, ratio: 1 });

// Set the size, by default that of the canvas's box. Returns whether it has changed.
export const fit = (screen: Screen, width = screen.node.clientWidth, height = screen.node.clientHeight) => {
  const ratio = devicePixelRatio;
  if (screen.width === width && screen.height === height && screen.ratio === ratio) return false;
  Object.assign(screen, { width, height, ratio });
  screen.node.width = Math.round(width * ratio);
  screen.node.height = Math.round(height * ratio);
  return true;
};

// Clear the canvas before painting.
export const begin = ({ pen, ratio, width, height }: Screen) => {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.globalAlpha = 1;
  pen.lineJoin = "round";
  pen.lineCap = "round";
  return pen;
};

// A canvas that is not on the page, for drawings that are copied from it.
export const hidden = (width: number, height: number, ratio: number): Screen => {
  const screen = create(document.createElement("canvas"));
  const { node, pen } = screen;
  node.width = Math.max(1, Math.round(width * ratio));
  node.height = Math.max(1, Math.round(height * ratio));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return Object.assign(screen, { width, height, ratio });
};
