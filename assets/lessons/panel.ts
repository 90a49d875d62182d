// The lessons' panel: beside the page on a wide screen, a sheet at the bottom of a small one. It says
// what there is to see, rings the place, and ticks what was done. Nothing is locked.

import * as api from "../core/api";
import { byId, element } from "../core/dom";
import * as i18n from "../core/i18n";
import * as storage from "../core/storage";
import * as views from "../core/views";
import * as sharing from "../share/sharing";
import * as lessonChecks from "./checks";
import * as lessonSets from "./sets";

const PLACE = "pwl.lesson";
const TICKS = "pwl.lesson_ticks";
const CHECK_MS = 250; // clicks and typing need no more to be noticed at once

let lessons = null;
let at = null; // {lesson: index, step: index}; null: the list
let ticks = new Set(); // "seeds.2"
let ringed = null;
let timer = null;

const words = (tag, key, args = {}, props = {}) => {
  const node = element(tag, { textContent: i18n.t(key, args), ...props });
  Object.assign(node.dataset, { t: key, tArgs: JSON.stringify(args) });
  return node;
};
const push = (key, action, kind = "plain", args = {}) => {
  const node = element("button", { type: "button", className: `button ${kind}` }, words("span", key, args));
  node.addEventListener("click", action);
  return node;
};
const stepOf = ({ lesson, step }) => lessons[lesson].steps[step];
const nameOf = ({ lesson, step }) => `${lessons[lesson].id}.${step + 1}`;

// --- the ring ----------------------------------------------------------------------------------
const ring = (id) => {
  ringed?.classList.remove("lesson-ring");
  ringed = id ? byId(id) : null;
  if (ringed) views.reveal(ringed);
  if (!ringed || ringed.offsetParent === null) return; // hidden by the lecturer
  ringed.classList.add("lesson-ring");
  const isTall = ringed.offsetHeight > innerHeight / 2; // its top tells more than its middle
  ringed.scrollIntoView({ block: isTall ? "start" : "center" });
};

// --- what the panel shows ------------------------------------------------------------------------
const body = () => byId("lessons-body");

const showList = () => {
  at = null;
  ring(null);
  clearInterval(timer);
  keepPlace();
  const rows = lessons.map(({ id, steps }, lesson) => {
    const done = steps.filter((_, step) => ticks.has(`${id}.${step + 1}`)).length;
    const node = element(
      "button",
      { type: "button", className: "lesson-choice" },
      words("span", `lesson.${id}`),
      words("small", "lesson.progress", { done, n: steps.length }),
    );
    node.dataset.lesson = id;
    node.addEventListener("click", () => enter({ lesson, step: 0 }, "start"));
    return element("li", {}, node);
  });
  fill(words("p", "lesson.lead", {}, { className: "hint" }), element("ul", { className: "lesson-list" }, ...rows));
};

// Whoever moves with the keyboard stays on the button that was pressed.
const fill = (...nodes) => {
  const { activeElement } = document;
  const part = (activeElement as HTMLElement).dataset.part ?? "";
  const wasHere = body().contains(activeElement);
  body().replaceChildren(...nodes);
  if (!wasHere) return;
  const same = part && body().querySelector(`[data-part="${part}"]`);
  (same || byId("lessons")).focus({ preventScroll: true });
};
const part = (name, node) => {
  node.dataset.part = name;
  return node;
};

const dots = () =>
  element(
    "ol",
    { className: "lesson-dots" },
    ...lessons[at.lesson].steps.map((_, step) => {
      const here = { ...at, step };
      const node = part(step + 1, element("button", { type: "button", textContent: String(step + 1) }));
      node.classList.toggle("done", ticks.has(nameOf(here)));
      i18n.label(node, "lesson.step", { k: step + 1 });
      if (step === at.step) node.setAttribute("aria-current", "step");
      node.addEventListener("click", () => enter(here, "start"));
      return element("li", {}, node);
    }),
  );

const showStep = () => {
  const { id, steps } = lessons[at.lesson];
  const key = `lesson.${id}_${at.step + 1}`;
  const isLast = at.step === steps.length - 1;
  const task = element(
    "p",
    { className: "lesson-task", id: "lesson-task" },
    element("span", { className: "lesson-tick", ariaHidden: "true" }),
    words("span", `${key}_do`),
  );
  const next = part("next", isLast ? push("lesson.all", finish) : push("lesson.next", () => go(1)));
  Object.assign(next, { id: "lesson-next" });
  const back = part(
    "back",
    push("lesson.back", () => (at.step ? go(-1) : showList())),
  );
  const again = part(
    "again",
    push("lesson.again", () => enter({ ...at }, "start")),
  );
  fill(
    words("h3", `lesson.${id}`),
    dots(),
    words("p", key, {}, { className: "lesson-text" }),
    task,
    words("p", "lesson.undo", {}, { className: "hint", id: "lesson-was-set", hidden: true }),
    element("div", { className: "buttons" }, back, next, again),
  );
  showTick();
};

const showTick = () => {
  const done = ticks.has(nameOf(at));
  byId("lesson-task").classList.toggle("done", done);
  byId("lesson-next").className = `button ${done || isToRead(at) ? "primary" : "plain"}`;
  body().querySelectorAll(".lesson-dots button")[at.step].classList.toggle("done", done);
};

const isToRead = (place) => "read" in stepOf(place).done;
const tick = () => {
  ticks.add(nameOf(at));
  storage.keep(TICKS, [...ticks].join(" "));
  showTick();
};
const check = () => {
  if (!at || ticks.has(nameOf(at)) || !lessonChecks.isDone(stepOf(at).done)) return;
  tick();
  i18n.announce(i18n.t("lesson.done"));
};

// --- moving --------------------------------------------------------------------------------------
// With the address that asked for a lesson: it is followed once.
const asked = () => new URLSearchParams(location.search).get("lesson") ?? "";
const keepPlace = () => {
  const where = byId("lessons").hidden ? "" : at ? nameOf(at) : "list";
  storage.keep(PLACE, `${where}|${asked()}`);
};

// `what` is set: "set", what the step adds to those before it; "start", all that it builds on;
// or nothing, where what stands is to stay.
const enter = async (place, what = null) => {
  at = place;
  keepPlace();
  showStep();
  clearInterval(timer);
  let wasSet = false;
  try {
    wasSet = what !== null && (await lessonSets.enter(stepOf(place)[what]));
  } catch {
    // Fit has told what is in the way; the step can still be read
  }
  if (at !== place || byId("lessons").hidden) return; // somebody went on meanwhile
  byId("lesson-was-set").hidden = !wasSet;
  follow(place);
  i18n.announce(body().querySelector(".lesson-text").textContent);
};
const follow = (place) => {
  ring(stepOf(place).target);
  clearInterval(timer);
  timer = setInterval(check, CHECK_MS);
};

// Back looks back: it throws away nothing.
const go = (by) => {
  if (by > 0 && isToRead(at)) tick();
  enter({ ...at, step: at.step + by }, by > 0 ? "set" : null);
};
const finish = () => {
  if (isToRead(at)) tick();
  showList();
};

const placeOf = (name) => {
  const [, id, number = "1"] = /^([a-z]+)(?:\.(\d{1,2}))?$/.exec(name) ?? [];
  const lesson = lessons.findIndex((each) => each.id === id);
  const step = Number(number) - 1;
  return lesson >= 0 && lessons[lesson].steps[step] ? { lesson, step } : null;
};

// Says whether the lessons are there.
const open = async () => {
  byId("lessons").hidden = false;
  document.documentElement.classList.add("with-lessons");
  byId("lessons-open").setAttribute("aria-expanded", "true");
  window.dispatchEvent(new Event("resize")); // the plots get narrower
  try {
    lessons ??= await api.get("lessons.json");
  } catch {
    showUnreachable();
  }
  return lessons !== null;
};
const showUnreachable = () => {
  const again = push("lesson.retry", async () => (await open()) && showList());
  fill(words("p", "lesson.unreachable", {}, { role: "alert" }), part("load", again));
};
const close = () => {
  ring(null);
  clearInterval(timer);
  byId("lessons").hidden = true;
  document.documentElement.classList.remove("with-lessons");
  byId("lessons-open").setAttribute("aria-expanded", "false");
  keepPlace();
  window.dispatchEvent(new Event("resize"));
  byId("lessons-open").focus({ preventScroll: true });
};
const toggle = async () => {
  if (!byId("lessons").hidden) return close();
  if (!(await open())) return;
  if (at)
    await enter({ ...at }); // where one was
  else showList();
  byId("lessons").focus({ preventScroll: true });
};

// Page Down and Page Up in projector mode: the next step, or the first of all.
export const page = async (by) => {
  if (byId("lessons").hidden) await open();
  if (!lessons) return;
  if (!at) return enter({ lesson: 0, step: 0 }, "start");
  if (lessons[at.lesson].steps[at.step + by]) go(by);
};

const onKey = (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key === "Escape") close();
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || !at || !lessons[at.lesson].steps[at.step + by]) return;
  event.preventDefault();
  go(by);
};

// What the address asks for, if it has not yet been followed; else what this tab had open.
const begin = async () => {
  const [kept, followed] = (storage.recall(PLACE) ?? "").split("|");
  const name = asked();
  const isNew = name !== "" && name !== followed;
  if (!isNew && !kept) return;
  if (!(await open())) return;
  const place = placeOf(isNew ? name : kept);
  if (place) return enter(place, isNew ? "start" : null);
  showList();
  if (isNew) tellUnknown(name);
};
const tellUnknown = async (name) => {
  await sharing.ready(); // whose own notices would put it away
  sharing.speak("notice", "lesson_unknown", { name: name.slice(0, 20) });
};

export const start = () => {
  ticks = new Set((storage.recall(TICKS) ?? "").split(" ").filter(Boolean));
  byId("lessons-open").addEventListener("click", toggle);
  byId("lessons-close").addEventListener("click", close);
  byId("lessons-fold").addEventListener("click", ({ currentTarget }) => {
    const folded = byId("lessons").classList.toggle("folded");
    currentTarget.setAttribute("aria-expanded", String(!folded));
  });
  byId("lessons").addEventListener("keydown", onKey);
  begin();
};
