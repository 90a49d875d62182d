// Where the tiles stand: groups side by side, as large as the space allows, so that the width of a group
// says how many it has. Where they would become too small, groups stand below one another and the
// canvas is scrolled.
export type Box = { x: number; y: number; width: number; height: number };
export type Block<K> = { key: K; head: Box; places: Box[] };
export type Layout<K> = { blocks: Block<K>[]; tile: { width: number; height: number }; height: number };
type Sizes = { least: number; most: number }; // of a tile's width

export const GAP = 4; // between tiles
const BETWEEN = 14; // groups
export const HEAD = 26; // above a group
const LEAST_HEAD = 78; // wide
// Tiles narrower than this have no line for the loss, and no line for the name.
export const FOR_LOSS = 52;
export const FOR_NAME = 92;
export const TEXT_LINE = 14;

const heightOf = (width: number) =>
  Math.round(0.56 * width) + (width >= FOR_LOSS ? TEXT_LINE : 0) + (width >= FOR_NAME ? TEXT_LINE : 0);

const columnsOf = (count: number, rows: number) => Math.ceil(count / rows);
const blockWidth = (columns: number, width: number) => Math.max(columns * (width + GAP) - GAP, LEAST_HEAD);

// In a block of so many columns, line by line.
const placesIn = (count: number, columns: number, x: number, y: number, width: number): Box[] => {
  const height = heightOf(width);
  return Array.from({ length: count }, (_, i) => ({
    x: x + (i % columns) * (width + GAP),
    y: y + Math.floor(i / columns) * (height + GAP),
    width,
    height,
  }));
};

type Counted<K> = { key: K; count: number };

// The widest tiles with which all groups fit side by side; null if they would be narrower than the least.
const sideBySide = <K>(groups: Counted<K>[], width: number, height: number, { least, most }: Sizes) => {
  for (let wide = most; wide >= least; wide--) {
    const rows = Math.floor((height - HEAD + GAP) / (heightOf(wide) + GAP));
    if (rows < 1) continue;
    const widths = groups.map(({ count }) => blockWidth(columnsOf(count, rows), wide));
    const total = widths.reduce((sum, each) => sum + each, 0) + BETWEEN * (groups.length - 1);
    if (total > width) continue;
    let x = 0;
    const blocks = groups.map(({ key, count }, i): Block<K> => {
      const head = { x, y: 0, width: widths[i], height: HEAD };
      x += widths[i] + BETWEEN;
      return { key, head, places: placesIn(count, columnsOf(count, rows), head.x, HEAD, wide) };
    });
    return { blocks, tile: { width: wide, height: heightOf(wide) }, height };
  }
  return null;
};

const oneBelowTheOther = <K>(groups: Counted<K>[], width: number, wide: number): Layout<K> => {
  const columns = Math.max(1, Math.floor((width + GAP) / (wide + GAP)));
  const stretched = Math.floor((width + GAP) / columns) - GAP;
  let y = 0;
  const blocks = groups.map(({ key, count }): Block<K> => {
    const head = { x: 0, y, width, height: HEAD };
    const places = placesIn(count, columns, 0, y + HEAD, stretched);
    y += HEAD + columnsOf(count, columns) * (heightOf(stretched) + GAP) + BETWEEN - GAP;
    return { key, head, places };
  });
  return { blocks, tile: { width: stretched, height: heightOf(stretched) }, height: Math.max(y - BETWEEN, 0) };
};

// `wide`: as wide as tiles are where they do not fit.
export const layout = <K>(groups: Counted<K>[], width: number, height: number, sizes: Sizes, wide: number) =>
  sideBySide(groups, width, height, sizes) ?? oneBelowTheOther(groups, width, Math.min(wide, width));

export const isWithin = ({ x, y, width, height }: Box, left: number, top: number) =>
  left >= x && left < x + width && top >= y && top < y + height;
// The box at a point, or -1.
export const hit = (boxes: Box[], left: number, top: number) => boxes.findIndex((box) => isWithin(box, left, top));

const DIRECTIONS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const ASIDE = 3; // what lies aside counts as so many times as far

// The box that an arrow key goes to from box `i`: the nearest one in its direction, else `i`.
export const neighbour = (boxes: Box[], i: number, key: string) => {
  const [dx, dy] = DIRECTIONS[key];
  let best = i;
  let least = Number.POSITIVE_INFINITY;
  boxes.forEach((box, k) => {
    const [x, y] = [box.x - boxes[i].x, box.y - boxes[i].y];
    const along = x * dx + y * dy;
    const distance = along + ASIDE * Math.abs(x * dy + y * dx);
    if (along <= 0 || distance >= least) return;
    best = k;
    least = distance;
  });
  return best;
};
