// The view "Class": a code and a nickname to join with, or a new room for a teacher; inside of a class,
// which one it is, and the nickname.
import { byId, element, query } from "../core/dom";
import * as i18n from "../core/text/i18n";
import type { Message } from "../core/types";
import * as views from "../core/views";
import * as fitControls from "../fit/controls";
import * as sharing from "../share/sharing";
import * as api from "./api";
import { written } from "./says";
import * as seat from "./seat";
import type { RoomView } from "./types";

const LINK = "#room=";
const words = i18n.translated;

let linked = ""; // the code in a link that was followed, until somebody joins

const complaint = element("p", { className: "complaint", id: "class-complaint", role: "alert" });
const complain = (error: Message | null) => {
  complaint.textContent = error ? fitControls.sentence("error", error) : "";
};

const field = (key: string, id: string, more: Partial<HTMLInputElement>) => {
  const input = element("input", { type: "text", id, autocomplete: "off", spellcheck: false, ...more });
  return { input, label: element("label", { className: "field" }, words("span", key), input) };
};
const button = (key: string, id: string, kind: "primary" | "plain" = "plain") =>
  element("button", { id, className: `button ${kind}` }, words("span", key));

// A form whose button waits for the answer.
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

// --- outside -----------------------------------------------------------------------------------
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
  byId("board-link").hidden = false; // which leads to it
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

// --- inside ------------------------------------------------------------------------------------
const seatCard = (room: RoomView) => {
  const name = nickname(room.nickname);
  const rename = async () => (await seat.send("rename", { nickname: name.input.value })).error ?? null;
  const leave = button("class.leave", "class-leave-here");
  leave.type = "button";
  leave.addEventListener("click", async () => complain(await seat.leave()));
  return element(
    "section",
    { className: "card" },
    words("h3", "class.seat_title", { className: "card-title" }, { code: written(room.code) }),
    words("p", "class.seat_lead", {}, { seat: room.seat, seats: room.seats }),
    form([name.label], button("class.rename", "class-rename"), rename),
    complaint,
    words("p", "class.kept", { className: "hint" }),
    element("div", { className: "buttons" }, leave),
  );
};

// What is typed stays while nothing of this changes.
let shown = "";
const show = (room: RoomView | null, wanted = "") => {
  const what = room ? JSON.stringify([room.code, room.seat, room.nickname]) : `outside ${wanted}`;
  if (what === shown) return;
  shown = what;
  complain(null);
  byId("class-body").replaceChildren(...(room ? [seatCard(room)] : [joinCard(wanted), teacherCard()]));
};

// As the server reads a code: in any case, with spaces and hyphens.
const plain = (code: string) =>
  code
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "");

// A link into a class: #room=K7N4PX. One that was damaged on its way opens the form.
const follow = () => {
  if (!location.hash.startsWith(LINK)) return;
  linked = location.hash.slice(LINK.length, LINK.length + 20);
  history.replaceState(history.state, "", "#class"); // no second time
  show(null, linked);
  views.go("class");
  query("#class-nickname").focus();
  update(seat.room);
};

// Who has a seat in the class of the link is there already; in another class, the link's form stays.
const update = (room: RoomView | null) => {
  if (linked && room?.code === plain(linked)) {
    linked = "";
    views.go("fit");
  }
  if (!linked) show(room);
};

export const start = () => {
  show(null);
  follow();
  addEventListener("hashchange", follow);
  seat.onChange(update);
};
