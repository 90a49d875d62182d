// Counts the outcomes of many seeds, and summarizes them in sentences.
import { element } from "../../core/dom";
import * as i18n from "../../core/text/i18n";
import { fixed, whole } from "../../core/text/numbers";
import type { Args, NetDescription, Optimizer } from "../../core/types";
import * as fitNet from "../../fit/net-description";
import type { Plateaus } from "./plateaus";
import * as plateauStore from "./plateaus";

export type Side = "both" | "left" | "right"; // the sides to which a net's units face
type Facing = [left: number, right: number]; // how many units face each way
// A run as the server sends it: `start` is before the training, `end` after it.
export type Run = {
  seed: number;
  loss: number;
  curve: (number | null)[];
  start: Facing;
  end: Facing;
  dead: number; // units
  diverged: boolean;
};
type Kind = { net: NetDescription; optimizer: Optimizer };
type Trained = { runs: Run[]; epochs: number };

const { t } = i18n;
export const CLASSES: Side[] = ["both", "left", "right"];
const ARRIVED = 0.1; // a run has arrived if it is this near to the lowest plateau, as a fraction of the gap to the next one

export const facing = ([left, right]: Facing): Side => (left && right ? "both" : right ? "right" : "left");

// Why a run did not bend on both sides, judged by its units before and after the training.
const reason = (run: Run) => {
  if (run.diverged) return "diverged";
  if (facing(run.start) !== "both") return `same_${facing(run.start)}`;
  if (facing(run.end) !== "both") return "crossed";
  return run.dead ? "dead" : "not_yet";
};

// `bent`: how many runs bent on both sides. Of these, `slow` have not arrived yet, and `lucky` started with all units
// on one side. `reasons`: the number of other runs by their reason.
export const count = (runs: Run[], plateaus: Plateaus) => {
  const limit = plateauStore.oneSided(plateaus);
  const gain = limit - plateaus.both;
  const found = { n: runs.length, bent: 0, slow: 0, lucky: 0, reasons: {} as Record<string, number> };
  for (const run of runs) {
    if (!run.diverged && plateaus.bent_below !== null && run.loss < plateaus.bent_below) {
      found.bent += 1;
      if (run.loss > plateaus.both + ARRIVED * gain) found.slow += 1;
      if (facing(run.start) !== "both") found.lucky += 1;
    } else {
      const why = reason(run);
      found.reasons[why] = (found.reasons[why] ?? 0) + 1;
    }
  }
  return { ...found, near: plateaus.both + ARRIVED * gain, limit };
};

const percent = (part: number, all: number) => fixed((100 * part) / all, 0);

// The main sentence, and the reasons below it.
const bentOrNot = ({ runs, epochs }: Trained, net: NetDescription, plateaus: Plateaus) => {
  const { n, bent, slow, lucky, reasons, near, limit } = count(runs, plateaus);
  const args = { n: whole(n), epochs: whole(epochs), near: fixed(near, 3), limit: fixed(limit, 3) };
  const ifAny = (key: string, number = 0, more: Args = {}) =>
    number ? [t(key, { ...args, k: whole(number), ...more })] : [];
  const pair = net.h === 2 ? "_two" : "";
  const left = reasons.same_left ?? 0;
  const right = reasons.same_right ?? 0;
  const others = n - bent;
  return [
    [
      t("seeds.bent", { ...args, k: whole(bent), percent: percent(bent, n) }),
      ...ifAny("seeds.others", bent ? others : 0),
      ...ifAny("seeds.others_all", bent ? 0 : others),
    ].join(" "),
    ...ifAny(`seeds.same${pair}`, left + right, { left: whole(left), right: whole(right) }),
    ...ifAny(`seeds.crossed${pair}`, reasons.crossed),
    ...ifAny("seeds.dead", reasons.dead),
    ...ifAny("seeds.not_yet", reasons.not_yet),
    ...ifAny("seeds.diverged", reasons.diverged),
    ...ifAny("seeds.lucky", lucky),
    ...ifAny("seeds.slow", slow),
  ];
};

const oneUnit = ({ runs }: Trained, plateaus: Plateaus) => {
  const ended = (side: Side) => whole(runs.filter((run) => facing(run.end) === side).length);
  const numbers = { left: ended("left"), right: ended("right") };
  const losses = { left_loss: fixed(plateaus.left, 3), right_loss: fixed(plateaus.right, 3) };
  return [t("seeds.one_unit", { n: whole(runs.length), ...numbers, ...losses })];
};

// For nets without plateaus: the best, the median and the worst loss.
const spread = ({ runs }: Trained) => {
  const sorted = runs.filter((run) => !run.diverged).sort((a, b) => a.loss - b.loss);
  const diverged = runs.length - sorted.length;
  const dead = runs.filter((run) => run.dead).length;
  const [best, middle, worst] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  const loss = (run?: Run) => fixed(run?.loss ?? null, 4);
  const sentence =
    best &&
    t("seeds.spread", {
      n: whole(runs.length),
      best: loss(best),
      seed: whole(best.seed),
      middle: loss(middle),
      worst: loss(worst),
    });
  return [
    ...(sentence ? [sentence] : []),
    ...(dead ? [t("seeds.dead", { k: whole(dead) })] : []),
    ...(diverged ? [t("seeds.diverged", { k: whole(diverged) })] : []),
  ];
};

// Sentences about these runs. The first is the main one.
export const summary = (shown: Trained & { net: NetDescription | null }, plateaus: Plateaus | null) => {
  const { net } = shown;
  if (!shown.runs.length) return [];
  if (!plateaus || !net || !plateauStore.hasPlateaus(net)) return spread(shown);
  if (net.h === 1) return oneUnit(shown, plateaus);
  if (!plateauStore.areBothSidesNeeded(plateaus)) return [t("seeds.one_side_enough"), ...spread(shown)];
  return bentOrNot(shown, net, plateaus);
};

// "both left": the side to which the units of a net face
export const side = (net: NetDescription, name: Side) =>
  t(`seeds.${net.h === 2 ? "two" : net.h === 1 ? "one" : "all"}_${name}`);

export const one = (run: Run, net: NetDescription) =>
  t(run.diverged ? "seeds.run_diverged" : "seeds.run", {
    loss: fixed(run.loss, 6),
    start: side(net, facing(run.start)),
    end: side(net, facing(run.end)),
  });

// "2 units · ReLU · no bias · BCE · Adam, learning rate 0.001"
export const kind = ({ net, optimizer }: Kind) => {
  const words = { method: t(`optimizer.${optimizer.kind}`), lr: optimizer.lr, momentum: optimizer.momentum };
  const method = t(optimizer.kind === "sgd" ? "summary.momentum" : "summary.lr", words);
  return [...fitNet.words(whole(net.h), net), method].join(" · ");
};

// The legend of the plots: the meaning of each mark's colour.
export const legend = (host: HTMLElement, net: NetDescription) => {
  const names: Side[] = net.h === 1 ? ["left", "right"] : CLASSES;
  host.replaceChildren(
    element("li", { textContent: t("seeds.legend") }),
    ...names.map((name) =>
      element(
        "li",
        {},
        element("i", { className: `seed-mark ${name}` }),
        element("span", { textContent: side(net, name) }),
      ),
    ),
  );
};
