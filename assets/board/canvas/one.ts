// One student's net whole: yhat against the truth, and the bent line with the share of each unit.
import * as nets from "../../core/net/net";
import type { Range } from "../../core/types";
import { type Ground, interpolate, yhat } from "../rows/curves";
import type { Row } from "../rows/types";
import { axesIn, paintAxes } from "./axes";
import { type Look, unitOf } from "./look";
import { around } from "./scale";
import * as screens from "./screen";
import { trace } from "./tiles";

type Values = ArrayLike<number>;
type Line = { values: Values; colour: string; width: number; dash?: number[] };
// `units`: of a net that is sent with its weights; `truth`: before the last layer, where it is known.
export type Lines = { yhat: Values; logit: number[]; units: number[][]; truth: (number | null)[] | null };

const LEAST = 2; // high is the axis of the bent line

// The curves at the places of `ground`; null where a number is none.
export const linesOf = (row: Row, { x, truth }: Ground): Lines | null => {
  const after = yhat(row, x);
  if (!after) return null;
  const { net, plain } = row;
  const p = row.numbers.filter((value) => value !== null);
  const isMse = net.loss === "mse";
  return {
    yhat: after,
    logit: plain ? nets.logit(p, x, net) : [...interpolate(nets.grid(x[0], x[x.length - 1], p.length), p, x)],
    units: plain ? Array.from({ length: net.h }, (_, k) => nets.contribution(p, k, x, net)) : [],
    truth: truth && Array.from(truth, (y) => (isMse ? y : nets.finiteLogitOf(y))),
  };
};

const paint = (screen: screens.Screen, x: Range, y: Range, name: string, lines: Line[], look: Look) => {
  const pen = screens.begin(screen);
  if (!screen.width) return;
  const axes = axesIn(screen, x, y, look);
  const { box } = axes;
  paintAxes(pen, axes, look);
  pen.fillText(name, box.x + 4, box.y + look.small);
  for (const { values, colour, width, dash = [] } of lines) {
    pen.beginPath();
    trace(pen, values, y, [box.x, box.y, box.width, box.height]);
    pen.strokeStyle = colour;
    pen.lineWidth = look.thick * width;
    pen.setLineDash(dash);
    pen.stroke();
  }
  pen.setLineDash([]);
};

const rangeOf = ({ x }: Ground): Range => [x[0], x[x.length - 1]];
const DASHED = [7, 5];

export const paintYhat = (screen: screens.Screen, lines: Lines, ground: Ground, look: Look) => {
  const truth = ground.truth ? [{ values: ground.truth, colour: look.truth, width: 2, dash: DASHED }] : [];
  const net = { values: lines.yhat, colour: look.yhat, width: 3 };
  paint(screen, rangeOf(ground), ground.span, "ŷ", [...truth, net], look);
};

export const paintBent = (screen: screens.Screen, lines: Lines, ground: Ground, isMse: boolean, look: Look) => {
  const known = (lines.truth ?? []).filter((z) => z !== null);
  const range = around([...lines.logit, ...lines.units.flat(), ...known], LEAST);
  const units = lines.units.map((values, k) => ({ values, width: 1.5, ...unitOf(k, look) }));
  const isWhole = lines.truth?.every((z) => z !== null);
  const truth = isWhole ? [{ values: known, colour: look.truth, width: 2, dash: DASHED }] : [];
  const net = { values: lines.logit, colour: look.yhat, width: 3 };
  paint(screen, rangeOf(ground), range, isMse ? "ŷ" : "logit", [...units, ...truth, net], look);
};
