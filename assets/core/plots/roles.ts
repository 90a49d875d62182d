// What the curves of a plot are: their roles, by `meta` or else by their colours, and what the legend calls them.
import { query } from "../dom";
import * as plotting from "./plotting";

const ROLES = ["truth", "yhat", "unit1", "unit2", "others", "data", "hand", "accent"];
const TRUTHS = ["#6b7a90", "rgb(107, 122, 144)", "#222c40", "#e3e9f5"]; // figures.py, and the style sheet's two

export type Words = Record<string, string>; // of a legend, by role

const colourOf = ({ line, marker }: PlotlyTrace) => String(line?.color ?? marker?.color ?? "").toLowerCase();

export const roleOf = (trace: PlotlyTrace) => {
  if (trace.meta) return trace.meta;
  const colour = colourOf(trace);
  if (TRUTHS.includes(colour)) return "truth";
  const role = ROLES.find((each) => plotting.colour(each).toLowerCase() === colour);
  return role === "yhat" && trace.mode === "markers" ? "bend" : role;
};

const MARKS = [".swatch", ".seed-mark"]; // in legends; each has its role as a class of its own
export const wordsOf = (box: Element): Words => {
  const items = box.closest(".card")?.querySelectorAll(`.legend li:not([hidden]):has(${MARKS})`) ?? [];
  return Object.fromEntries(
    [...items].map((item) => [
      [...query(`${MARKS}`, item).classList].find((name) => !MARKS.includes(`.${name}`)),
      item.textContent.trim(),
    ]),
  );
};
