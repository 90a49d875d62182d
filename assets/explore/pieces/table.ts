// The line in numbers: a formula and a table of its straight pieces, or, of a net of sigmoids, of its steps.
import * as i18n from "../../core/text/i18n";
import * as mathml from "../../core/text/mathml";
import * as numbersModule from "../../core/text/numbers";
import type { NetDescription } from "../../core/types";
import type { Line, Unit } from "./plot";
import * as piecesPlot from "./plot";

const { t } = i18n;
const MAX_CASES = 3; // of a formula
const MAX_NAMED = 3; // if more units bend at the same x, only their count is shown

export const isSmooth = (net: NetDescription) => net.activation === "sigmoid";

// logit = { 14.0 x + 5 (x < 0), -4.9 x + 5 (x >= 0)
const formula = ({ net, pieces: { knots, slopes, intercepts } }: Line) => {
  const m = mathml;
  const x = m.mi("x");
  const line = (i: number) => m.row(m.times(slopes[i], x), m.plus(intercepts[i]));
  const when = (i: number) => {
    if (i === 0) return m.row(x, m.op("&lt;"), m.number(knots[0]));
    if (i === knots.length) return m.row(x, m.op("≥"), m.number(knots[i - 1]));
    return m.row(m.number(knots[i - 1]), m.op("≤"), x, m.op("&lt;"), m.number(knots[i]));
  };
  const left = net.loss === "mse" ? m.role("yhat", m.over(m.mi("y"), m.op("^"))) : m.role("yhat", m.text("logit"));
  if (!knots.length) return m.math(m.row(left, m.op("="), line(0)));
  return m.math(m.row(left, m.op("="), m.cases(slopes.map((_, i) => [line(i), when(i)]))));
};

export const showFormula = (host: HTMLElement, line: Line) => {
  if (isSmooth(line.net)) host.textContent = t("pieces.smooth");
  else if (line.pieces.slopes.length > MAX_CASES) {
    host.textContent = t("pieces.many", { n: numbersModule.whole(line.pieces.slopes.length) });
  } else host.innerHTML = formula(line);
};

const table = (heads: string[], rows: string[][]) => {
  const head = heads.map((key) => `<th scope="col">${t(key)}</th>`).join("");
  const body = rows.map((cells, i) => `<tr data-i="${i}">${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<table class="checkpoints pieces"><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
};

// A function that names the units which bend at a knot, by their numbers or, if there are many, by their count.
const bending = (units: Unit[]) => {
  const at = new Map<number, number[]>();
  for (const { knot, k } of units) at.set(knot, [...(at.get(knot) ?? []), k + 1]);
  return (knot: number) => {
    const found = at.get(knot) ?? [];
    return found.length > MAX_NAMED
      ? t("summary.units", { units: numbersModule.whole(found.length) })
      : found.map(numbersModule.whole).join(", ");
  };
};

const pieceRows = ({ units, ends: [low, high], pieces: { knots, slopes, intercepts } }: Line) => {
  const { fixed, short } = numbersModule;
  const unitsAt = bending(units.filter((unit) => unit.isInside));
  const places = [low, ...knots, high];
  return slopes.map((slope, i) => [
    short(places[i]),
    short(places[i + 1]),
    fixed(slope),
    fixed(intercepts[i]),
    i < knots.length ? unitsAt(knots[i]) : "",
  ]);
};

const stepRows = ({ units }: Line) => {
  const { fixed, signed } = numbersModule;
  return units
    .filter((unit) => unit.isInside)
    .sort((a, b) => a.knot - b.knot)
    .map(({ k, W1, W2, knot }) => [
      fixed(knot),
      numbersModule.whole(k + 1),
      signed(W1 < 0 ? -W2 : W2),
      fixed(Math.abs(W1)),
    ]);
};

export const showTable = (host: HTMLElement, line: Line) => {
  host.innerHTML = isSmooth(line.net)
    ? table(["pieces.head_half", "pieces.head_unit", "pieces.head_height", "pieces.head_steep"], stepRows(line))
    : table(
        ["pieces.head_from", "pieces.head_to", "pieces.head_slope", "pieces.head_intercept", "pieces.head_bend"],
        pieceRows(line),
      );
};

// "259 straight pieces within the data. Units that bend there: 258 of 512. Elsewhere: 141."
export const countWords = ({ net, units, drawn, pieces }: Line) => {
  const { whole } = numbersModule;
  const count = (test: (unit: Unit) => boolean) => units.filter(test).length;
  const [dead, outside] = [count((unit) => unit.isDead), count((unit) => !unit.isInside && !unit.isDead)];
  const numbers = {
    units: whole(net.h),
    inside: whole(count((unit) => unit.isInside)),
    outside: whole(outside),
    dead: whole(dead),
    drawn: whole(drawn.length),
    n: whole(pieces.slopes.length),
  };
  const keys = isSmooth(net)
    ? ["pieces.count_steps"]
    : [
        pieces.knots.length ? "pieces.count" : "pieces.count_straight",
        "pieces.count_units",
        outside ? "pieces.count_outside" : "",
        dead ? (drawn.some((unit) => unit.isDead) ? "pieces.count_dotted" : "pieces.count_dead") : "",
      ];
  if (drawn.length < units.length) keys.push("pieces.drawn");
  return keys
    .filter(Boolean)
    .map((key) => t(key, numbers))
    .join(" ");
};

// A unit's weights and its effect, in words.
export const unitWords = (unit: Unit, { net }: Line) => {
  const { fixed } = numbersModule;
  const { W1, b1, W2, knot, isDead } = unit;
  const names = net.bias1
    ? `W1 = ${fixed(W1)}, b1 = ${fixed(b1)}, W2 = ${fixed(W2)}`
    : `W1 = ${fixed(W1)}, W2 = ${fixed(W2)}`;
  const args = { unit: piecesPlot.nameOf(unit), x: fixed(knot), slope: fixed(W1 * W2) };
  const key = isDead
    ? "pieces.unit_dead"
    : W1 === 0
      ? "pieces.unit_flat"
      : isSmooth(net)
        ? "pieces.unit_step"
        : W1 > 0
          ? "pieces.unit_right"
          : "pieces.unit_left";
  return `${args.unit}: ${names}. ${t(key, args)}`;
};
