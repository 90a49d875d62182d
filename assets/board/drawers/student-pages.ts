// What the teacher arranges on the students' pages: a step of a lesson, and hidden controls.
import { CONTROLS, type Control } from "../../class/types";
import { byId, setText } from "../../core/dom";
import { clamp } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import { command } from "../controls";
import { input, isChecked } from "../inputs";
import * as state from "../state";

const { t } = i18n;
const lesson = () => byId("board-lesson", HTMLSelectElement);
const stepsOf = (id: string) =>
  Number([...lesson().options].find((option) => option.value === id)?.dataset.steps ?? "1");

// For this time after a click, the checkboxes show the teacher's choice and not the room's state, which may be older.
const ROOM_UPDATE_MS = 1000;
let wanted: Control[] | null = null;
let isSending = false;

const hide = async () => {
  wanted = CONTROLS.filter((control) => isChecked(`board-hide-${control}`));
  if (isSending) return;
  isSending = true;
  for (let sent: Control[] | null = null; wanted && sent !== wanted; ) {
    sent = wanted;
    if (!(await command("hide", { controls: sent }))) wanted = null;
  }
  isSending = false;
  const last = wanted;
  setTimeout(() => {
    if (wanted === last) wanted = null;
    show();
  }, ROOM_UPDATE_MS);
};

const show = () => {
  const { room } = state;
  if (!room) return;
  const [name, step] = room.lesson ?? [];
  byId("board-lesson-end", HTMLButtonElement).disabled = !name;
  setText(
    byId("board-lesson-now"),
    name ? t("board.lesson_now", { name: t(`lesson.${name}`), step, n: stepsOf(name) }) : t("board.lesson_none"),
  );
  if (wanted) return;
  for (const control of CONTROLS) input(`board-hide-${control}`).checked = room.hidden.includes(control);
};

export const start = () => {
  byId("board-lesson-show").addEventListener("click", () => {
    const id = lesson().value;
    const step = numbers.parse(input("board-step").value);
    const last = stepsOf(id);
    const valid = Number.isInteger(step) ? clamp(step, 1, last) : 1;
    input("board-step").value = String(Math.min(valid + 1, last)); // the next press shows the next step
    command("lesson", { lesson: [id, valid] });
  });
  lesson().addEventListener("change", () => {
    input("board-step").value = "1";
  });
  byId("board-lesson-end").addEventListener("click", () => command("lesson", { lesson: null }));
  byId("board-hide").addEventListener("change", hide);
  state.onChange((what) => what === "room" && show());
  i18n.onLanguage(show);
};
