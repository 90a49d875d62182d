// The view "Class". Outside a class: forms to join one and to open a new room. In a class: its code, the nickname, and
// the button to leave.
import { byId, element, query } from "../core/dom";
import * as i18n from "../core/text/i18n";
import type { Message } from "../core/types";
import * as views from "../core/views";
import * as sharing from "../share/sharing";
import * as api from "./api";
import { formatCode } from "./room-status";
import * as seat from "./seat";
import type { RoomView } from "./types";

const LINK = "#room=";
const words = i18n.translated;

let linked = ""; // the class code from a link; "" after the student has joined

const complaint = element("p", { className: "complaint", id: "class-complaint", role: "alert" });
const complain = (error: Message | null) => {
  complaint.textContent = error ? i18n.sentence("error", error) : "";
};

const field = (key: string, id: string, more: Partial<HTMLInputElement>) => {
  const input = element("input", { type: "text", id, autocomplete: "off", spellcheck: false, ...more });
  return { input, label: element("label", { className: "field" }, words("span", key), input) };
};
const button = (key: string, id: string, kind: "primary" | "plain" = "plain") =>
  element("button", { id, className: `button ${kind}` }, words("span", key));

// A form whose button is disabled until the answer has come.
const form = (nodes: Node[], submit: HTMLButtonElement, action: () => Promise<Message | null>) => {
  const node = element("form", { className: "class-form" }, ...nodes, submit);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    complain(await action());
    submit.disabled = false;
  });
  return node;
};

const nickname = (value = "") => field("class.nickname", "class-nickname", { maxLength: 20, value });

// --- outside a class ---------------------------------------------------------------------------
const joinCard = (wanted: string) => {
  const code = field("class.code", "class-code", { maxLength: 20, autocapitalize: "characters", value: wanted });
  const name = nickname();
  const join = async () => {
    await sharing.ready();
    linked = "";
    const error = await seat.join(code.input.value, name.input.value);
    if (!error) views.go("fit");
    return error;
  };
  return element(
    "section",
    { className: "card" },
    words("h3", "class.join_title", { className: "card-title" }),
    words("p", "class.join_lead", { className: "hint" }),
    form([code.label, name.label], button("class.join", "class-join", "primary"), join),
    complaint,
    words("p", "class.kept", { className: "hint" }),
  );
};

const openRoom = async () => {
  const answer = await api.open();
  if (answer.error) return answer.error;
  api.keepToken("teacher", answer.teacher);
  byId("board-link").hidden = false;
  views.go("board");
  return null;
};
const teacherCard = () =>
  element(
    "section",
    { className: "card" },
    words("h3", "class.teacher_title", { className: "card-title" }),
    words("p", "class.teacher_lead", { className: "hint" }),
    form([], button("class.open", "class-open"), openRoom),
  );

// --- in a class --------------------------------------------------------------------------------
const seatCard = (room: RoomView) => {
  const name = nickname(room.nickname);
  const rename = async () => (await seat.send("rename", { nickname: name.input.value })).error ?? null;
  const leave = button("class.leave", "class-leave-here");
  leave.type = "button";
  leave.addEventListener("click", async () => complain(await seat.leave()));
  return element(
    "section",
    { className: "card" },
    words("h3", "class.seat_title", { className: "card-title" }, { code: formatCode(room.code) }),
    words("p", "class.seat_lead", {}, { seat: room.seat, seats: room.seats }),
    form([name.label], button("class.rename", "class-rename"), rename),
    complaint,
    words("p", "class.kept", { className: "hint" }),
    element("div", { className: "buttons" }, leave),
  );
};

// The forms are replaced only if this changes, so that typed text is kept.
let shownKey = "";
const show = (room: RoomView | null, wanted = "") => {
  const key = room ? JSON.stringify([room.code, room.seat, room.nickname]) : `outside ${wanted}`;
  if (key === shownKey) return;
  shownKey = key;
  complain(null);
  byId("class-body").replaceChildren(...(room ? [seatCard(room)] : [joinCard(wanted), teacherCard()]));
};

// A code without spaces and hyphens and in capitals, as the server reads it.
const normalized = (code: string) =>
  code
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "");

// A link to a class, such as #room=K7N4PX, opens the form, even if its code is damaged.
const openLink = () => {
  if (!location.hash.startsWith(LINK)) return;
  linked = location.hash.slice(LINK.length, LINK.length + 20);
  history.replaceState(history.state, "", "#class"); // so that a reload does not open the link again
  show(null, linked);
  views.go("class");
  query("#class-nickname").focus();
  update(seat.room);
};

// If the student already has a seat in the link's class, Fit is shown. The form stays if the seat is in another class.
const update = (room: RoomView | null) => {
  if (linked && room?.code === normalized(linked)) {
    linked = "";
    views.go("fit");
  }
  if (!linked) show(room);
};

export const start = () => {
  show(null);
  openLink();
  addEventListener("hashchange", openLink);
  seat.onChange(update);
};
