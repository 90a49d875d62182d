// The table of checkpoints: weights, slopes and loss, each with the change since the row above. A wide net has only
// the loss. With test points there are two losses.

import * as nets from "../core/net/net";
import * as weightRows from "../core/net/weight-rows";
import * as i18n from "../core/text/i18n";
import * as numbersModule from "../core/text/numbers";
import type { FitNet, Frame } from "../core/types";
import type { FitData } from "./data";
import * as fitData from "./data";
import * as fitNet from "./net-description";

const EVERY = 5000;

const isCheckpoint = (frame: Frame) => frame.epoch % EVERY === 0 || frame.mark !== "";

// One frame per row: epoch 0, each multiple of 5,000, ends of runs and edits by hand.
const rows = (frames: Frame[]) => {
  const kept = frames.filter(isCheckpoint);
  return kept.filter(
    (frame, i) => kept[i + 1]?.epoch !== frame.epoch || frame.mark === "edit" || kept[i + 1].mark === "edit",
  );
};

const numbers = ({ p, net }: Frame) => {
  if (!p) return [];
  const { left, right } = nets.slopes(p, net);
  return [...p, ...(fitNet.hasSlopes(net) ? [left, right] : [])];
};
const losses = (frame: Frame, data: FitData) =>
  data.test ? [frame.loss, fitData.testLoss(data, frame)] : [frame.loss];

const head = (net: FitNet, data: FitData) => {
  const { t } = i18n;
  const names = net.plain
    ? weightRows.rowsOf(net).map(({ name, sub }) => (sub ? `${name}<sub>${sub}</sub>` : name))
    : [];
  const slopes = fitNet.hasSlopes(net) ? [t("checkpoints.left"), t("checkpoints.right")] : [];
  const lossNames = data.test ? [t("word.loss"), t("word.test_loss")] : [t("word.loss")];
  const cells = [t("word.epoch"), ...names, ...slopes, ...lossNames];
  return `<thead><tr>${cells.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>`;
};

const row = (frame: Frame, before: Frame | undefined, current: boolean, data: FitData) => {
  const { fixed, signed, whole } = numbersModule;
  type Cell = [value: number | null, digits: number];
  const all = (one: Frame): Cell[] => [
    ...numbers(one).map((value): Cell => [value, 4]),
    ...losses(one, data).map((value): Cell => [value, 6]),
  ];
  const then = before && all(before);
  const cells = all(frame).map(([value, digits], i) => {
    const change = then ? `<small>${signed((value ?? NaN) - (then[i][0] ?? NaN), digits)}</small>` : "";
    return `<td>${fixed(value, digits)}${change}</td>`;
  });
  const note = frame.mark === "edit" ? `<small>${i18n.t("checkpoints.edited")}</small>` : "";
  const name = `<th scope="row"><button type="button" class="link" data-seq="${frame.seq}">${whole(frame.epoch)}</button>${note}</th>`;
  return `<tr${current ? ' class="current"' : ""}>${name}${cells.join("")}</tr>`;
};

let shown = ""; // identifies the present content of the table

// Show the checkpoints among `frames`, which all belong to one net. Marks the row of `under`, the frame under the play
// head.
export const show = (host: HTMLElement, frames: Frame[], under: Frame, data: FitData) => {
  const kept = rows(frames);
  const current = kept.find((frame) => frame.seq === under.seq)?.seq;
  const key = [i18n.language(), data.key, current, ...kept.map((frame) => frame.seq)].join(" ");
  if (key === shown) return;
  shown = key;
  const body = kept.map((frame, i) => row(frame, kept[i - 1], frame.seq === current, data)).join("");
  host.innerHTML = `<table class="checkpoints">${head(under.net, data)}<tbody>${body}</tbody></table>`;
};
