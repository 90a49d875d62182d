// A canvas in a box of the page: as sharp as the screen, and cleared before each painting.
type Pen = CanvasRenderingContext2D;
export type Screen = { node: HTMLCanvasElement; pen: Pen; width: number; height: number; ratio: number };

const penOf = (node: HTMLCanvasElement): Pen => {
  const pen = node.getContext("2d");
  if (!pen) throw new Error("no canvas");
  return pen;
};

export const create = (node: HTMLCanvasElement): Screen => ({ node, pen: penOf(node), width: 0, height: 0, ratio: 1 });

// Take the size of its box; gives whether it has changed.
export const fit = (screen: Screen, width = screen.node.clientWidth, height = screen.node.clientHeight) => {
  const ratio = devicePixelRatio;
  if (screen.width === width && screen.height === height && screen.ratio === ratio) return false;
  Object.assign(screen, { width, height, ratio });
  screen.node.width = Math.round(width * ratio);
  screen.node.height = Math.round(height * ratio);
  return true;
};

export const begin = ({ pen, ratio, width, height }: Screen) => {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.globalAlpha = 1;
  pen.lineJoin = "round";
  pen.lineCap = "round";
  return pen;
};

// A canvas that is never shown: what stays the same is drawn into it once.
export const hidden = (width: number, height: number, ratio: number): Screen => {
  const screen = create(document.createElement("canvas"));
  const { node, pen } = screen;
  node.width = Math.max(1, Math.round(width * ratio));
  node.height = Math.max(1, Math.round(height * ratio));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return Object.assign(screen, { width, height, ratio });
};
