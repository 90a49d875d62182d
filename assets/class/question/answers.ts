// The answers of the whole class, which every student sees once they are revealed. The student's own is marked.
import { element } from "../../core/dom";
import { clamp, extremes, linear } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Question, Value } from "../types";
import { drawing, HEIGHT, label, svg, WIDTH } from "./drawing";
import { median, withoutOutliers } from "./outliers";
import { optionsOf } from "./presets";
import * as sketch from "./sketch";

const PAD = 8;
const LABEL_HEIGHT = 22; // of the labels below the bars
const MAX_BINS = 12;
const MAX_BAR_WIDTH = 40;

// Bins of equal width. If all values are whole numbers, so are the bins' limits.
type Bin = { low: number; high: number; n: number };
export const bins = (values: number[]): Bin[] => {
  if (!values.length) return [];
  const [least, most] = extremes(values);
  const isWhole = values.every(Number.isInteger);
  const width = isWhole ? Math.ceil((most - least + 1) / MAX_BINS) : (most - least) / MAX_BINS || 1;
  const count = isWhole ? Math.ceil((most - least + 1) / width) : most > least ? MAX_BINS : 1;
  const made = Array.from({ length: count }, (_, i) => ({
    low: least + i * width,
    high: least + (i + 1) * width,
    n: 0,
  }));
  for (const value of values) made[Math.min(Math.floor((value - least) / width), count - 1)].n += 1;
  return made;
};

const picture = (words: string, ...parts: Element[]) => drawing({ role: "img", "aria-label": words }, ...parts);

// "3: 2", "3–5: 2" for whole numbers, "0.25–0.5: 2"
export const binText = ({ low, high, n }: Bin, isWhole: boolean) => {
  const last = isWhole ? high - 1 : high;
  const range = low === last ? numbers.short(low) : `${numbers.short(low)}–${numbers.short(last)}`;
  return `${range}: ${n}`;
};

const histogram = (values: number[], own: Value | null) => {
  const all = bins(values);
  if (!all.length) return i18n.translated("p", "class.no_answers", { className: "hint" });
  const isWhole = values.every(Number.isInteger);
  const most = Math.max(...all.map(({ n }) => n));
  const at = linear([all[0].low, all[all.length - 1].high], [PAD, WIDTH - PAD]);
  const up = linear([0, most], [HEIGHT - LABEL_HEIGHT, PAD]);
  const isOwn = ({ low, high }: Bin, i: number) =>
    typeof own === "number" && low <= own && (own < high || i === all.length - 1);
  const middleOf = ({ low, high }: Bin) => (at(low) + at(high)) / 2;
  const wide = clamp(at(all[0].high) - at(all[0].low) - 2, 1, MAX_BAR_WIDTH);
  const bars = all.map((bin, i) =>
    svg(
      "rect",
      {
        class: isOwn(bin, i) ? "bar mine" : "bar",
        x: middleOf(bin) - wide / 2,
        y: up(bin.n),
        width: wide,
        height: HEIGHT - LABEL_HEIGHT - up(bin.n),
      },
      svg("title", {}, new Text(binText(bin, isWhole))),
    ),
  );
  const base = HEIGHT - 6;
  const [lowest, highest] = extremes(values).map((value) => numbers.short(value));
  const isOneEach = isWhole && all[0].high - all[0].low === 1;
  const labels = isOneEach
    ? all.map((bin) => label(numbers.short(bin.low), middleOf(bin), base, "middle"))
    : [label(lowest, PAD, base, "start"), label(highest, WIDTH - PAD, base, "end")];
  return picture(all.map((bin) => binText(bin, isWhole)).join(", "), ...bars, ...labels);
};

const shares = (options: string[], counts: number[], own: Value | null) => {
  const all = counts.reduce((sum, n) => sum + n, 0);
  const rows = options.map((option, i) => {
    const n = counts[i] ?? 0;
    const share = element("progress", { max: Math.max(all, 1), value: n });
    share.setAttribute("aria-hidden", "true");
    const count = element("span", { className: "class-count" }, `${n}`);
    return element("li", { className: own === i ? "mine" : "" }, element("span", {}, option), share, count);
  });
  return element("ul", { className: "class-shares" }, ...rows);
};

// The median of the sketches at a position from 0 (left) to 1 (right).
const medianAt = (all: number[][], at: number) =>
  numbers.fixed(median(all.map((curve) => curve[Math.round(at * (curve.length - 1))])), 2);

const curves = (all: number[][], own: Value | null) =>
  picture(
    i18n.t("class.curves_label", {
      n: numbers.whole(all.length),
      left: medianAt(all, 0),
      centre: medianAt(all, 0.5),
      right: medianAt(all, 1),
    }),
    ...sketch.background(),
    ...all.map((values) => sketch.curve(values, "others")),
    ...sketch.truth(),
    ...(Array.isArray(own) ? [sketch.curve(own, "mine")] : []),
  );

const numbersOf = (values: number[], own: Value | null, outside: number) => {
  const shown: Element[] = [];
  if (values.length || !outside) shown.push(histogram(values, own));
  if (outside) shown.push(i18n.translated("p", "class.outside", { className: "hint" }, { n: numbers.whole(outside) }));
  return shown;
};

export const show = (question: Question, own: Value | null): Element[] => {
  const { answers } = question;
  if (answers?.numbers) {
    const { values, outside } = withoutOutliers(answers.numbers, question);
    return numbersOf(values, own, outside);
  }
  if (answers?.counts) return [shares(optionsOf(question), answers.counts, own)];
  if (answers?.curves) return [curves(answers.curves, own)];
  return [];
};
