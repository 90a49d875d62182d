// A question of the teacher. The answer is a number, a choice or a sketched curve. Only the teacher sees the answers
// until they are revealed.
import { element } from "../../core/dom";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Message } from "../../core/types";
import * as seat from "../seat";
import type { Question, RoomView, Value } from "../types";
import * as answers from "./answers";
import { optionsOf, textOf } from "./presets";
import * as sketch from "./sketch";

const words = i18n.translated;

type Field = { node: Element; read: () => Value | null }; // null, which the server refuses: no answer

const numberField = (own: Value | null): Field => {
  const input = element("input", {
    type: "text",
    inputMode: "decimal",
    autocomplete: "off",
    maxLength: 20,
    value: typeof own === "number" ? own : "",
  });
  i18n.label(input, "class.answer");
  const read = () => {
    const value = numbers.parse(input.value);
    return Number.isFinite(value) ? value : null;
  };
  return { node: input, read };
};

const choiceField = (question: Question, own: Value | null): Field => {
  const { id } = question;
  const options = optionsOf(question);
  const boxes = options.map((_, i) => element("input", { type: "radio", name: `class-${id}`, checked: own === i }));
  const rows = boxes.map((box, i) => element("label", {}, box, element("span", {}, options[i])));
  const node = i18n.label(element("div", { className: "class-options", role: "radiogroup" }, ...rows), "class.answer");
  const read = () => {
    const chosen = boxes.findIndex((box) => box.checked);
    return chosen < 0 ? null : chosen;
  };
  return { node, read };
};

const curveField = (own: Value | null): Field => {
  let drawn = Array.isArray(own) ? own : null;
  const node = sketch.pad(drawn, (values) => {
    drawn = values;
  });
  return { node, read: () => drawn };
};

const fieldOf = (question: Question, own: Value | null) => {
  if (question.kind === "choice") return choiceField(question, own);
  return question.kind === "curve" ? curveField(own) : numberField(own);
};

const form = (question: Question, own: Value | null) => {
  const { node, read } = fieldOf(question, own);
  const send = element("button", { className: "button primary" }, words("span", "class.send"));
  const status = element("p", { className: "class-said", role: "status" });
  const showStatus = (key: string, error?: Message) => {
    status.textContent = error ? i18n.sentence("error", error) : i18n.t(key);
    status.classList.toggle("error", Boolean(error));
  };
  const lead = question.kind === "curve" ? [words("p", "class.sketch_lead", { className: "hint" })] : [];
  const made = element("form", { className: "class-answer" }, ...lead, node, send, status);
  if (own !== null) showStatus("class.sent");
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { error } = await seat.send("answer", { question: question.id, value: read() });
    showStatus("class.sent", error ?? undefined);
    if (!error) made.dispatchEvent(new Event("sent", { bubbles: true }));
  });
  return made;
};

// Identifies what this part of the panel shows. The student's own answer may have been sent from another tab.
export const key = ({ question, answer }: RoomView) =>
  question && [question.id, question.revealed, question.answers, question.revealed && answer];

export const show = ({ question, answer }: RoomView): Element[] => {
  if (!question) return [];
  const title = element("h3", {}, textOf(question));
  if (!question.revealed) return [title, form(question, answer)];
  return [title, words("p", "class.revealed", { className: "hint" }), ...answers.show(question, answer)];
};
