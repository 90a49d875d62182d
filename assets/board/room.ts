// The room itself: opened, followed while it is there, ended.
import * as classApi from "../class/api";
import { byId, labelOf, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import type { Message } from "../core/types";
import * as views from "../core/views";
import { command } from "./controls";
import * as feed from "./rows/feed";
import * as stage from "./stage";
import * as state from "./state";

const { t } = i18n;
const SURE_MS = 4000;

let stop: (() => void) | null = null;
let said: string | null = null; // on the closed board

const show = () => {
  const isOpen = state.room !== null;
  byId("board-closed").hidden = isOpen;
  byId("board-stage").hidden = !isOpen;
  byId("board-open").hidden = stop !== null;
  setText(byId("board-ended"), said ? t(said) : "");
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

const leave = (why: string | null) => {
  stop?.();
  stop = null;
  said = why;
  classApi.keepToken("teacher", null);
  byId("board-link").hidden = true;
  state.leave();
};

const follow = () => {
  if (stop || !classApi.token("teacher")) return;
  said = "board.waiting";
  byId("board-link").hidden = false;
  stop = feed.follow({
    onLine: state.receive,
    onConnection: (isThere, why) => {
      said = isThere ? null : why?.code === "foreign" ? "error.foreign" : "board.lost";
      state.setLost(said);
      show();
    },
    onEnd: ({ code }: Message) => leave(code === "room_forbidden" ? "board.not_teacher" : "board.ended"),
  });
  show();
};

const open = async () => {
  const answer = await classApi.open();
  if (answer.error) {
    said = i18n.firstKey(`error.${answer.error.code}`);
    return show();
  }
  classApi.keepToken("teacher", answer.teacher);
  follow();
};

// Twice, as nothing brings a room back.
let sure: number | undefined;
const end = async () => {
  if (sure === undefined) {
    setText(labelOf("board-end"), t("board.end_sure"));
    sure = setTimeout(unsure, SURE_MS);
    return;
  }
  unsure();
  if (await command("end", {})) leave("board.ended");
};
const unsure = () => {
  clearTimeout(sure);
  sure = undefined;
  setText(labelOf("board-end"), t("board.end"));
};

export const start = () => {
  byId("board-open").addEventListener("click", open);
  byId("board-end").addEventListener("click", end);
  state.onChange((what) => {
    if (what !== "room") return;
    const wasHidden = byId("board-stage").hidden;
    show();
    if (wasHidden && state.room) stage.resize();
  });
  i18n.onLanguage(show);
  views.onShow("board", follow); // a room may have been opened elsewhere on the page
  follow();
  show();
};
