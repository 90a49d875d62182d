// The top of the board: the room's code, the headline, and a button for each group with its count and percentage.
import { formatCode } from "../class/room-status";
import { byId, element, query, setText } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { whole } from "../core/text/numbers";
import { count, percent } from "./rows/roster";
import { OUTCOMES, type Outcome } from "./rows/types";
import * as state from "./state";

const { t } = i18n;

const headline = (both: number, waiting: number, all: number) => {
  if (!all) return t("board.headline_none");
  if (waiting === all) return t("board.headline_waiting", { n: whole(all) });
  return t("board.headline", { both: whole(both), n: whole(all) });
};

const isExplained = (outcome: Outcome) => outcome === "both" || outcome === "not_yet";

const chip = (outcome: Outcome) => {
  const contents = [
    element("i", { className: `outcome-mark ${outcome}` }),
    i18n.translated("span", `board.outcome_${outcome}`),
    element("strong", { textContent: "0" }),
    element("small"),
  ];
  const button = element(
    "button",
    { type: "button", className: "board-chip", id: `board-chip-${outcome}` },
    ...contents,
  );
  button.addEventListener("click", () => state.setView({ only: state.view.only === outcome ? null : outcome }));
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
  for (const outcome of OUTCOMES) {
    const button = byId(`board-chip-${outcome}`);
    setText(query("strong", button), whole(counts[outcome]));
    setText(query("small", button), `${percent(counts[outcome], all)}%`);
    if (isExplained(outcome)) button.title = t(`board.about_${outcome}`);
    button.setAttribute("aria-pressed", String(view.only === outcome));
    button.classList.toggle("empty", !counts[outcome]);
    const share = query(`.${outcome}`, byId("board-bar"));
    share.hidden = !counts[outcome];
    share.style.flexGrow = String(counts[outcome]);
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
  byId("board-chips").append(...OUTCOMES.map(chip));
  byId("board-bar").append(...OUTCOMES.map((outcome) => element("i", { className: `outcome-mark ${outcome}` })));
  state.onChange((what) => {
    if (what === "room" || what === "rows" || what === "groups") show();
    if (what === "groups") announce();
  });
  i18n.onLanguage(show);
  show();
};
