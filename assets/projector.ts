// Projector mode, switched on by the F key or ?projector=1: full screen, with large text and fewer controls.
// Page Down and Page Up go through the steps of a lesson, unless the lessons are hidden.
import * as chunks from "./chunks";
import { byId } from "./core/dom";
import * as plotBoxes from "./core/plots/plot-boxes";
import * as views from "./core/views";

const root = document.documentElement;

const isOn = () => "projector" in root.dataset;

const set = (on: boolean) => {
  root.toggleAttribute("data-projector", on);
  byId("projector").setAttribute("aria-pressed", String(on));
  plotBoxes.resize(document.body);
};

const toggle = () => {
  const on = !isOn();
  set(on);
  if (on)
    root.requestFullscreen?.().catch(() => {}); // if refused, projector mode stays in the window
  else if (document.fullscreenElement) document.exitFullscreen();
};

const step = async (event: KeyboardEvent) => {
  const by = event.key === "PageDown" ? 1 : event.key === "PageUp" ? -1 : null;
  if (!by || !isOn() || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (byId("lessons").hidden && views.isHidden(byId("lessons-open"))) return;
  event.preventDefault();
  (await chunks.load("lessons")).page(by);
};

export const start = () => {
  byId("projector").addEventListener("click", toggle);
  byId("projector").setAttribute("aria-pressed", String(isOn()));
  document.addEventListener("keydown", step);
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement && isOn()) set(false); // left by Esc
  });
};
