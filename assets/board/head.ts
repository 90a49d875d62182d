// The top of the board: the room's code, the headline, and a button for each group with its count and percentage.
import { formatCode } from "../class/room-status";
import { byId, element, query, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { whole } from "../core/text/numbers";
import { count, percent } from "./rows/roster";
import { WHYS, type Why } from "./rows/types";
import * as state from "./state";

const { t } = i18n;

const headline = (both: number, waiting: number, all: number) => {
  if (!all) return t("board.headline_none");
  if (waiting === all) return t("board.headline_waiting", { n: whole(all) });
  return t("board.headline", { both: whole(both), n: whole(all) });
};

const isExplained = (why: Why) => why === "both" || why === "not_yet";

const chip = (why: Why) => {
  const contents = [
    element("i", { className: `why-mark ${why}` }),
    i18n.translated("span", `board.why_${why}`),
    element("strong", { textContent: "0" }),
    element("small"),
  ];
  const button = element("button", { type: "button", className: "board-chip", id: `board-chip-${why}` }, ...contents);
  button.addEventListener("click", () => state.setView({ only: state.view.only === why ? null : why }));
  return button;
};

const leadingText = () => {
  const { room, roster } = state;
  if (!room) return "";
  if (state.lost) return t(state.lost);
  const shown = room.spotlight === null ? undefined : roster.get(room.spotlight);
  if (room.spotlight !== null) {
    const name = state.nameOf(shown ?? { n: room.spotlight, name: "" });
    return t(room.frozen ? "board.leads_frozen_spotlight" : "board.leads_spotlight", { name });
  }
  if (room.frozen) return t("board.leads_frozen");
  return t(room.leading ? "board.leads_class" : "board.leads_own");
};

const show = () => {
  const { room, roster, view } = state;
  const all = roster.size;
  const counts = count(roster.values());
  setText(byId("board-headline"), headline(counts.both, counts.not_started, all));
  for (const why of WHYS) {
    const button = byId(`board-chip-${why}`);
    setText(query("strong", button), whole(counts[why]));
    setText(query("small", button), `${percent(counts[why], all)}%`);
    if (isExplained(why)) button.title = t(`board.about_${why}`);
    button.setAttribute("aria-pressed", String(view.only === why));
    button.classList.toggle("empty", !counts[why]);
    const share = query(`.${why}`, byId("board-bar"));
    share.hidden = !counts[why];
    share.style.flexGrow = String(counts[why]);
  }
  const here = [...roster.values()].filter((row) => row.here).length;
  setText(byId("board-seats"), t("board.seats", { here: whole(here), n: whole(all) }));
  setText(byId("board-leads"), leadingText());
  byId("board-leads").classList.toggle("lost", state.lost !== null);
  byId("board-leads").classList.toggle("on", Boolean(room?.leading || room?.frozen || room?.spotlight));
  if (!room) return;
  setText(byId("board-code"), formatCode(room.code));
  i18n.label(byId("board-code"), "board.invite", { code: formatCode(room.code) });
};

let announced = "";
const announce = () => {
  const headline = byId("board-headline").textContent;
  if (headline !== announced) i18n.announce(headline);
  announced = headline;
};

export const start = () => {
  byId("board-chips").append(...WHYS.map(chip));
  byId("board-bar").append(...WHYS.map((why) => element("i", { className: `why-mark ${why}` })));
  state.onChange((what) => {
    if (what === "room" || what === "rows" || what === "groups") show();
    if (what === "groups") announce();
  });
  i18n.onLanguage(show);
  show();
};
