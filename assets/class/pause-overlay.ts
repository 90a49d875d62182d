// While the teacher has paused the class, an overlay covers the page, says that nothing is lost, and blocks all input.
// While the teacher shows a student's net on all pages, input is blocked but the overlay is not shown.
import { byId, element, query } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as seat from "./seat";

const overlay = element("div", { id: "class-veil", role: "status", hidden: true });
let isOn = false;
let focused: Element | null = null; // the element that had the focus before

const covered = () => [query(".page-header"), query("main"), byId("lessons")];

// Block the page's keyboard shortcuts, except in the bar and in the panel with the teacher's question.
const onKey = (event: KeyboardEvent) => {
  const { target } = event;
  const isAbove = target instanceof Element && target.closest("#class-bar, #class-panel");
  if (isOn && !isAbove && event.key !== "Tab") event.stopImmediatePropagation();
};

const show = (on: boolean) => {
  if (isOn === on) return;
  isOn = on;
  if (on) focused = document.activeElement;
  for (const part of covered()) part.inert = on;
  if (!on && focused instanceof HTMLElement && document.activeElement === document.body) {
    focused.focus({ preventScroll: true });
  }
};

export const start = () => {
  const words = element(
    "div",
    {},
    i18n.translated("p", "class.veil", { className: "class-veil-title" }),
    i18n.translated("p", "class.veil_kept"),
  );
  overlay.append(words);
  document.body.append(overlay);
  window.addEventListener("keydown", onKey, { capture: true });
  seat.onChange((room) => {
    show(room?.frozen ?? false);
    overlay.hidden = !isOn || typeof room?.spotlight === "number";
  });
};
