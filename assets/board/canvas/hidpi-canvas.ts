// A canvas with the resolution of the screen. `pen` is its 2-D context, in CSS pixels.
type Pen = CanvasRenderingContext2D;
export type Canvas = { node: HTMLCanvasElement; pen: Pen; width: number; height: number; ratio: number };

const penOf = (node: HTMLCanvasElement): Pen => {
  const pen = node.getContext("2d");
  if (!pen) throw new Error("no canvas");
  return pen;
};

export const create = (node: HTMLCanvasElement): Canvas => ({ node, pen: penOf(node), width: 0, height: 0, ratio: 1 });

// Set the size, by default that of the canvas's box. Returns whether it has changed.
export const fit = (canvas: Canvas, width = canvas.node.clientWidth, height = canvas.node.clientHeight) => {
  const ratio = devicePixelRatio;
  if (canvas.width === width && canvas.height === height && canvas.ratio === ratio) return false;
  Object.assign(canvas, { width, height, ratio });
  canvas.node.width = Math.round(width * ratio);
  canvas.node.height = Math.round(height * ratio);
  return true;
};

// Clear the canvas before painting.
export const begin = ({ pen, ratio, width, height }: Canvas) => {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.globalAlpha = 1;
  pen.lineJoin = "round";
  pen.lineCap = "round";
  return pen;
};

// A canvas that is not on the page; its contents are copied to others.
export const hidden = (width: number, height: number, ratio: number): Canvas => {
  const canvas = create(document.createElement("canvas"));
  const { node, pen } = canvas;
  node.width = Math.max(1, Math.round(width * ratio));
  node.height = Math.max(1, Math.round(height * ratio));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return Object.assign(canvas, { width, height, ratio });
};
