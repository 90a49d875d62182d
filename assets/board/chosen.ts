// The chosen student's net, beside the tiles. From there it can be opened in Fit, or shown on every student's page.
import { byId, element, labelOf, query, setText } from "../core/dom";
import * as weights from "../core/net/weights";
import * as painting from "../core/plots/painting";
import * as plotting from "../core/plots/plotting";
import * as i18n from "../core/text/i18n";
import { fixed, whole } from "../core/text/numbers";
import type { Snapshot } from "../core/types";
import * as views from "../core/views";
import * as fitFields from "../fit/fields";
import * as fitSection from "../fit/fit";
import * as netSteps from "../fit/undo/net-steps";
import * as hidpi from "./canvas/hidpi-canvas";
import * as netPlots from "./canvas/net-plots";
import * as themes from "./canvas/theme";
import { command, openAside } from "./controls";
import type { Row } from "./rows/types";
import * as state from "./state";

const { t } = i18n;
let theme: themes.Theme;
let yhatCanvas: hidpi.Canvas;
let logitCanvas: hidpi.Canvas;

const chosen = () => (state.chosen === null ? undefined : state.roster.get(state.chosen));

const words = (row: Row) =>
  t("board.chosen", {
    loss: fixed(row.loss),
    epoch: whole(row.epoch),
    seed: row.seed,
    left: fixed(row.slopes?.[0] ?? null, 2),
    right: fixed(row.slopes?.[1] ?? null, 2),
  });

// "W1₁ −1.46" and so on; the weights of a wide net are not sent
const weightItems = ({ net, numbers, plain }: Row) => {
  if (!plain) return [element("li", {}, t("summary.units", { units: whole(net.h) }))];
  return numbers.map((value, place) => {
    const weight = weights.at(net, place);
    const name = element("span", { className: `weight-name ${weight.role}` }, weights.nameOf(weight));
    return element("li", {}, name, ` ${fixed(value, 2)}`);
  });
};

const paint = () => {
  const row = chosen();
  const plotData = row && state.plotDataOf(row.data);
  for (const canvas of [yhatCanvas, logitCanvas]) {
    hidpi.fit(canvas);
    hidpi.begin(canvas);
  }
  const lines = row && plotData && netPlots.linesOf(row, plotData);
  if (!lines) return;
  netPlots.paintYhat(yhatCanvas, lines, plotData, theme);
  netPlots.paintLogit(logitCanvas, lines, plotData, row.net.loss === "mse", theme);
};

const show = () => {
  const row = chosen();
  byId("board-chosen").hidden = !row;
  byId("board-all-curves").hidden = Boolean(row);
  if (!row) return;
  const heading = `${state.nameOf(row)} · ${t(`board.outcome_${row.outcome}`)}`;
  setText(byId("board-chosen-name"), heading);
  byId("board-chosen-name").title = heading; // the text may be cut off
  setText(byId("board-chosen-words"), words(row));
  byId("board-chosen-weights").replaceChildren(...weightItems(row));
  query(".outcome-mark", byId("board-chosen")).className = `outcome-mark ${row.outcome}`;
  const isShown = state.room?.spotlight === row.n;
  byId("board-hide-name").hidden = !row.name || !state.hasNames();
  setText(labelOf("board-spotlight"), t(isShown ? "board.spotlight_end" : "board.spotlight"));
  byId("board-spotlight").setAttribute("aria-pressed", String(isShown));
  setText(labelOf("board-hide-name"), t(row.name_hidden ? "board.unhide_name" : "board.hide_name"));
  painting.request("board-chosen", paint);
};

// Open a copy of the net in the teacher's own Fit. Undo restores the teacher's net.
export const open = async () => {
  const row = chosen();
  if (!row) return;
  const { sid } = fitSection.now();
  await openAside(state.nameOf(row), async () => {
    const answer = await netSteps.asOneStep(async () => {
      const opened = await command<{ snapshot: Snapshot }>("open_net", { seat: row.n, sid });
      if (opened) fitSection.reply({ snapshot: opened.snapshot });
      return opened;
    });
    if (!answer) return null;
    fitFields.fill(answer.snapshot);
    views.go("fit");
    return answer.snapshot;
  });
};

export const start = () => {
  theme = themes.read();
  yhatCanvas = hidpi.create(byId("board-chosen-yhat", HTMLCanvasElement));
  logitCanvas = hidpi.create(byId("board-chosen-bent", HTMLCanvasElement));
  plotting.onTheme(() => {
    theme = themes.read();
    paint();
  });
  new ResizeObserver(paint).observe(byId("board-chosen-yhat"));
  byId("board-open-net").addEventListener("click", open);
  byId("board-chosen-close").addEventListener("click", () => {
    state.choose(null);
    byId("board-list").focus({ preventScroll: true });
    byId("board-tiles").scrollIntoView({ block: "nearest" });
  });
  byId("board-chosen").addEventListener("keydown", ({ key }) => key === "Escape" && byId("board-chosen-close").click());
  byId("board-spotlight").addEventListener("click", () => {
    const row = chosen();
    if (row) command("spotlight", { seat: state.room?.spotlight === row.n ? null : row.n });
  });
  byId("board-hide-name").addEventListener("click", () => {
    const row = chosen();
    if (row) command("hide_name", { seat: row.n, on: !row.name_hidden });
  });
  state.onChange((what) => {
    show();
    // On a narrow screen it is below the tiles.
    if (what === "chosen" && state.chosen !== null) byId("board-chosen").scrollIntoView({ block: "nearest" });
  });
  i18n.onLanguage(show);
  show();
};
