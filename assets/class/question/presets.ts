// A preset question is shown in each reader's language; a question that the teacher typed is shown as it was typed.
import * as i18n from "../../core/text/i18n";
import type { Question } from "../types";

type Kind = Question["kind"];

export const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

export const presetText = (kind: Kind) => i18n.t(`board.preset_${kind}`);
export const presetOptions = () => i18n.t("board.preset_options");

type Worded = Pick<Question, "kind" | "text" | "text_is_preset" | "options" | "options_are_preset">;
export const textOf = ({ kind, text, text_is_preset }: Worded) => (text_is_preset ? presetText(kind) : text);
export const optionsOf = ({ options, options_are_preset }: Worded) =>
  options_are_preset ? lines(presetOptions()) : options;
