// The panel of lessons: beside the page on a wide screen, at the bottom of a small one. It shows the text of a step,
// highlights the step's target, and ticks its task when it is done. The user can go to any step at any time.

import { byId, element, query } from "../core/dom";
import * as api from "../core/session/api";
import * as storage from "../core/storage";
import * as i18n from "../core/text/i18n";
import * as views from "../core/views";
import * as sharing from "../share/sharing";
import * as lessonChecks from "./checks";
import { highlight } from "./highlight";
import * as lessonSets from "./sets";

const PLACE = "pwl.lesson";
const TICKS = "pwl.lesson_ticks";
const CHECK_MS = 250;

// A step of lessons.py: the id of its target, its task, and what is set when it is entered from the previous step
// (`set`) or from elsewhere (`start`).
type Step = { target: string; done: lessonChecks.Done; set: lessonSets.Setting; start: lessonSets.Setting };
type Lesson = { id: string; steps: Step[] };
type Place = { lesson: number; step: number }; // by their indices

let lessons: Lesson[] = []; // empty until the server has sent them
let at: Place | null = null; // null while the list of lessons is shown
let ticks = new Set<string>(); // names of the steps that are done: "seeds.2"
let timer: number | undefined;

const words = i18n.translated;
const button = (key: string, action: () => void) => {
  const node = element("button", { type: "button", className: "button plain" }, words("span", key));
  node.addEventListener("click", action);
  return node;
};
const stepOf = ({ lesson, step }: Place) => lessons[lesson].steps[step];
const nameOf = ({ lesson, step }: Place) => `${lessons[lesson].id}.${step + 1}`;

// --- the contents of the panel -------------------------------------------------------------------
const body = () => byId("lessons-body");

const showList = () => {
  at = null;
  highlight(null);
  clearInterval(timer);
  keepPlace();
  const rows = lessons.map(({ id, steps }, lesson) => {
    const done = steps.filter((_, step) => ticks.has(`${id}.${step + 1}`)).length;
    const node = element(
      "button",
      { type: "button", className: "lesson-choice" },
      words("span", `lesson.${id}`),
      words("small", "lesson.progress", {}, { done, n: steps.length }),
    );
    node.dataset.lesson = id;
    node.addEventListener("click", () => enter({ lesson, step: 0 }, "start"));
    return element("li", {}, node);
  });
  fill(words("p", "lesson.lead", { className: "hint" }), element("ul", { className: "lesson-list" }, ...rows));
};

// Replace the contents. The focus stays on the button of the same `part`.
const fill = (...nodes: Node[]) => {
  const focused = document.activeElement;
  const hadFocus = body().contains(focused);
  const part = focused instanceof HTMLElement ? focused.dataset.part : undefined;
  body().replaceChildren(...nodes);
  byId("lessons").scrollTop = 0;
  if (!hadFocus) return;
  const same = part ? body().querySelector<HTMLElement>(`[data-part="${part}"]`) : null;
  (same ?? byId("lessons")).focus({ preventScroll: true });
};
const withPart = <E extends HTMLElement>(name: string, node: E) => {
  node.dataset.part = name;
  return node;
};

const dots = (place: Place) =>
  element(
    "ol",
    { className: "lesson-dots" },
    ...lessons[place.lesson].steps.map((_, step) => {
      const here = { ...place, step };
      const node = withPart(String(step + 1), element("button", { type: "button", textContent: String(step + 1) }));
      node.classList.toggle("done", ticks.has(nameOf(here)));
      i18n.label(node, "lesson.step", { k: step + 1 });
      if (step === place.step) node.setAttribute("aria-current", "step");
      node.addEventListener("click", () => enter(here, "start"));
      return element("li", {}, node);
    }),
  );

const showStep = (place: Place) => {
  const { id, steps } = lessons[place.lesson];
  const key = `lesson.${id}_${place.step + 1}`;
  const isLast = place.step === steps.length - 1;
  const task = element(
    "p",
    { className: "lesson-task", id: "lesson-task" },
    element("span", { className: "lesson-tick", ariaHidden: "true" }),
    words("span", `${key}_do`),
  );
  const next = withPart(
    "next",
    isLast ? button("lesson.all", () => finish(place)) : button("lesson.next", () => go(place, 1)),
  );
  next.id = "lesson-next";
  const back = withPart(
    "back",
    button("lesson.back", () => (place.step ? go(place, -1) : showList())),
  );
  const again = withPart(
    "again",
    button("lesson.again", () => enter({ ...place }, "start")),
  );
  again.hidden = Object.keys(stepOf(place).start).length === 0; // there is nothing to set
  fill(
    words("h3", `lesson.${id}`),
    dots(place),
    words("p", key, { className: "lesson-text" }),
    task,
    words("p", "lesson.undo", { className: "hint", id: "lesson-was-set", hidden: true }),
    element("div", { className: "buttons" }, back, next, again),
  );
  showTick(place);
};

const showTick = (place: Place) => {
  const done = ticks.has(nameOf(place));
  byId("lesson-task").classList.toggle("done", done);
  byId("lesson-next").className = `button ${done || isToRead(place) ? "primary" : "plain"}`;
  body().querySelectorAll(".lesson-dots button")[place.step].classList.toggle("done", done);
};

const isToRead = (place: Place) => "read" in stepOf(place).done;
const tick = (place: Place) => {
  ticks.add(nameOf(place));
  storage.writeTab(TICKS, [...ticks].join(" "));
  showTick(place);
};
const check = () => {
  if (!at || ticks.has(nameOf(at)) || !lessonChecks.isDone(stepOf(at).done)) return;
  tick(at);
  i18n.announce(i18n.t("lesson.done"));
};

// --- navigation ----------------------------------------------------------------------------------
// The tab remembers the place and the URL's lesson, so that a reload shows the same step and does not open that lesson
// again.
const lessonInUrl = () => new URLSearchParams(location.search).get("lesson") ?? "";
const keepPlace = () => {
  const where = byId("lessons").hidden ? "" : at ? nameOf(at) : "list";
  storage.writeTab(PLACE, `${where}|${lessonInUrl()}`);
};

// Show a step, and set what it needs. `what` names the settings of the step: "set" after the previous step, "start" from
// elsewhere, or null to set nothing.
const enter = async (place: Place, what: "set" | "start" | null = null) => {
  at = place;
  keepPlace();
  showStep(place);
  clearInterval(timer);
  let wasSet = false;
  try {
    wasSet = what !== null && (await lessonSets.enter(stepOf(place)[what]));
  } catch {
    // Fit shows the error; the step can still be read
  }
  if (at !== place || byId("lessons").hidden) return; // the user has gone on meanwhile
  byId("lesson-was-set").hidden = !wasSet;
  startChecks(place);
  i18n.announce(query(".lesson-text", body()).textContent);
};
const startChecks = (place: Place) => {
  highlight(stepOf(place).target);
  lessonChecks.begin();
  clearInterval(timer);
  timer = setInterval(check, CHECK_MS);
};

// Go to the next or the previous step. Going back sets nothing, so the user's net is kept.
const go = (place: Place, by: 1 | -1) => {
  if (by > 0 && isToRead(place)) tick(place);
  enter({ ...place, step: place.step + by }, by > 0 ? "set" : null);
};
const finish = (place: Place) => {
  if (isToRead(place)) tick(place);
  showList();
};

const placeOf = (name: string): Place | null => {
  const [, id, number = "1"] = /^([a-z]+)(?:\.(\d{1,2}))?$/.exec(name) ?? [];
  const lesson = lessons.findIndex((each) => each.id === id);
  const step = Number(number) - 1;
  return lesson >= 0 && lessons[lesson].steps[step] ? { lesson, step } : null;
};

// Open the panel. Resolves to whether the lessons are loaded.
const open = async () => {
  byId("lessons").hidden = false;
  document.documentElement.classList.add("with-lessons");
  byId("lessons-open").setAttribute("aria-expanded", "true");
  try {
    await i18n.loadCatalogue();
    if (!lessons.length) lessons = await api.get<Lesson[]>("lessons.json");
  } catch {
    showUnreachable();
  }
  return lessons.length > 0;
};
const showUnreachable = () => {
  const again = button("lesson.retry", async () => (await open()) && showList());
  fill(words("p", "lesson.unreachable", { role: "alert" }), withPart("load", again));
};
export const close = () => {
  const hadFocus = byId("lessons").contains(document.activeElement);
  highlight(null);
  clearInterval(timer);
  byId("lessons").hidden = true;
  document.documentElement.classList.remove("with-lessons");
  byId("lessons-open").setAttribute("aria-expanded", "false");
  keepPlace();
  if (hadFocus) byId("lessons-open").focus({ preventScroll: true });
};
const toggle = async () => {
  if (!byId("lessons").hidden) return close();
  if (!(await open())) return;
  if (at) await enter({ ...at });
  else showList();
  byId("lessons").focus({ preventScroll: true });
};

// Show a step without setting anything: one that a teacher shows to the class, or the tour.
export const show = async (name: string) => {
  if (!(await open())) return;
  const place = placeOf(name);
  if (place) enter(place);
};

// For Page Down and Page Up in projector mode: go to the next or previous step, or open the first lesson.
export const page = async (by: 1 | -1) => {
  if (byId("lessons").hidden) await open();
  const first = placeOf("page");
  if (!first) return;
  if (!at) return enter(first, "start");
  if (lessons[at.lesson].steps[at.step + by]) go(at, by);
};

const onKey = (event: KeyboardEvent) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key === "Escape") close();
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : null;
  if (!by || !at || !lessons[at.lesson].steps[at.step + by]) return;
  event.preventDefault();
  go(at, by);
};

// What to open with the page: the URL's lesson if it was not opened before; otherwise what this tab had open before a
// reload, unless the button of the lessons is hidden and the URL names no lesson.
export const toOpen = (inUrl: string, kept: string, isHidden: boolean) => {
  const [last, openedBefore] = kept.split("|");
  const isNew = inUrl !== "" && inUrl !== openedBefore;
  if (isNew) return { name: inUrl, isNew };
  return { name: isHidden && !inUrl ? "" : last, isNew };
};

const begin = async () => {
  const { name, isNew } = toOpen(lessonInUrl(), storage.readTab(PLACE) ?? "", views.isHidden(byId("lessons-open")));
  if (!name || !(await open())) return;
  const place = placeOf(name);
  if (place) return enter(place, isNew ? "start" : null);
  showList();
  if (isNew) showUnknown(name);
};
const showUnknown = async (name: string) => {
  await sharing.ready(); // otherwise the notices of a new session would replace this one
  sharing.showNotice("notice", "lesson_unknown", { name: name.slice(0, 20) });
};

export const start = () => {
  ticks = new Set((storage.readTab(TICKS) ?? "").split(" ").filter(Boolean));
  byId("lessons-open").addEventListener("click", toggle);
  byId("lessons-close").addEventListener("click", close);
  const fold = byId("lessons-fold");
  fold.addEventListener("click", () => {
    const folded = byId("lessons").classList.toggle("folded");
    fold.setAttribute("aria-expanded", String(!folded));
  });
  byId("lessons").addEventListener("keydown", onKey);
  begin();
};
