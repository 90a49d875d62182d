// What the students' pages show: a step of a lesson, and which controls are hidden.
import { CONTROLS } from "../class/types";
import { byId, write } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import { command } from "./controls";
import { input, isChecked } from "./inputs";
import * as state from "./state";

const { t } = i18n;
const lesson = () => byId("board-lesson", HTMLSelectElement);
const stepsOf = (id: string) =>
  Number([...lesson().options].find((option) => option.value === id)?.dataset.steps ?? "1");

const show = () => {
  const { room } = state;
  if (!room) return;
  const [name, step] = room.lesson ?? [];
  byId("board-lesson-end", HTMLButtonElement).disabled = !name;
  write(
    byId("board-lesson-now"),
    name ? t("board.lesson_now", { name: t(`lesson.${name}`), step, n: stepsOf(name) }) : t("board.lesson_none"),
  );
  for (const control of CONTROLS) input(`board-hide-${control}`).checked = room.hidden.includes(control);
};

export const start = () => {
  byId("board-lesson-show").addEventListener("click", () => {
    const id = lesson().value;
    const step = numbers.parse(input("board-step").value);
    const last = stepsOf(id);
    const inside = Number.isInteger(step) ? Math.min(Math.max(step, 1), last) : 1;
    input("board-step").value = String(Math.min(inside + 1, last)); // the next press shows the next step
    command("lesson", { lesson: [id, inside] });
  });
  lesson().addEventListener("change", () => {
    input("board-step").value = "1";
  });
  byId("board-lesson-end").addEventListener("click", () => command("lesson", { lesson: null }));
  byId("board-hide").addEventListener("change", () =>
    command("hide", { controls: CONTROLS.filter((control) => isChecked(`board-hide-${control}`)) }),
  );
  state.onChange((what) => what === "room" && show());
  i18n.onLanguage(show);
};
