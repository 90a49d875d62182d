// The lessons' panel: beside the page on a wide screen, a sheet at the bottom of a small one. It says
// what there is to see, rings the place, and ticks what was done. Nothing is locked.
(() => {
  const pwl = (window.pwl ??= {});
  const { element } = pwl.weights;
  const byId = (id) => document.getElementById(id);
  const PLACE = "pwl.lesson";
  const TICKS = "pwl.lesson_ticks";
  const CHECK_MS = 250; // clicks and typing need no more to be noticed at once

  let lessons = null;
  let at = null; // {lesson: index, step: index}; null: the list
  let ticks = new Set(); // "seeds.2"
  let ringed = null;
  let timer = null;

  const words = (tag, key, args = {}, props = {}) => {
    const node = element(tag, { textContent: pwl.i18n.t(key, args), ...props });
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
    if (!ringed || ringed.offsetParent === null) return; // hidden by the lecturer
    ringed.classList.add("lesson-ring");
    // above the sheet, where there is one
    const block = matchMedia("(max-width: 900px)").matches ? "start" : "center";
    ringed.scrollIntoView({ block });
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
      const node = element("button", { type: "button", className: "lesson-choice" },
        words("span", `lesson.${id}`), words("small", "lesson.progress", { done, n: steps.length }));
      node.dataset.lesson = id;
      node.addEventListener("click", () => enter({ lesson, step: 0 }));
      return element("li", {}, node);
    });
    body().replaceChildren(words("p", "lesson.lead", {}, { className: "hint" }), element("ul", { className: "lesson-list" }, ...rows));
  };

  const dots = () =>
    element("ol", { className: "lesson-dots" }, ...lessons[at.lesson].steps.map((_, step) => {
      const here = { ...at, step };
      const node = element("button", { type: "button", textContent: String(step + 1) });
      node.classList.toggle("done", ticks.has(nameOf(here)));
      pwl.i18n.label(node, "lesson.step", { k: step + 1 });
      if (step === at.step) node.setAttribute("aria-current", "step");
      node.addEventListener("click", () => enter(here));
      return element("li", {}, node);
    }));

  const showStep = (wasSet) => {
    const { id, steps } = lessons[at.lesson];
    const key = `lesson.${id}_${at.step + 1}`;
    const isLast = at.step === steps.length - 1;
    const task = element("p", { className: "lesson-task", id: "lesson-task" },
      element("span", { className: "lesson-tick", ariaHidden: "true" }), words("span", `${key}_do`));
    const next = isLast ? push("lesson.all", showList) : push("lesson.next", () => go(1));
    Object.assign(next, { id: "lesson-next" });
    const back = push("lesson.back", () => (at.step ? go(-1) : showList()));
    body().replaceChildren(
      words("h3", `lesson.${id}`), dots(), words("p", key, {}, { className: "lesson-text" }), task,
      ...(wasSet ? [words("p", "lesson.undo", {}, { className: "hint" })] : []),
      element("div", { className: "buttons" }, back, next),
    );
    showTick();
  };

  const showTick = () => {
    const done = ticks.has(nameOf(at));
    byId("lesson-task").classList.toggle("done", done);
    byId("lesson-next").className = `button ${done ? "primary" : "plain"}`;
    body().querySelectorAll(".lesson-dots button")[at.step].classList.toggle("done", done);
  };

  const check = () => {
    if (!at || ticks.has(nameOf(at)) || !pwl.lessonChecks.isDone(stepOf(at).done)) return;
    ticks.add(nameOf(at));
    pwl.memory.keep(TICKS, [...ticks].join(" "));
    showTick();
    pwl.i18n.announce(pwl.i18n.t("lesson.done"));
  };

  // --- moving --------------------------------------------------------------------------------------
  const keepPlace = () => pwl.memory.keep(PLACE, byId("lessons").hidden ? "" : at ? nameOf(at) : "list");

  // `again`: the step was entered before the page was loaded anew, and what it set stands.
  const enter = async (place, again = false) => {
    at = place;
    keepPlace();
    showStep(false);
    clearInterval(timer);
    const { target, set } = stepOf(at);
    let wasSet = false;
    try {
      wasSet = !again && (await pwl.lessonSets.enter(set));
    } catch {
      // Fit has told what is in the way; the step can still be read
    }
    if (at !== place) return; // somebody went on meanwhile
    showStep(wasSet);
    ring(target);
    timer = setInterval(check, CHECK_MS);
  };
  const go = (by) => enter({ ...at, step: at.step + by });

  const placeOf = (name) => {
    const [, id, number = "1"] = /^([a-z]+)(?:\.(\d{1,2}))?$/.exec(name) ?? [];
    const lesson = lessons.findIndex((each) => each.id === id);
    const step = Number(number) - 1;
    return lesson >= 0 && lessons[lesson].steps[step] ? { lesson, step } : null;
  };

  const open = async () => {
    lessons ??= await pwl.api.get("lessons.json");
    byId("lessons").hidden = false;
    document.documentElement.classList.add("with-lessons");
    byId("lessons-open").setAttribute("aria-expanded", "true");
    window.dispatchEvent(new Event("resize")); // the plots get narrower
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
    await open();
    showList();
    byId("lessons").focus({ preventScroll: true });
  };

  const onKey = (event) => {
    if (event.key === "Escape") close();
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !at || !lessons[at.lesson].steps[at.step + by]) return;
    event.preventDefault();
    go(by);
  };

  // What the address asks for, else what this tab had open.
  const begin = async () => {
    const asked = new URLSearchParams(location.search).get("lesson");
    const kept = pwl.memory.recall(PLACE);
    if (!asked && !kept) return;
    await open();
    const place = placeOf(kept || asked);
    if (place) return enter(place, Boolean(kept));
    showList();
    if (asked && !kept) pwl.fitControls.showMessage("fit-notice", "notice", { code: "lesson_unknown", args: { name: asked.slice(0, 20) } });
  };

  const start = () => {
    ticks = new Set((pwl.memory.recall(TICKS) ?? "").split(" ").filter(Boolean));
    byId("lessons-open").addEventListener("click", toggle);
    byId("lessons-close").addEventListener("click", close);
    byId("lessons-fold").addEventListener("click", ({ currentTarget }) => {
      const folded = byId("lessons").classList.toggle("folded");
      currentTarget.setAttribute("aria-expanded", String(!folded));
    });
    byId("lessons").addEventListener("keydown", onKey);
    begin();
  };
  (pwl.parts ??= []).push({ start });
})();
