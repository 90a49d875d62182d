// What the teacher arranges on this page: hidden controls, and the step of a lesson.
import { byId } from "../core/dom";
import * as storage from "../core/storage";
import * as views from "../core/views";
import { namesOf } from "./hidden";
import * as panel from "./panel";
import { isCalledToFit } from "./room-status";
import * as seat from "./seat";
import type { LessonStep, RoomView } from "./types";

type Lessons = { show: (name: string) => void; close: () => void };

const root = document.documentElement;
// CSS rules by the names of ?hide=; see pwlapp/ui/opening.py
const { hideable } = JSON.parse(root.dataset.opening ?? "{}") as { hideable: Record<string, string> };
const HIDDEN = "pwl.hidden"; // names that are hidden at the next visit before the class is loaded
let loadLessons: () => Promise<Lessons>;

// Hide these controls and show all others. If the open view is hidden, show Fit.
const hide = ({ hidden }: Pick<RoomView, "hidden">) => {
  const names = namesOf(hidden);
  byId("hidden-by-teacher").textContent = names.map((name) => hideable[name] ?? "").join("\n");
  storage.writeLocal(HIDDEN, names.join(",") || null);
  const view = byId(root.dataset.view ?? "fit");
  if (!views.isReachable(view)) views.go("fit");
};

// While another student's net is shown, the controls that would change it are inert.
const setReadOnly = (on: boolean) => {
  for (const part of document.querySelectorAll<HTMLElement>("#fit :is(.command-bar, .drawers, .plot-weights)")) {
    part.inert = on;
  }
};

const nameOf = (lesson: LessonStep | null | undefined) => (lesson ? `${lesson[0]}.${lesson[1]}` : "");

// Show the teacher's step of a lesson. Its settings are not applied, because the teacher controls the class's nets.
const showLesson = async (room: RoomView | null, before: RoomView | null) => {
  const [name, last] = [nameOf(room?.lesson), nameOf(before?.lesson)];
  if (name === last) return;
  const lessons = await loadLessons();
  // A drawer that the previous step has opened would cover the plots.
  for (const drawer of document.querySelectorAll<HTMLDetailsElement>("details.drawer[open]")) drawer.open = false;
  if (name) {
    panel.close(); // it has the same place
    lessons.show(name);
  } else lessons.close();
};

export const start = (lessons: typeof loadLessons) => {
  loadLessons = lessons;
  seat.onChange((room, before) => {
    hide(room ?? { hidden: [] });
    setReadOnly(typeof room?.spotlight === "number");
    showLesson(room, before);
    // A lesson that the student has opened is hidden with the lessons.
    const isHidden = room?.hidden.includes("lessons") && !room.lesson;
    if (isHidden && !byId("lessons").hidden) byId("lessons-close").click();
    if (room && before && isCalledToFit(room, before)) views.go("fit");
  });
};
