// The board as a picture: the headline, the tiles in their groups, and the plots.
import { byId } from "../../core/dom";
import * as i18n from "../../core/text/i18n";
import * as hidpi from "../canvas/hidpi-canvas";
import * as plots from "../canvas/plots";
import type { Student } from "../canvas/scene";
import * as scenes from "../canvas/scene";
import * as tiles from "../canvas/tiles";
import * as canvases from "../canvases";
import * as state from "../state";

const WIDTH = 1600;
const HEIGHT = 900;
const SIDE = 40; // margin at each side
const TOP = 120; // y of the top of the tiles
const CURVES_WIDTH = 460;
const SMALL_HEIGHT = 300; // of the two plots below the curves
const SCALE = 2; // pixels of the picture per unit of the lengths above
const NO_MARKS: tiles.Marks = { chosen: null, pointed: null, spotlight: null };

const canvas = (width: number, height: number) => hidpi.hidden(width, height, SCALE);

export const make = (withNames: boolean): Promise<Blob> => {
  const { theme } = canvases;
  const scene = scenes.create();
  const room = { width: WIDTH - 3 * SIDE - CURVES_WIDTH, height: HEIGHT - TOP - SIDE };
  scenes.update(scene, state.roster, state.plotDataOf, 0, 0);
  scenes.place(scene, state.groups, room, "fit", theme.small, 0, true);
  const nameOf = ({ row }: Student) => (withNames && row.name ? row.name : i18n.t("class.student", { seat: row.n }));
  const tiled = canvas(room.width, room.height);
  tiles.paint(tiled, scene, theme, { ...canvases.words, name: nameOf }, NO_MARKS, 0);
  const shown: plots.Shown = { students: [...scene.students.values()], marks: NO_MARKS, theme, now: 0 };
  const plotData = state.mainPlotData();
  const now = performance.now();
  const [curves, losses, slopes] = [
    canvas(CURVES_WIDTH, 340),
    canvas(CURVES_WIDTH / 2, SMALL_HEIGHT),
    canvas(CURVES_WIDTH / 2, SMALL_HEIGHT),
  ];
  plots.paintCurves(curves, shown, plotData);
  plots.paintLosses(losses, shown, canvases.range("losses", now));
  plots.paintSlopes(slopes, shown, canvases.range("slopes", now), plotData, canvases.slopeNames());
  const whole = canvas(WIDTH, HEIGHT);
  const { pen } = whole;
  pen.fillStyle = theme.surface;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = theme.ink;
  pen.font = `700 40px ${theme.family}`;
  pen.fillText(byId("board-headline").textContent, SIDE, 76);
  pen.drawImage(tiled.node, SIDE, TOP, tiled.width, tiled.height);
  const right = WIDTH - SIDE - CURVES_WIDTH;
  const below = HEIGHT - SIDE - SMALL_HEIGHT;
  const put = (plot: hidpi.Canvas, title: string, x: number, y: number) => {
    pen.font = `600 20px ${theme.family}`;
    pen.fillText(i18n.t(title), x + 8, y - 12);
    pen.drawImage(plot.node, x, y, plot.width, plot.height);
  };
  put(curves, "board.curves", right, TOP + 20);
  put(losses, "board.losses", right, below);
  put(slopes, "board.slopes", right + CURVES_WIDTH / 2, below);
  return new Promise((done, failed) =>
    whole.node.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture")))),
  );
};
