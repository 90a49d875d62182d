// The line in pieces: follows the net in Fit. A wide net's numbers do not come with its frames; they
// are asked for when its run rests and the card is near.

import * as api from "../../core/api";
import { byId, element } from "../../core/dom";
import * as i18n from "../../core/i18n";
import * as nets from "../../core/net";
import * as numbers from "../../core/numbers";
import * as painting from "../../core/painting";
import * as core from "../../core/pieces";
import * as plotting from "../../core/plotting";
import type { Weights } from "../../core/types";
import * as fitSection from "../../fit/fit";
import * as near from "../near";
import * as piecesPlot from "./plot";
import * as piecesTable from "./table";

type Params = { epoch: number; params: Weights };
const { t } = i18n;
const SLOW_MS = 200; // axes follow at 5 Hz

let isNear = () => false;
let isDrawn = false;
let line = null; // what is shown: see `describe`
let chosen = null; // number of a unit, from 0; null: none
let zoomed = false;
let chooser; // {slider, words, zoom}
let wide: Record<string, any> = {}; // the wide net's numbers: {key, asked, p, epoch}
let when = null; // {key, args}: which net is shown

// --- which net ------------------------------------------------------------------------------------
const describe = (p, net, data) => {
  const ends: [number, number] = [data.x[0], data.x[data.x.length - 1]];
  const units = piecesPlot.unitsOf(p, net, ends);
  const pieces = piecesTable.isSmooth(net) ? { knots: [], slopes: [], intercepts: [] } : core.pieces(p, net, ...ends);
  const curve = piecesPlot.netCurve({ p, net, data, ends, pieces });
  return { p, net, data, ends, units, pieces, curve, drawn: piecesPlot.drawnOf(units), hasColours: net.plain };
};

const narrow = ({ playback, net, data, frame }) => {
  if (playback.frame.net !== net) return;
  const byHand = frame.epoch === undefined;
  const epoch = numbers.whole((byHand ? playback.frame : frame).epoch);
  show(frame.p, net, data, byHand ? { key: "pieces.by_hand" } : { key: "pieces.at", args: { epoch } });
};

const keyOf = ({ sid, state }) => `${sid} ${state.version}`;

const wideNet = (now) => {
  const { state, net, data } = now;
  if (wide.key === keyOf(now)) {
    const { epoch } = wide;
    show(wide.p, net, data, { key: "pieces.stands", args: { epoch: numbers.whole(epoch) } });
  } else if (state.status === "running") tellWhen({ key: "pieces.waits" });
  else ask(now);
};

const ask = async (now) => {
  const key = keyOf(now);
  if (wide.asked === key) return;
  wide.asked = key;
  try {
    const answer = await api.post<Params>(`session/${encodeURIComponent(now.sid)}/params`, {});
    if (wide.asked !== key) return; // the net has moved on
    if (answer.error) tellWhen({ key: i18n.first(`error.${answer.error.code}`), args: answer.error.args });
    else take(key, answer as Params, now.net);
  } catch {
    wide.asked = null; // the server was away: the next change asks again
  }
};

// A net that has moved on meanwhile is asked about again, when it rests.
const take = (key, { epoch, params }, net) => {
  if (params.length !== nets.size(net) || params.includes(null)) return;
  wide = { key, asked: key, epoch, p: params.map(Math.fround) };
  update();
};

// --- showing --------------------------------------------------------------------------------------
const tellWhen = (next) => {
  when = next;
  const words = t(next.key, next.args);
  if (byId("pieces-when").textContent !== words) byId("pieces-when").textContent = words;
};

const show = (p, net, data, shownWhen) => {
  tellWhen(shownWhen);
  const same = line && line.net === net && line.data === data && line.p.every((value, k) => value === p[k]);
  if (same) return;
  const isOther = line?.net !== net;
  line = describe(p, net, data);
  if (isOther) meet();
  paint();
};

// Another kind of net: no unit is chosen, and the legend names what there is.
const meet = () => {
  chosen = null;
  const { net } = line;
  chooser.slider.max = net.h;
  const legend = byId("pieces-plot").closest(".pieces-part").querySelector(".legend");
  const shown = { unit1: net.plain, unit2: net.plain && net.h > 1, others: !net.plain || net.h > 2 };
  for (const [role, on] of Object.entries(shown)) legend.querySelector(`.${role}`).closest("li").hidden = !on;
  const knot = legend.querySelector(".knot").nextElementSibling;
  knot.dataset.t = piecesTable.isSmooth(net) ? "pieces.half" : "pieces.knot";
  knot.textContent = t(knot.dataset.t);
};

const paint = () => {
  piecesPlot.paint(line, chosen);
  piecesTable.showFormula(byId("pieces-formula"), line);
  piecesTable.showTable(byId("pieces-table"), line);
  byId("pieces-count").textContent = piecesTable.countWords(line);
  showChosen();
  axesSoon();
};

const axesSoon = painting.throttle(SLOW_MS, () => line && piecesPlot.axes(line, chosen, zoomed));

const showChosen = () => {
  const { slider, words } = chooser;
  slider.value = chosen === null ? 0 : chosen + 1;
  words.textContent =
    chosen === null
      ? t("pieces.none")
      : t("pieces.of", { k: numbers.whole(chosen + 1), units: numbers.whole(line.net.h) });
  const said = chosen === null ? t("pieces.choose_one") : piecesTable.unitWords(line.units[chosen], line);
  byId("pieces-unit").textContent = said;
  slider.setAttribute("aria-valuetext", chosen === null ? words.textContent : said);
};

const choose = (k) => {
  if (!line) return;
  chosen = k === null || k < 0 ? null : Math.min(k, line.net.h - 1);
  piecesPlot.choose(line, chosen);
  showChosen();
  axesSoon();
};

const update = () => {
  const now = fitSection.now();
  if (!isDrawn || !isNear() || !now.state || !now.data || !now.playback.frames.length) return;
  if (now.net.plain) narrow(now);
  else wideNet(now);
};
const updateSoon = () => painting.request("pieces", update);

// --- what can be pressed --------------------------------------------------------------------------
const buildChooser = () => {
  const named = (node, key) => {
    i18n.label(node, key);
    return node;
  };
  const step = (sign, by, key) => {
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
  chooser = { slider, words, zoom };
};

// A press on a unit's line or knot chooses it.
const listenToPlot = (gd) =>
  gd.on("plotly_click", ({ points: [point] }) => {
    if (Number.isInteger(point.customdata)) choose(point.customdata);
  });

const listenToTable = () => {
  const table = byId("pieces-table");
  const stress = ({ target, type }) => {
    if (!line || piecesTable.isSmooth(line.net)) return;
    const row = type === "mouseleave" ? null : target.closest("tbody tr");
    piecesPlot.stress(line, row ? Number(row.dataset.i) : null);
  };
  table.addEventListener("mouseover", stress);
  table.addEventListener("mouseleave", stress);
};

const retell = () => {
  if (when) tellWhen(when);
  if (line) paint();
};

export const start = () => {
  buildChooser();
  listenToTable();
  const card = byId("pieces-plot").closest(".card");
  plotting.whenNear(card, async () => {
    listenToPlot(await piecesPlot.create());
    isDrawn = true;
    updateSoon();
  });
  isNear = near.watch(card, updateSoon);
  i18n.onLanguage(retell);
  fitSection.onChange(updateSoon);
};
