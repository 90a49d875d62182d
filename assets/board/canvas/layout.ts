// The layout of the tiles. The groups are placed side by side, and the tiles are as large as possible. If they would be
// too small, the groups are placed one below the other, and the canvas can be scrolled.
export type Box = { x: number; y: number; width: number; height: number };
export type Block<K> = { key: K; head: Box; places: Box[] };
export type Layout<K> = { blocks: Block<K>[]; tile: { width: number; height: number }; height: number };
type Sizes = { least: number; most: number; letter: number }; // limits of a tile's width; the smallest font size

// In pixels:
export const GAP = 4; // between tiles
const BETWEEN = 14; // between groups
export const headHeight = (letter: number) => letter + 15; // of the head of a group
const MIN_HEAD_WIDTH = 44;
// Whether a tile of this width has a line of text for the loss, and one for the name
export const hasLoss = (width: number, letter: number) => width >= 4.2 * letter;
export const hasName = (width: number, letter: number) => width >= 8.4 * letter;
const MAX_ASPECT = 2.2; // limits of the width of a curve's box, relative to its height
const MIN_ASPECT = 1.1;

// The height of a line of text in a tile, and the number of lines.
export const lineHeight = (width: number, letter: number) =>
  Math.max(Math.min(Math.round(0.115 * width), 24), Math.ceil(letter) + 2);
const linesIn = (width: number, letter: number) => Number(hasLoss(width, letter)) + Number(hasName(width, letter));
const textHeight = (width: number, letter: number) => linesIn(width, letter) * lineHeight(width, letter);
const usualHeight = (width: number, letter: number) => Math.round(0.56 * width) + textHeight(width, letter);

type Tile = { width: number; height: number };
const columnsOf = (count: number, rows: number) => Math.ceil(count / rows);

// The places of a block's tiles, row by row, in this number of columns.
const placesIn = (count: number, columns: number, x: number, y: number, { width, height }: Tile): Box[] =>
  Array.from({ length: count }, (_, i) => ({
    x: x + (i % columns) * (width + GAP),
    y: y + Math.floor(i / columns) * (height + GAP),
    width,
    height,
  }));

type Counted<K> = { key: K; count: number };

// The greatest width that tiles can have if the blocks have these numbers of columns. A block with few columns may need
// more width for its head than for its tiles.
const widthOf = (columns: number[], width: number) => {
  let free = width - BETWEEN * (columns.length - 1);
  let shared = columns.reduce((sum, each) => sum + each, 0);
  let gaps = shared - columns.length;
  let wide = 0;
  for (const each of [...columns].sort((a, b) => a - b)) {
    wide = (free - GAP * gaps) / shared;
    if (each * (wide + GAP) - GAP >= MIN_HEAD_WIDTH) break;
    free -= MIN_HEAD_WIDTH;
    shared -= each;
    gaps -= each - 1;
  }
  return Math.floor(wide);
};

const LINE_VALUE = 1.35; // each line of text in a tile multiplies the layout's value by this

// The size of tiles in this number of rows, and the `value` of that layout: the area of a tile's curve, times LINE_VALUE
// for each line of text for which the tile has room.
const tileOf = (rows: number, columns: number[], width: number, height: number, { most, letter }: Sizes) => {
  let wide = Math.min(widthOf(columns, width), most);
  const room = Math.floor((height - headHeight(letter) + GAP) / rows) - GAP;
  const high = Math.min(room, Math.round(wide / MIN_ASPECT) + textHeight(wide, letter));
  wide = Math.min(wide, Math.round(MAX_ASPECT * (high - textHeight(wide, letter))));
  const area = wide * (high - textHeight(wide, letter));
  return { tile: { width: wide, height: high }, value: area * LINE_VALUE ** linesIn(wide, letter) };
};

// The layout with the highest value and all groups side by side. Null if its tiles would be narrower than `least`.
const sideBySide = <K>(groups: Counted<K>[], width: number, height: number, sizes: Sizes) => {
  const high = headHeight(sizes.letter);
  const columnsFor = (rows: number) => groups.map(({ count }) => columnsOf(count, rows));
  let best = { tile: { width: 0, height: 0 }, value: 0 };
  let columns: number[] = [];
  for (let rows = 1; rows <= Math.max(...groups.map(({ count }) => count)); rows++) {
    const next = tileOf(rows, columnsFor(rows), width, height, sizes);
    if (next.value <= best.value || next.tile.width < sizes.least) continue;
    best = next;
    columns = columnsFor(rows);
  }
  if (!columns.length) return null;
  const { tile } = best;
  let x = 0;
  const blocks = groups.map(({ key, count }, i): Block<K> => {
    const wide = Math.max(columns[i] * (tile.width + GAP) - GAP, MIN_HEAD_WIDTH);
    const head = { x, y: 0, width: wide, height: high };
    x += wide + BETWEEN;
    return { key, head, places: placesIn(count, columns[i], head.x, high, tile) };
  });
  return { blocks, tile, height };
};

const oneBelowTheOther = <K>(groups: Counted<K>[], width: number, wide: number, letter: number): Layout<K> => {
  const high = headHeight(letter);
  const columns = Math.max(1, Math.floor((width + GAP) / (wide + GAP)));
  const stretched = Math.floor((width + GAP) / columns) - GAP;
  const tile = { width: stretched, height: usualHeight(stretched, letter) };
  let y = 0;
  const blocks = groups.map(({ key, count }): Block<K> => {
    const head = { x: 0, y, width, height: high };
    const places = placesIn(count, columns, 0, y + high, tile);
    y += high + columnsOf(count, columns) * (tile.height + GAP) + BETWEEN - GAP;
    return { key, head, places };
  });
  return { blocks, tile, height: Math.max(y - BETWEEN, 0) };
};

// `wide`: the width of tiles if the groups do not fit side by side.
export const layout = <K>(groups: Counted<K>[], width: number, height: number, sizes: Sizes, wide: number) =>
  sideBySide(groups, width, height, sizes) ?? oneBelowTheOther(groups, width, Math.min(wide, width), sizes.letter);

export const isWithin = ({ x, y, width, height }: Box, left: number, top: number) =>
  left >= x && left < x + width && top >= y && top < y + height;
// Index of the box at a point, or -1.
export const hit = (boxes: Box[], left: number, top: number) => boxes.findIndex((box) => isWithin(box, left, top));

const DIRECTIONS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const SIDEWAYS = 3; // a distance perpendicular to the key's direction counts this many times as much

// The box to which an arrow key goes from box `i`: the nearest one in its direction, or `i` itself.
export const neighbour = (boxes: Box[], i: number, key: string) => {
  const [dx, dy] = DIRECTIONS[key];
  let best = i;
  let least = Number.POSITIVE_INFINITY;
  boxes.forEach((box, k) => {
    const [x, y] = [box.x - boxes[i].x, box.y - boxes[i].y];
    const along = x * dx + y * dy;
    const distance = along + SIDEWAYS * Math.abs(x * dy + y * dx);
    if (along <= 0 || distance >= least) return;
    best = k;
    least = distance;
  });
  return best;
};
