// While the teacher has paused the class, a calm curtain lies over the page: nothing can be pressed below
// it, and it says that nothing is lost. A net on every screen is seen all the same: then the bar says so.
import { byId, element, query } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as seat from "./seat";

const veil = element("div", { id: "class-veil", role: "status", hidden: true });
let isOn = false;
let focused: Element | null = null; // where the keyboard was

const covered = () => [query(".page-header"), query("main"), byId("lessons")];

// The page's shortcuts press nothing either. The bar and a question of the teacher's stay.
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
  veil.append(words);
  document.body.append(veil);
  window.addEventListener("keydown", onKey, { capture: true });
  seat.onChange((room) => {
    show(room?.frozen ?? false);
    veil.hidden = !isOn || typeof room?.spotlight === "number";
  });
};
