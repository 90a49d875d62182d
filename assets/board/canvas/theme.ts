// The page's colours and font, for canvases; they are read again when the theme changes. Also the dashes and marks by
// which units and groups can be distinguished without colour.
import { colour } from "../../core/plots/plotting";
import { OUTCOMES, type Outcome } from "../rows/types";

const ROLES: Record<Outcome, string> = {
  both: "yhat",
  left: "unit2",
  right: "unit1",
  dead: "others",
  diverged: "bad",
  not_yet: "muted",
  not_started: "axis",
};
const NAMES = [
  "ink",
  "muted",
  "surface",
  "page",
  "line",
  "grid",
  "axis",
  "truth",
  "accent",
  "yhat",
  "unit1",
  "unit2",
  "others",
] as const;
type Name = (typeof NAMES)[number];

export type Theme = Record<Name, string> & { of: Record<Outcome, string>; family: string } & {
  px: number; // font size
  small: number; // smallest font size
  thick: number; // factor of line widths; in projector mode lines must be visible from the back row
};

export const read = (): Theme => {
  const named = Object.fromEntries(NAMES.map((name) => [name, colour(name)])) as Record<Name, string>;
  const of = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, colour(ROLES[outcome])])) as Theme["of"];
  const { fontFamily } = getComputedStyle(document.body);
  const px = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const isFar = "projector" in document.documentElement.dataset;
  const small = isFar ? px : Math.max(11, 0.72 * px);
  return { ...named, of, family: fontFamily, px, small, thick: isFar ? 2 : 1 };
};

// The dashes of the units, as in the page's other plots, and of the groups with the units' colours.
const DASHES: Record<string, number[]> = { unit1: [2, 3], unit2: [8, 3, 2, 3], others: [5, 5] };
export const dash = (pen: CanvasRenderingContext2D, outcome: Outcome) => pen.setLineDash(DASHES[ROLES[outcome]] ?? []);
export const unitOf = (k: number, theme: Theme) => {
  const role = k === 0 ? "unit1" : k === 1 ? "unit2" : "others";
  return { colour: theme[role], dash: DASHES[role] };
};

// Draw the mark of a group, which is the same as in the legend.
export const mark = (pen: CanvasRenderingContext2D, outcome: Outcome, x: number, y: number, r: number) => {
  pen.beginPath();
  if (outcome === "left" || outcome === "right") {
    const side = outcome === "left" ? -1 : 1;
    pen.moveTo(x + side * r * 1.15, y);
    pen.lineTo(x - side * r * 0.85, y - r * 1.1);
    pen.lineTo(x - side * r * 0.85, y + r * 1.1);
    pen.closePath();
    pen.fill();
  } else if (outcome === "dead") {
    pen.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
    pen.fill();
  } else if (outcome === "not_yet") {
    pen.moveTo(x, y - 1.25 * r);
    pen.lineTo(x + 1.25 * r, y);
    pen.lineTo(x, y + 1.25 * r);
    pen.lineTo(x - 1.25 * r, y);
    pen.closePath();
    pen.fill();
  } else if (outcome === "diverged") {
    pen.moveTo(x - r, y - r);
    pen.lineTo(x + r, y + r);
    pen.moveTo(x - r, y + r);
    pen.lineTo(x + r, y - r);
    pen.lineWidth = 0.6 * r;
    pen.stroke();
  } else {
    pen.arc(x, y, r, 0, 2 * Math.PI);
    if (outcome === "both") pen.fill();
    else {
      pen.lineWidth = 0.5 * r;
      pen.stroke();
    }
  }
};
