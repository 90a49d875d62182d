// Finds the role of each curve of a plot, from its trace's `meta` or else its colour, and the name of the role in the
// legend.
import { query } from "../dom";
import * as plotting from "./plotting";

const ROLES = ["truth", "yhat", "unit1", "unit2", "others", "data", "hand", "accent"];
const TRUTH_COLOURS = ["#6b7a90", "rgb(107, 122, 144)", "#222c40", "#e3e9f5"]; // of figures.py and of both themes

export type Legend = Record<string, string>; // the texts of a legend, by role

const colourOf = ({ line, marker }: PlotlyTrace) => String(line?.color ?? marker?.color ?? "").toLowerCase();

export const roleOf = (trace: PlotlyTrace) => {
  if (trace.meta) return trace.meta;
  const colour = colourOf(trace);
  if (TRUTH_COLOURS.includes(colour)) return "truth";
  const role = ROLES.find((each) => plotting.colour(each).toLowerCase() === colour);
  return role === "yhat" && trace.mode === "markers" ? "bend" : role;
};

const MARKS = [".swatch", ".seed-mark"]; // in legends; another class of each is its role
export const legendOf = (box: Element): Legend => {
  const items = box.closest(".card")?.querySelectorAll(`.legend li:not([hidden]):has(${MARKS})`) ?? [];
  return Object.fromEntries(
    [...items].map((item) => [
      [...query(`${MARKS}`, item).classList].find((name) => !MARKS.includes(`.${name}`)),
      item.textContent.trim(),
    ]),
  );
};
