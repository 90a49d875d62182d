// What the teacher arranges on this page: controls that are hidden, and the step of a lesson.
import { byId, element } from "../core/dom";
import * as views from "../core/views";
import { isCalled } from "./called";
import * as seat from "./seat";
import type { LessonStep, RoomView } from "./types";

type Lessons = { show: (name: string) => void; close: () => void };

const root = document.documentElement;
// CSS by the names of ?hide=; see pwlapp/ui/opening.py
const { hideable } = JSON.parse(root.dataset.opening ?? "{}") as { hideable: Record<string, string> };
// What the teacher hides with one press and lecturers' links name one by one.
const TOGETHER: Record<string, string[]> = { train: ["train", "step", "pause", "reset", "epochs"] };
const style = element("style");
let loadLessons: () => Promise<Lessons>;

const hide = ({ hidden }: Pick<RoomView, "hidden">) => {
  const names = hidden.flatMap((name) => TOGETHER[name] ?? [name]);
  style.textContent = names.map((name) => hideable[name] ?? "").join("\n");
  const view = byId(root.dataset.view ?? "fit");
  if (!views.isReachable(view)) views.go("fit");
};

// Another student's net is there to be seen: what would change it waits.
const watch = (on: boolean) => {
  for (const part of document.querySelectorAll<HTMLElement>("#fit :is(.command-bar, .drawers, .plot-weights)")) {
    part.inert = on;
  }
};

const nameOf = (lesson: LessonStep | null | undefined) => (lesson ? `${lesson[0]}.${lesson[1]}` : "");

// The step is shown; what it would set is the teacher's to send.
const teach = async (room: RoomView | null, before: RoomView | null) => {
  const [name, last] = [nameOf(room?.lesson), nameOf(before?.lesson)];
  if (name === last) return;
  const lessons = await loadLessons();
  // The step before may have opened one, which lies over the plots.
  for (const drawer of document.querySelectorAll<HTMLDetailsElement>("details.drawer[open]")) drawer.open = false;
  if (name) lessons.show(name);
  else lessons.close();
};

export const start = (lessons: typeof loadLessons) => {
  loadLessons = lessons;
  document.head.append(style);
  seat.onChange((room, before) => {
    hide(room ?? { hidden: [] });
    watch(typeof room?.spotlight === "number");
    teach(room, before);
    if (room && before && isCalled(room, before)) views.go("fit");
  });
};
