// The bar under the header: which class this is, who is in control, and the way out.
import { byId, element, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { isMessage } from "../core/types";
import * as views from "../core/views";
import * as fitControls from "../fit/controls";
import * as classNet from "./class-net";
import { says, written } from "./says";
import * as seat from "./seat";
import type { RoomView } from "./types";

const push = (id: string, key: string, action: () => void) => {
  const node = i18n.translated("button", key, { type: "button", id, className: "switch" });
  node.addEventListener("click", action);
  return node;
};

const code = element("a", { href: "#class", className: "class-code" });
const sentence = element("p", { id: "class-says", role: "status" });
let isClosed = false; // the last word on a class that is over was read
let isBack = false; // the own net, after one of the class

const say = (key: string, args = {}) => {
  Object.assign(sentence.dataset, { t: key, tArgs: JSON.stringify(args) });
  setText(sentence, i18n.t(key, args));
};

const show = (on: boolean) => {
  const bar = byId("class-bar");
  if (bar.hidden === !on) return;
  bar.hidden = !on;
  document.documentElement.classList.toggle("with-class", on);
  window.dispatchEvent(new Event("resize")); // the plots get lower
};

const close = () => {
  isClosed = true;
  classNet.forget();
  update(seat.room, null);
};
const leave = async () => {
  const error = await seat.leave();
  if (error) fitControls.showMessage("fit-notice", "error", error);
};
const keep = async () => {
  try {
    await classNet.use();
  } catch (error) {
    if (!isMessage(error)) throw error; // Fit has told it
    return;
  }
  views.go("fit");
  update(seat.room, seat.room);
  say("class.says_kept");
};

const update = (room: RoomView | null, before: RoomView | null) => {
  if (room || before) isClosed = false;
  show(room !== null || (seat.why !== null && !isClosed));
  setText(code, room ? written(room.code) : "");
  i18n.label(code, "class.about", { code: code.textContent });
  code.hidden = !room;
  byId("class-leave").hidden = !room;
  byId("class-close").hidden = room !== null;
  byId("class-keep").hidden = !classNet.isThere() || Boolean(room?.sid);
  isBack = room !== null && !room.sid && (isBack || Boolean(before?.sid));
  if (room) say(...says(room, isBack));
  else if (seat.why) say(`class.says_${seat.why}`);
};

export const start = (panelButton: HTMLElement) => {
  byId("class-bar").append(
    code,
    sentence,
    panelButton,
    push("class-keep", "class.keep", keep),
    push("class-leave", "class.leave_short", leave),
    push("class-close", "class.close", close),
  );
  seat.onChange(update);
};
