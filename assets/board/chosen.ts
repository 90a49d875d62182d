// The student who was chosen: in words, opened in Fit, shown on every screen.
import { byId, query, wordsOf, write } from "../core/dom";
import * as i18n from "../core/text/i18n";
import { fixed, whole } from "../core/text/numbers";
import type { Snapshot } from "../core/types";
import * as views from "../core/views";
import * as fitFields from "../fit/fields";
import * as fitSection from "../fit/fit";
import * as fitSteps from "../fit/steps";
import { command } from "./controls";
import type { Row } from "./rows/types";
import * as state from "./state";

const { t } = i18n;

const chosen = () => (state.chosen === null ? undefined : state.roster.get(state.chosen));

const words = (row: Row) =>
  t("board.chosen", {
    name: state.nameOf(row),
    why: t(`board.why_${row.why}`),
    loss: fixed(row.loss),
    epoch: whole(row.epoch),
    seed: row.seed,
    left: fixed(row.slopes?.[0] ?? null, 2),
    right: fixed(row.slopes?.[1] ?? null, 2),
  });

const show = () => {
  const row = chosen();
  write(byId("board-chosen-words"), row ? words(row) : t("board.chosen_none"));
  const isShown = row !== undefined && state.room?.spotlight === row.n;
  query(".buttons", byId("board-chosen")).hidden = !row;
  byId("board-hide-name").hidden = !row?.name || !state.hasNames();
  write(wordsOf("board-spotlight"), t(isShown ? "board.spotlight_end" : "board.spotlight"));
  byId("board-spotlight").setAttribute("aria-pressed", String(isShown));
  write(wordsOf("board-hide-name"), t(row?.name_hidden ? "board.unhide_name" : "board.hide_name"));
};

// A copy of the net, in the teacher's own Fit; undo brings back what was there.
export const open = async () => {
  const row = chosen();
  if (!row) return;
  const { sid } = fitSection.now();
  const answer = await fitSteps.whole(async () => {
    const opened = await command<{ snapshot: Snapshot }>("open_net", { seat: row.n, sid });
    if (opened) fitSection.reply({ snapshot: opened.snapshot });
    return opened;
  });
  if (!answer) return;
  fitFields.fill(answer.snapshot);
  views.go("fit");
};

export const start = () => {
  byId("board-open-net").addEventListener("click", open);
  byId("board-spotlight").addEventListener("click", () => {
    const row = chosen();
    if (row) command("spotlight", { seat: state.room?.spotlight === row.n ? null : row.n });
  });
  byId("board-hide-name").addEventListener("click", () => {
    const row = chosen();
    if (row) command("hide_name", { seat: row.n, on: !row.name_hidden });
  });
  state.onChange(show);
  i18n.onLanguage(show);
  show();
};
