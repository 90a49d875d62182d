// Where the tiles stand: groups side by side, as large as the space allows, so that the width of a group
// says how many it has. Where they would become too small, groups stand below one another and the
// canvas is scrolled.
export type Box = { x: number; y: number; width: number; height: number };
export type Block<K> = { key: K; head: Box; places: Box[] };
export type Layout<K> = { blocks: Block<K>[]; tile: { width: number; height: number }; height: number };
type Sizes = { least: number; most: number; letter: number }; // of a tile's width, and of the smallest letters

export const GAP = 4; // between tiles
const BETWEEN = 14; // groups
export const headHeight = (letter: number) => letter + 15; // above a group
const LEAST_HEAD = 44; // wide
// Narrower tiles have no line for the loss, and no line for the name.
export const hasLoss = (width: number, letter: number) => width >= 4.2 * letter;
export const hasName = (width: number, letter: number) => width >= 8.4 * letter;
const FLATTEST = 2.2; // width of a curve's box by its height
const STEEPEST = 1.1;

// How high a line of words in a tile is, and how many lines there are.
export const lineHeight = (width: number, letter: number) =>
  Math.max(Math.min(Math.round(0.115 * width), 24), Math.ceil(letter) + 2);
const linesIn = (width: number, letter: number) => Number(hasLoss(width, letter)) + Number(hasName(width, letter));
const wordsHeight = (width: number, letter: number) => linesIn(width, letter) * lineHeight(width, letter);
const usualHeight = (width: number, letter: number) => Math.round(0.56 * width) + wordsHeight(width, letter);

type Tile = { width: number; height: number };
const columnsOf = (count: number, rows: number) => Math.ceil(count / rows);

// In a block of so many columns, line by line.
const placesIn = (count: number, columns: number, x: number, y: number, { width, height }: Tile): Box[] =>
  Array.from({ length: count }, (_, i) => ({
    x: x + (i % columns) * (width + GAP),
    y: y + Math.floor(i / columns) * (height + GAP),
    width,
    height,
  }));

type Counted<K> = { key: K; count: number };

// How wide tiles can be in blocks of so many columns: what a narrow block needs for its head is no tile's.
const widthOf = (columns: number[], width: number) => {
  let free = width - BETWEEN * (columns.length - 1);
  let shared = columns.reduce((sum, each) => sum + each, 0);
  let gaps = shared - columns.length;
  let wide = 0;
  for (const each of [...columns].sort((a, b) => a - b)) {
    wide = (free - GAP * gaps) / shared;
    if (each * (wide + GAP) - GAP >= LEAST_HEAD) break;
    free -= LEAST_HEAD;
    shared -= each;
    gaps -= each - 1;
  }
  return Math.floor(wide);
};

const WORTH = 1.35; // of a line of words in a tile, against the size of its curve

// The tiles of so many rows, and how good they are: how large their curves, and what words there is room for.
const tileOf = (rows: number, columns: number[], width: number, height: number, { most, letter }: Sizes) => {
  let wide = Math.min(widthOf(columns, width), most);
  const room = Math.floor((height - headHeight(letter) + GAP) / rows) - GAP;
  const high = Math.min(room, Math.round(wide / STEEPEST) + wordsHeight(wide, letter));
  wide = Math.min(wide, Math.round(FLATTEST * (high - wordsHeight(wide, letter))));
  const words = wordsHeight(wide, letter);
  return { tile: { width: wide, height: high }, size: wide * (high - words) * WORTH ** linesIn(wide, letter) };
};

// The largest tiles with which all groups fit side by side; null if they would be narrower than the least.
const sideBySide = <K>(groups: Counted<K>[], width: number, height: number, sizes: Sizes) => {
  const high = headHeight(sizes.letter);
  const columnsFor = (rows: number) => groups.map(({ count }) => columnsOf(count, rows));
  let best = { tile: { width: 0, height: 0 }, size: 0 };
  let columns: number[] = [];
  for (let rows = 1; rows <= Math.max(...groups.map(({ count }) => count)); rows++) {
    const next = tileOf(rows, columnsFor(rows), width, height, sizes);
    if (next.size <= best.size || next.tile.width < sizes.least) continue;
    best = next;
    columns = columnsFor(rows);
  }
  if (!columns.length) return null;
  const { tile } = best;
  let x = 0;
  const blocks = groups.map(({ key, count }, i): Block<K> => {
    const wide = Math.max(columns[i] * (tile.width + GAP) - GAP, LEAST_HEAD);
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

// `wide`: as wide as tiles are where they do not fit.
export const layout = <K>(groups: Counted<K>[], width: number, height: number, sizes: Sizes, wide: number) =>
  sideBySide(groups, width, height, sizes) ?? oneBelowTheOther(groups, width, Math.min(wide, width), sizes.letter);

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
