// Describes the board's plots in words and numbers, in their accessible names.
import { byId } from "../core/dom";
import * as painting from "../core/plots/painting";
import * as i18n from "../core/text/i18n";
import { fixed, whole } from "../core/text/numbers";
import { count } from "./rows/roster";
import { OUTCOMES } from "./rows/types";
import * as state from "./state";

const { t } = i18n;
const UPDATE_MS = 1000;

const groups = () => {
  const counts = count(state.roster.values());
  return OUTCOMES.filter((outcome) => counts[outcome]).map(
    (outcome) => `${t(`board.outcome_${outcome}`)} ${whole(counts[outcome])}`,
  );
};

// Minimum, median and maximum.
const spread = (values: number[], digits: number) => {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, median, high] = [0, sorted.length >> 1, sorted.length - 1].map((i) => fixed(sorted[i], digits));
  return sorted.length ? t("board.spread", { low, median, high }) : t("board.spread_none");
};

const describe = (id: string, ...parts: string[]) =>
  byId(id).setAttribute("aria-label", [t(byId(id).dataset.tLabel ?? ""), ...parts].join(". "));

const answers = () => {
  const { question } = state.room ?? {};
  const { values, outside } = state.answers();
  if (!question) return [];
  const plain = values.filter((value) => typeof value === "number");
  if (question.kind === "number")
    return [spread(plain, 2), ...(outside ? [t("class.outside", { n: whole(outside) })] : [])];
  if (question.kind === "curve") return [t("board.sketches", { n: whole(values.length) })];
  return question.options.map((option, i) => `${option}: ${whole(plain.filter((value) => value === i).length)}`);
};

const describeAll = () => {
  const rows = [...state.roster.values()];
  const losses = rows.map(({ loss }) => loss).filter((loss) => loss !== null);
  const slopes = rows.map((row) => row.slopes).filter((each) => each !== null);
  const [left, right] = [0, 1].map((i) => slopes.map((each) => each[i]));
  describe("board-curves", ...groups());
  describe("board-losses", spread(losses, 4));
  describe(
    "board-slopes",
    `${t("board.slope_left")}: ${spread(left, 2)}`,
    `${t("board.slope_right")}: ${spread(right, 2)}`,
  );
  describe("board-answers", ...answers());
};

export const start = () => {
  state.onChange(painting.throttle(UPDATE_MS, describeAll));
  i18n.onLanguage(describeAll);
};
