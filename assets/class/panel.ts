// What the teacher asks of the class, a question and a challenge: beside the page as the lessons are, or a
// sheet at the bottom of a small screen. A button in the bar closes and opens it.
import { element } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as challenge from "./challenge";
import * as question from "./question";
import * as seat from "./seat";
import type { RoomView } from "./types";

type Part = { key: (room: RoomView) => unknown; show: (room: RoomView) => Element[]; clear?: () => void };
const PARTS: Part[] = [question, challenge];

const sections = PARTS.map(() => element("section"));
const panel = element("aside", { id: "class-panel", hidden: true });
const folder = element("button", { type: "button", className: "class-fold" });
let button: HTMLButtonElement;

// On a phone the sheet folds to its headline and the score, so that plot and sliders are in reach.
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
  window.dispatchEvent(new Event("resize")); // the plots get narrower
};

// The part that is new; a new question or challenge opens the panel, another answer or score does not.
const CHALLENGE = PARTS.indexOf(challenge);
const QUESTION = PARTS.indexOf(question);
const newPart = (room: RoomView, before: RoomView | null) => {
  if (room.challenge && room.challenge.id !== before?.challenge?.id) return CHALLENGE;
  const asked = (of: RoomView | null) => `${of?.question?.id} ${of?.question?.revealed}`;
  return room.question && asked(room) !== asked(before) ? QUESTION : null;
};

// Each part is made anew when what it shows has changed, and not while somebody types in it.
const keys: (string | null)[] = [];
const update = (room: RoomView | null, before: RoomView | null) => {
  PARTS.forEach((part, i) => {
    const key = room && JSON.stringify([part.key(room), i18n.language()]);
    if (key === keys[i]) return;
    keys[i] = key;
    sections[i].replaceChildren(...(room ? part.show(room) : []));
    if (!room) part.clear?.();
  });
  const isThere = room !== null && (room.question ?? room.challenge) !== null;
  button.hidden = !isThere;
  if (!isThere) return open(false);
  const which = newPart(room, before);
  if (which === null) return;
  open(true);
  fold(which === CHALLENGE); // which is met on the stage
  const part = sections[which];
  part.scrollIntoView({ block: "nearest" });
  i18n.announce(part.querySelector("h3")?.textContent ?? "");
};

// Gives the button.
export const start = () => {
  button = i18n.translated("button", "class.panel", {
    type: "button",
    id: "class-task",
    className: "switch",
    hidden: true,
  });
  button.setAttribute("aria-expanded", "false");
  panel.append(folder, ...sections);
  folder.addEventListener("click", () => fold(!panel.classList.contains("folded")));
  panel.addEventListener("sent", () => fold(true));
  fold(false);
  i18n.label(panel, "class.panel");
  button.setAttribute("aria-controls", "class-panel");
  button.addEventListener("click", () => open(Boolean(panel.hidden)));
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
