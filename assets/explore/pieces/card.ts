// "The line in pieces": the straight pieces of the net in Fit. A wide net's frames do not contain its weights; they
// are requested when its run has stopped and the card is near the screen.

import { ancestor, byId, element, query, setText, targetWithin } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as core from "../../core/net/pieces";
import * as painting from "../../core/plots/painting";
import * as plotting from "../../core/plots/plotting";
import { endsOf } from "../../core/ranges";
import * as api from "../../core/session/api";
import * as i18n from "../../core/text/i18n";
import * as numbers from "../../core/text/numbers";
import type { Args, Column, FitNet, Weights } from "../../core/types";
import { changeOf } from "../../fit/changes";
import type { FitData, Shown } from "../../fit/data";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import type { Line } from "./plot";
import * as piecesPlot from "./plot";
import * as piecesTable from "./table";

type Params = { epoch: number; params: Column };
type When = { key: string; args?: Args }; // the message that says which net is shown
const { t } = i18n;
const SLOW_MS = 200; // axes are updated at 5 Hz

let isNear = () => false;
let isDrawn = false;
let line: Line | null = null; // the line that is shown
let chosen: number | null = null; // number of a unit, from 0
let zoomed = false;
let chooser: { slider: HTMLInputElement; words: HTMLOutputElement };
let requestedKey = ""; // `keyOf` the wide net whose weights were last requested
let wide: { key: string; p: Weights; epoch: number } | null = null; // a wide net's weights
let when: When | null = null;

// --- which net ------------------------------------------------------------------------------------
const describe = (p: Weights, net: FitNet, data: FitData): Line => {
  const ends = endsOf(data.x);
  const units = piecesPlot.unitsOf(p, net, ends);
  const pieces = piecesTable.isSmooth(net) ? { knots: [], slopes: [], intercepts: [] } : core.pieces(p, net, ...ends);
  const curve = piecesPlot.netCurve({ p, net, data, ends, pieces });
  return { p, net, data, ends, units, pieces, curve, drawn: piecesPlot.drawnOf(units), hasColours: net.plain };
};

const showPlain = ({ playback, net, data, frame, state }: Ready) => {
  if (playback.frame?.net !== net || !frame?.p) return;
  show(frame.p, net, data, whenOf(frame, changeOf({ state, frame, frames: playback.frames })));
};
const whenOf = ({ epoch }: Shown, change: string | null): When => {
  if (epoch === undefined) return { key: "pieces.by_hand" };
  return { key: change === "by_hand" ? "pieces.at_by_hand" : "pieces.at", args: { epoch: numbers.whole(epoch) } };
};

const keyOf = ({ sid, state }: Ready) => `${sid} ${state.version}`;

const showWide = (now: Ready) => {
  const { state, net, data } = now;
  if (wide?.key === keyOf(now)) {
    show(wide.p, net, data, { key: "pieces.stands", args: { epoch: numbers.whole(wide.epoch) } });
  } else if (state.status === "running") showWhen({ key: "pieces.waits" });
  else requestWeights(now);
};

const requestWeights = async (now: Ready) => {
  const key = keyOf(now);
  if (requestedKey === key) return;
  requestedKey = key;
  try {
    const answer = await api.post<Params>(`session/${encodeURIComponent(now.sid)}/params`, {});
    if (requestedKey !== key) return; // the net has changed meanwhile
    if (answer.error) showWhen({ key: i18n.firstKey(`error.${answer.error.code}`), args: answer.error.args });
    else receive(key, answer, now.net);
  } catch {
    requestedKey = ""; // there was no answer, so the next change requests them again
  }
};

const receive = (key: string, { epoch, params }: Params, net: FitNet) => {
  const p = params.filter((value) => value !== null);
  if (p.length !== nets.size(net)) return;
  wide = { key, epoch, p: p.map(Math.fround) };
  update();
};

// --- showing --------------------------------------------------------------------------------------
const showWhen = (next: When) => {
  when = next;
  setText(byId("pieces-when"), t(next.key, next.args));
};

const show = (p: Weights, net: FitNet, data: FitData, next: When) => {
  showWhen(next);
  const isOther = line?.net !== net;
  if (!isOther && line?.data === data && line.p.every((value, k) => value === p[k])) return;
  line = describe(p, net, data);
  if (isOther) resetFor(net);
  paint(line);
};

// When another net is shown: choose no unit, and show the legend's items for this net.
const resetFor = (net: FitNet) => {
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
  const description = chosen === null ? t("pieces.choose_one") : piecesTable.unitWords(units[chosen], shown);
  byId("pieces-unit").textContent = description;
  slider.setAttribute("aria-valuetext", chosen === null ? words.textContent : description);
};

// Choose unit `k`, from 0, or none if `k` is negative.
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
  if (now.net.plain) showPlain(now);
  else showWide(now);
};
const updateSoon = () => painting.request("pieces", update);

// --- controls -------------------------------------------------------------------------------------
const buildChooser = () => {
  const step = (sign: string, by: number, key: string) => {
    const node = i18n.label(element("button", { type: "button", className: "icon", textContent: sign }), key);
    node.addEventListener("click", () => choose((chosen ?? -1) + by));
    return node;
  };
  const slider = i18n.label(
    element("input", { type: "range", className: "slider", min: 0, max: 2, step: 1, value: 0 }),
    "pieces.slider",
  );
  const words = element("output", { className: "pieces-chosen" });
  const zoom = element("input", { type: "checkbox" });
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
    element("label", { className: "skip-replay" }, zoom, i18n.translated("span", "pieces.zoom")),
  );
  chooser = { slider, words };
};

const listenToTable = () => {
  const table = byId("pieces-table");
  const highlight = (event: Event) => {
    if (!line || piecesTable.isSmooth(line.net)) return;
    const row = event.type === "mouseleave" ? null : targetWithin(event, "tbody tr");
    piecesPlot.highlight(line, row ? Number(row.dataset.i) : null);
  };
  table.addEventListener("mouseover", highlight);
  table.addEventListener("mouseleave", highlight);
};

const translate = () => {
  if (when) showWhen(when);
  if (line) paint(line);
};

export const start = () => {
  buildChooser();
  listenToTable();
  const card = ancestor(byId("pieces-plot"), ".card");
  plotting.whenNear(card, async () => {
    plotting.onPointClick(await piecesPlot.create(), choose); // on a unit's line or knot
    isDrawn = true;
    updateSoon();
  });
  isNear = plotting.watchNear(card, updateSoon);
  i18n.onLanguage(translate);
  fitSection.onChange(updateSoon);
};
