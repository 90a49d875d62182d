// What the teacher asks of the class, a question and a challenge: beside the page as the lessons are, or a
// sheet at the bottom of a small screen. A button in the bar closes and opens it.
import { element } from "../core/dom";
import * as i18n from "../core/text/i18n";
import * as challenge from "./challenge";
import * as question from "./question";
import * as seat from "./seat";
import type { RoomView } from "./types";

const PARTS = [question, challenge];

const panel = element("aside", { id: "class-panel", hidden: true });
let button: HTMLButtonElement;

const open = (on: boolean) => {
  if (panel.hidden === !on) return;
  panel.hidden = !on;
  button.setAttribute("aria-expanded", String(on));
  document.documentElement.classList.toggle("with-class-panel", on);
  window.dispatchEvent(new Event("resize")); // the plots get narrower
};

// A new question or challenge opens the panel; another answer or score does not.
const task = (room: RoomView | null) => [room?.question?.id, room?.question?.revealed, room?.challenge?.id];
const isNew = (room: RoomView, before: RoomView | null) => String(task(room)) !== String(task(before));

// Each part is made anew when what it shows has changed, and not while somebody types in it.
const keys: (string | null)[] = [];
const update = (room: RoomView | null, before: RoomView | null) => {
  PARTS.forEach((part, i) => {
    const key = room && JSON.stringify([part.key(room), i18n.language()]);
    if (key === keys[i]) return;
    keys[i] = key;
    panel.children[i].replaceChildren(...(room ? part.show(room) : []));
  });
  const isThere = room !== null && (room.question ?? room.challenge) !== null;
  button.hidden = !isThere;
  if (!isThere) open(false);
  else if (isNew(room, before)) {
    open(true);
    const part = panel.children[room.challenge?.id === before?.challenge?.id ? 0 : 1];
    part.scrollIntoView({ block: "nearest" });
    i18n.announce(part.querySelector("h3")?.textContent ?? "");
  }
};

// Gives the button.
export const start = () => {
  button = i18n.spoken("button", "class.panel", {
    type: "button",
    id: "class-task",
    className: "switch",
    hidden: true,
  });
  button.setAttribute("aria-expanded", "false");
  panel.append(...PARTS.map(() => element("section")));
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
