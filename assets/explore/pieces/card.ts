// The line in pieces: follows the net in Fit. A wide net's numbers do not come with its frames; they
// are asked for when its run rests and the card is near.

import { ancestor, byId, element, query, targetWithin, write } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as core from "../../core/net/pieces";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Args, Column, FitNet, Range, Weights } from "../../core/types";
import { changeOf } from "../../fit/changes";
import type { FitData, Shown } from "../../fit/data";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import * as near from "../near";
import type { Line } from "./plot";
import * as piecesPlot from "./plot";
import * as piecesTable from "./table";

type Params = { epoch: number; params: Column };
type When = { key: string; args?: Args }; // the message that says which net is shown
const { t } = i18n;
const SLOW_MS = 200; // axes follow at 5 Hz

let isNear = () => false;
let isDrawn = false;
let line: Line | null = null; // what is shown
let chosen: number | null = null; // number of a unit, from 0
let zoomed = false;
let chooser: { slider: HTMLInputElement; words: HTMLOutputElement };
let asked = ""; // which wide net's numbers are here or on their way: see `keyOf`
let wide: { key: string; p: Weights; epoch: number } | null = null; // a wide net's numbers
let when: When | null = null;

// --- which net ------------------------------------------------------------------------------------
const describe = (p: Weights, net: FitNet, data: FitData): Line => {
  const ends: Range = [data.x[0], data.x[data.x.length - 1]];
  const units = piecesPlot.unitsOf(p, net, ends);
  const pieces = piecesTable.isSmooth(net) ? { knots: [], slopes: [], intercepts: [] } : core.pieces(p, net, ...ends);
  const curve = piecesPlot.netCurve({ p, net, data, ends, pieces });
  return { p, net, data, ends, units, pieces, curve, drawn: piecesPlot.drawnOf(units), hasColours: net.plain };
};

const narrow = ({ playback, net, data, frame, state }: Ready) => {
  if (playback.frame?.net !== net || !frame?.p) return;
  show(frame.p, net, data, whenOf(frame, changeOf({ state, frame, frames: playback.frames })));
};
const whenOf = ({ epoch }: Shown, change: string | null): When => {
  if (epoch === undefined) return { key: "pieces.by_hand" };
  return { key: change === "by_hand" ? "pieces.at_by_hand" : "pieces.at", args: { epoch: numbers.whole(epoch) } };
};

const keyOf = ({ sid, state }: Ready) => `${sid} ${state.version}`;

const wideNet = (now: Ready) => {
  const { state, net, data } = now;
  if (wide?.key === keyOf(now)) {
    show(wide.p, net, data, { key: "pieces.stands", args: { epoch: numbers.whole(wide.epoch) } });
  } else if (state.status === "running") tellWhen({ key: "pieces.waits" });
  else ask(now);
};

const ask = async (now: Ready) => {
  const key = keyOf(now);
  if (asked === key) return;
  asked = key;
  try {
    const answer = await api.post<Params>(`session/${encodeURIComponent(now.sid)}/params`, {});
    if (asked !== key) return; // the net has moved on
    if (answer.error) tellWhen({ key: i18n.first(`error.${answer.error.code}`), args: answer.error.args });
    else take(key, answer, now.net);
  } catch {
    asked = ""; // the server was away: the next change asks again
  }
};

// A net that has moved on meanwhile is asked about again, when it rests.
const take = (key: string, { epoch, params }: Params, net: FitNet) => {
  const p = params.filter((value) => value !== null);
  if (p.length !== nets.size(net)) return;
  wide = { key, epoch, p: p.map(Math.fround) };
  update();
};

// --- showing --------------------------------------------------------------------------------------
const tellWhen = (next: When) => {
  when = next;
  write(byId("pieces-when"), t(next.key, next.args));
};

const show = (p: Weights, net: FitNet, data: FitData, shownWhen: When) => {
  tellWhen(shownWhen);
  const isOther = line?.net !== net;
  if (!isOther && line?.data === data && line.p.every((value, k) => value === p[k])) return;
  line = describe(p, net, data);
  if (isOther) meet(net);
  paint(line);
};

// Another kind of net: no unit is chosen, and the legend names what there is.
const meet = (net: FitNet) => {
  chosen = null;
  chooser.slider.max = String(net.h);
  const legend = query(".legend", ancestor(byId("pieces-plot"), ".pieces-part"));
  const shown = { unit1: net.plain, unit2: net.plain && net.h > 1, others: !net.plain || net.h > 2 };
  for (const [role, on] of Object.entries(shown)) ancestor(query(`.${role}`, legend), "li").hidden = !on;
  const words = query(".knot + *", legend);
  words.dataset.t = piecesTable.isSmooth(net) ? "pieces.half" : "pieces.knot";
  words.textContent = t(words.dataset.t);
};

const paint = (shown: Line) => {
  piecesPlot.paint(shown, chosen);
  piecesTable.showFormula(byId("pieces-formula"), shown);
  piecesTable.showTable(byId("pieces-table"), shown);
  byId("pieces-count").textContent = piecesTable.countWords(shown);
  showChosen(shown);
  axesSoon();
};

const axesSoon = painting.throttle(SLOW_MS, () => line && piecesPlot.axes(line, chosen, zoomed));

const showChosen = (shown: Line) => {
  const { slider, words } = chooser;
  const { net, units } = shown;
  slider.value = String(chosen === null ? 0 : chosen + 1);
  words.textContent =
    chosen === null ? t("pieces.none") : t("pieces.of", { k: numbers.whole(chosen + 1), units: numbers.whole(net.h) });
  const said = chosen === null ? t("pieces.choose_one") : piecesTable.unitWords(units[chosen], shown);
  byId("pieces-unit").textContent = said;
  slider.setAttribute("aria-valuetext", chosen === null ? words.textContent : said);
};

// The unit of this number, from 0; below, none.
const choose = (k: number) => {
  if (!line) return;
  chosen = k < 0 ? null : Math.min(k, line.net.h - 1);
  piecesPlot.choose(line, chosen);
  showChosen(line);
  axesSoon();
};

const update = () => {
  const now = fitSection.now();
  if (!isDrawn || !isNear() || !fitSection.isReady(now) || !now.playback.frames.length) return;
  if (now.net.plain) narrow(now);
  else wideNet(now);
};
const updateSoon = () => painting.request("pieces", update);

// --- what can be pressed --------------------------------------------------------------------------
const buildChooser = () => {
  const named = <E extends HTMLElement>(node: E, key: string) => {
    i18n.label(node, key);
    return node;
  };
  const step = (sign: string, by: number, key: string) => {
    const node = named(element("button", { type: "button", className: "icon", textContent: sign }), key);
    node.addEventListener("click", () => choose((chosen ?? -1) + by));
    return node;
  };
  const slider = named(
    element("input", { type: "range", className: "slider", min: 0, max: 2, step: 1, value: 0 }),
    "pieces.slider",
  );
  const words = element("output", { className: "pieces-chosen" });
  const zoom = element("input", { type: "checkbox" });
  const zoomWords = element("span", { textContent: t("pieces.zoom") });
  zoomWords.dataset.t = "pieces.zoom";
  slider.addEventListener("input", () => choose(Number(slider.value) - 1));
  zoom.addEventListener("change", () => {
    zoomed = zoom.checked;
    axesSoon();
  });
  byId("pieces-choose").append(
    step("‹", -1, "pieces.previous"),
    slider,
    step("›", 1, "pieces.next"),
    words,
    element("label", { className: "skip-replay" }, zoom, zoomWords),
  );
  chooser = { slider, words };
};

// A press on a unit's line or knot chooses it.
const listenToPlot = (gd: PlotlyGraph) =>
  gd.on("plotly_click", ({ points: [{ customdata }] }) => {
    if (typeof customdata === "number") choose(customdata);
  });

const listenToTable = () => {
  const table = byId("pieces-table");
  const stress = (event: Event) => {
    if (!line || piecesTable.isSmooth(line.net)) return;
    const row = event.type === "mouseleave" ? null : targetWithin(event, "tbody tr");
    piecesPlot.stress(line, row ? Number(row.dataset.i) : null);
  };
  table.addEventListener("mouseover", stress);
  table.addEventListener("mouseleave", stress);
};

const retell = () => {
  if (when) tellWhen(when);
  if (line) paint(line);
};

export const start = () => {
  buildChooser();
  listenToTable();
  const card = ancestor(byId("pieces-plot"), ".card");
  plotting.whenNear(card, async () => {
    listenToPlot(await piecesPlot.create());
    isDrawn = true;
    updateSoon();
  });
  isNear = near.watch(card, updateSoon);
  i18n.onLanguage(retell);
  fitSection.onChange(updateSoon);
};
