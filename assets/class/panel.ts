// The panel with the teacher's question and challenge: beside the page on a wide screen, at the bottom of a small one.
// A button in the bar opens and closes it.
import { element } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as challenge from "./challenge";
import * as question from "./question/question";
import * as seat from "./seat";
import type { RoomView } from "./types";

type Part = { key: (room: RoomView) => unknown; show: (room: RoomView) => Element[]; clear?: () => void };
const PARTS: Part[] = [question, challenge];

const sections = PARTS.map(() => element("section"));
const panel = element("aside", { id: "class-panel", hidden: true });
const folder = element("button", { type: "button", className: "class-fold" });
let button: HTMLButtonElement;

// On a phone the panel can be folded to its title and the score, so that it does not cover plots and sliders.
const fold = (on: boolean) => {
  panel.classList.toggle("folded", on);
  folder.setAttribute("aria-expanded", String(!on));
  i18n.label(folder, on ? "class.unfold" : "class.fold");
};

const open = (on: boolean) => {
  if (panel.hidden === !on) return;
  panel.hidden = !on;
  button.setAttribute("aria-expanded", String(on));
  document.documentElement.classList.toggle("with-class-panel", on);
};

// The part with a new challenge, a new question or newly revealed answers, for which the panel opens, or null. A single
// answer or score does not open the panel.
const CHALLENGE = PARTS.indexOf(challenge);
const QUESTION = PARTS.indexOf(question);
const newPart = (room: RoomView, before: RoomView | null) => {
  if (room.challenge && room.challenge.id !== before?.challenge?.id) return CHALLENGE;
  const asked = (of: RoomView | null) => `${of?.question?.id} ${of?.question?.revealed}`;
  return room.question && asked(room) !== asked(before) ? QUESTION : null;
};

// Each part is replaced only when its key has changed, so that typed text is kept.
const keys: (string | null)[] = [];
const update = (room: RoomView | null, before: RoomView | null) => {
  PARTS.forEach((part, i) => {
    const key = room && JSON.stringify([part.key(room), i18n.language()]);
    if (key === keys[i]) return;
    keys[i] = key;
    sections[i].replaceChildren(...(room ? part.show(room) : []));
    if (!room) part.clear?.();
  });
  const hasTask = room !== null && (room.question ?? room.challenge) !== null;
  button.hidden = !hasTask;
  if (!hasTask) return open(false);
  const which = newPart(room, before);
  if (which === null) return;
  open(true);
  fold(which === CHALLENGE); // a challenge is done in Fit, so the panel must not cover it
  const part = sections[which];
  part.scrollIntoView({ block: "nearest" });
  i18n.announce(part.querySelector("h3")?.textContent ?? "");
};

export const close = () => open(false);

// Returns the button that opens and closes the panel.
export const start = () => {
  const toggle = () => open(Boolean(panel.hidden));
  button = i18n.button("class.panel", toggle, { id: "class-task", className: "switch", hidden: true });
  button.setAttribute("aria-expanded", "false");
  panel.append(folder, ...sections);
  folder.addEventListener("click", () => fold(!panel.classList.contains("folded")));
  panel.addEventListener("sent", () => fold(true));
  fold(false);
  i18n.label(panel, "class.panel");
  button.setAttribute("aria-controls", "class-panel");
  panel.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    open(false);
    button.focus();
  });
  document.body.append(panel);
  challenge.start();
  seat.onChange(update);
  i18n.onLanguage(() => update(seat.room, seat.room));
  return button;
};
