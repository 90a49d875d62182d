// The tiles as a listbox, for the keyboard and for screen readers: arrow keys choose a neighbouring tile. Also the
// controls that search, sort and filter the tiles.
import { byId, element, setText } from "../core/dom";
import * as painting from "../core/plots/painting";
import * as i18n from "../core/text/i18n";
import { fixed, whole } from "../core/text/numbers";
import { neighbour } from "./canvas/layout";
import * as canvases from "./canvases";
import * as chosen from "./chosen";
import { input, isChecked } from "./inputs";
import type { Order } from "./rows/arrange";
import type { Row } from "./rows/types";
import * as state from "./state";

const { t } = i18n;
const UPDATE_MS = 1000; // more frequent updates would interrupt a screen reader

const optionText = (row: Row) =>
  t("board.in_list", {
    name: state.nameOf(row),
    outcome: t(`board.outcome_${row.outcome}`),
    loss: fixed(row.loss),
    epoch: whole(row.epoch),
  });

const show = () => {
  const list = byId("board-list");
  const rows = state.groups.flatMap((group) => group.rows.map((row) => state.roster.get(row.n) ?? row));
  while (list.children.length > rows.length) list.lastChild?.remove();
  while (list.children.length < rows.length) list.append(element("div", { role: "option" }));
  rows.forEach((row, i) => {
    const node = list.children[i];
    node.id = `board-option-${row.n}`;
    node.setAttribute("aria-selected", String(row.n === state.chosen));
    setText(node, optionText(row));
  });
  const isChosen = rows.some((row) => row.n === state.chosen);
  if (isChosen) list.setAttribute("aria-activedescendant", `board-option-${state.chosen}`);
  else list.removeAttribute("aria-activedescendant");
  const nobody = byId("board-nobody");
  nobody.hidden = rows.length > 0;
  setText(nobody, t(state.roster.size ? "board.nobody_found" : "board.nobody"));
};
const showSoon = painting.throttle(UPDATE_MS, show);

const onKey = (event: KeyboardEvent) => {
  const tiles = canvases.shown();
  const at = tiles.findIndex(({ row }) => row.n === state.chosen);
  const last = tiles.length - 1;
  if (event.key === "Enter" && at >= 0) chosen.open();
  else if (event.key === "Escape") state.choose(null);
  else if (last < 0) return;
  else {
    const boxes = tiles.map(({ box }) => box);
    const ends: Record<string, number> = { Home: 0, End: last };
    const isArrow = event.key.startsWith("Arrow");
    if (!isArrow && !(event.key in ends)) return;
    const next = isArrow ? (at < 0 ? 0 : neighbour(boxes, at, event.key)) : ends[event.key];
    state.choose(tiles[next].row.n);
    canvases.reveal(tiles[next].row.n);
  }
  event.preventDefault();
};

export const start = () => {
  const list = byId("board-list");
  list.tabIndex = 0;
  list.addEventListener("keydown", onKey);
  const search = input("board-search");
  const placeholder = () => {
    search.placeholder = t("board.search_short");
  };
  placeholder();
  search.addEventListener("input", () => state.setView({ search: search.value }));
  const order = byId("board-order", HTMLSelectElement);
  order.addEventListener("change", () => state.setView({ order: order.value as Order }));
  input("board-here").addEventListener("change", () => state.setView({ here: isChecked("board-here") }));
  input("board-large").addEventListener("change", () => canvases.setZoom(isChecked("board-large") ? "large" : "fit"));
  input("board-names").checked = state.names;
  input("board-names").addEventListener("change", () => state.showNames(isChecked("board-names")));
  state.onChange((what) => (what === "rows" ? showSoon() : show()));
  i18n.onLanguage(() => {
    placeholder();
    show();
  });
  show();
};
