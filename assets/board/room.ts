// Opens the room, follows it while it exists, and ends it.
import * as classApi from "../class/api";
import { byId, labelOf, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import type { Message } from "../core/types";
import * as views from "../core/views";
import * as canvases from "./canvases";
import { command } from "./controls";
import * as feed from "./rows/feed";
import * as state from "./state";

const { t } = i18n;
const CONFIRM_MS = 4000;

let stop: (() => void) | null = null; // stops following the room
let message: string | null = null; // key of the message on the closed board

const show = () => {
  const isOpen = state.room !== null;
  byId("board-closed").hidden = isOpen;
  byId("board-stage").hidden = !isOpen;
  byId("board-open").hidden = stop !== null;
  setText(byId("board-ended"), message ? t(message) : "");
  const { room } = state;
  if (room) {
    const time = new Date(1000 * room.ends).toLocaleString(i18n.language(), {
      weekday: "short",
      hour: "numeric",
      minute: "2-digit",
    });
    setText(byId("board-ends"), t("board.ends", { time }));
  }
};

const leave = (reason: string | null) => {
  stop?.();
  stop = null;
  message = reason;
  classApi.keepToken("teacher", null);
  byId("board-link").hidden = true;
  state.leave();
};

const follow = () => {
  if (stop || !classApi.token("teacher")) return;
  message = "board.waiting";
  byId("board-link").hidden = false;
  stop = feed.follow({
    onLine: state.receive,
    onConnection: (isConnected, reason) => {
      message = isConnected ? null : reason?.code === "foreign" ? "error.foreign" : "board.lost";
      state.setLost(message);
      show();
    },
    onEnd: ({ code }: Message) => leave(code === "room_forbidden" ? "board.not_teacher" : "board.ended"),
  });
  show();
};

const open = async () => {
  const answer = await classApi.open();
  if (answer.error) {
    message = i18n.firstKey(`error.${answer.error.code}`);
    return show();
  }
  classApi.keepToken("teacher", answer.teacher);
  follow();
};

// The button has to be pressed twice, because a room that has ended cannot be restored.
let confirming: number | undefined; // timer, between the two presses
const end = async () => {
  if (confirming === undefined) {
    setText(labelOf("board-end"), t("board.end_sure"));
    confirming = setTimeout(stopConfirming, CONFIRM_MS);
    return;
  }
  stopConfirming();
  if (await command("end", {})) leave("board.ended");
};
const stopConfirming = () => {
  clearTimeout(confirming);
  confirming = undefined;
  setText(labelOf("board-end"), t("board.end"));
};

export const start = () => {
  byId("board-open").addEventListener("click", open);
  byId("board-end").addEventListener("click", end);
  state.onChange((what) => {
    if (what !== "room") return;
    const wasHidden = byId("board-stage").hidden;
    show();
    if (wasHidden && state.room) canvases.resize();
  });
  i18n.onLanguage(show);
  views.onShow("board", follow); // the room may have been opened in the view "Class"
  follow();
  show();
};
