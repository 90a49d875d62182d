// The bar below the header: the room's code, who controls the page, and the button to leave the class.
import { byId, element, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { isMessage } from "../core/types";
import * as views from "../core/views";
import * as fitControls from "../fit/controls";
import * as classNet from "./class-net";
import { formatCode, statusOf } from "./room-status";
import * as seat from "./seat";
import type { RoomView } from "./types";

const button = (id: string, key: string, action: () => void) => i18n.button(key, action, { id, className: "switch" });

const code = element("a", { href: "#class", className: "class-code" });
const sentence = element("p", { id: "class-says", role: "status" });
let isClosed = false; // whether the user has closed the bar after the class has ended
let isBack = false; // whether the page shows the student's own net again, after a net of the class

const showStatus = (key: string, args = {}) => {
  Object.assign(sentence.dataset, { t: key, tArgs: JSON.stringify(args) });
  setText(sentence, i18n.t(key, args));
};

const show = (on: boolean) => {
  const bar = byId("class-bar");
  if (bar.hidden === !on) return;
  bar.hidden = !on;
  document.documentElement.classList.toggle("with-class", on);
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
    await classNet.replaceOwnNet();
  } catch (error) {
    if (!isMessage(error)) throw error;
    return; // Fit shows the message
  }
  views.go("fit");
  update(seat.room, seat.room);
  showStatus("class.says_kept");
};

const update = (room: RoomView | null, before: RoomView | null) => {
  if (room || before) isClosed = false;
  show(room !== null || (seat.leaveReason !== null && !isClosed));
  setText(code, room ? formatCode(room.code) : "");
  i18n.label(code, "class.about", { code: code.textContent });
  code.hidden = !room;
  byId("class-leave").hidden = !room;
  byId("class-close").hidden = room !== null;
  byId("class-keep").hidden = !classNet.exists() || Boolean(room?.sid);
  isBack = room !== null && !room.sid && (isBack || Boolean(before?.sid));
  if (room) showStatus(...statusOf(room, isBack));
  else if (seat.leaveReason) showStatus(`class.says_${seat.leaveReason}`);
};

export const start = (panelButton: HTMLElement) => {
  byId("class-bar").append(
    code,
    sentence,
    panelButton,
    button("class-keep", "class.keep", keep),
    button("class-leave", "class.leave_short", leave),
    button("class-close", "class.close", close),
  );
  seat.onChange(update);
};
