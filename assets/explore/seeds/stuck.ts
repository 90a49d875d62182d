// A run that is stuck on one side: says so, with the reason read from its own weights, and offers
// what helps. Shown only while it is true.
import { byId, write } from "../../core/dom";
import * as i18n from "../../core/i18n";
import { limits } from "../../core/limits";
import * as nets from "../../core/net";
import { fixed, whole } from "../../core/numbers";
import * as fitSection from "../../fit/fit";
import { begin } from "../begin";
import * as plateauStore from "./plateaus";

const { t } = i18n;
const NEAR = 0.1; // of the way that a one-sided net came down: this near its plateau, it is there
const ASLEEP = 0.1; // of a logit (or of y), at the data's far end: a unit that adds less hardly counts

let found = null; // what is shown: {reason, ...}, or null

// --- why ----------------------------------------------------------------------------------------
const range = (count) => Array.from({ length: count }, (_, k) => k);

// What unit k does: which way it faces, what it adds at its far end, whether it is ever on.
const unit = (p, k, net, data) => {
  const ends = [data.x[0], data.x[data.x.length - 1]];
  const adds = nets.contribution(p, k, ends, net).map(Math.abs);
  const isOn = nets.unit(p, k, ends, net).some((u) => u > 0); // u is straight: the ends tell
  return { k: k + 1, w1: p[k], side: p[k] < 0 ? "left" : "right", adds: Math.max(...adds), isOn };
};

const isNear = (loss, plateau, flat) => loss <= plateau + NEAR * (flat - plateau);
const OTHER = { left: "right", right: "left" };

// All units that are on face one way, and the loss is at that side's plateau.
const oneSide = (units, { loss }, best) => {
  const side = units[0].side;
  const isOneSided = units.every((each) => each.side === side);
  if (!isOneSided || !plateauStore.matter(best, best[side])) return null;
  return isNear(loss, best[side], best.flat) ? { reason: "one_side", side, plateau: best[side] } : null;
};

// Some unit faces the other way, but adds next to nothing there.
const asleep = (units, { loss }, best) => {
  for (const side of ["left", "right"]) {
    const away = units.filter((each) => each.side !== side);
    if (!away.length || away.some((each) => each.adds > ASLEEP)) continue;
    if (!plateauStore.matter(best, best[side]) || !isNear(loss, best[side], best.flat)) continue;
    return { reason: "asleep", side: OTHER[side], units: away, plateau: best[side] };
  }
  return null;
};

// With a first-layer bias a unit can bend beyond the data: it is off everywhere, for good.
const dead = (units, { loss, net }, best) => {
  const off = units.filter((each) => !each.isOn);
  if (!off.length || net.h < 2 || !plateauStore.matter(best, loss)) return null;
  return { reason: "dead", units: off };
};

// Why the net that stands in Fit is stuck, or null. A run that goes on, or is still replayed, is not.
export const why = ({ state, data, playback }, best) => {
  const { net, params, status, epoch, loss } = state;
  const isOver = status !== "running" && epoch > 0 && !(playback.playing && playback.following);
  const isKnown = params && best && loss !== null && data.key === state.data_key;
  if (!isOver || !isKnown || net.activation !== "relu") return null;
  const units = range(net.h).map((k) => unit(params, k, net, data));
  const reason = net.bias1 ? dead(units, state, best) : (oneSide(units, state, best) ?? asleep(units, state, best));
  return reason && { units, ...reason, all: units, best, state, n: data.x.length };
};

// --- in words -----------------------------------------------------------------------------------
const listed = (units, words) => units.map(words).join(", ");

const reasonWords = ({ reason, side, units, all, n, state }) => {
  const weights = listed(units, ({ w1 }) => fixed(w1, 4));
  const names = listed(units, ({ k }) => k);
  if (reason === "dead") {
    return t(units.length > 1 ? "stuck.dead_units" : "stuck.dead", { units: names, n: whole(n) });
  }
  if (reason === "asleep") {
    const shares = listed(units, ({ adds }) => fixed(adds, 4));
    return t(`stuck.asleep_${side}`, { units: names, shares });
  }
  const number = all.length === 1 ? "one" : all.length === 2 ? "two" : "all";
  return t(`stuck.${number}_${side}`, { weights, h: state.net.h });
};

const limitWords = ({ plateau, best, state }) =>
  t(plateau === undefined ? "stuck.limit_dead" : "stuck.limit", {
    loss: fixed(state.loss, 4),
    plateau: fixed(plateau ?? NaN, 4),
    both: fixed(best.both, 4),
  });

const moreUnits = (h) => Math.min(2 * h, limits.ranges.hidden.max);

const show = () => {
  const drawer = byId("fit-stuck");
  drawer.hidden = !found;
  if (!found) {
    drawer.open = false;
    return;
  }
  const { state } = found;
  write(byId("stuck-reason"), reasonWords(found));
  write(byId("stuck-limit"), limitWords(found));
  write(byId("stuck-hint"), t("stuck.hint", { epochs: whole(state.epoch) }));
  byId("stuck-bias").hidden = state.net.bias1;
  write(byId("stuck-seed").firstElementChild, t("stuck.seed_n", { seed: nextSeed(state) }));
  write(byId("stuck-units").firstElementChild, t("stuck.units_n", { h: moreUnits(state.net.h) }));
};

const look = () => {
  const now = fitSection.now();
  const before = found && `${found.state.seed} ${found.reason}`;
  found = why(now, needsPlateaus(now) ? plateauStore.of(now, look) : null);
  show();
  if (found && `${found.state.seed} ${found.reason}` !== before) {
    i18n.announce(`${t("stuck.title")}. ${reasonWords(found)}`);
  }
};

const needsPlateaus = ({ state }) => state.epoch > 0 && state.params && state.net.activation === "relu";

// --- what helps: start over with it, for as many epochs ------------------------------------------
const nextSeed = ({ seed }) => (seed === limits.ranges.seed.max ? 0 : seed + 1);
const retry = ({ seed, net }: { seed?: number; net?: object }) => {
  const { state } = found;
  return begin({
    seed: seed ?? state.seed,
    net: { ...state.net, ...net },
    optimizer: state.optimizer,
    epochs: Math.min(state.epoch, limits.ranges.epochs.max),
  });
};

export const start = () => {
  byId("stuck-bias").addEventListener("click", () => retry({ net: { bias1: true } }));
  byId("stuck-seed").addEventListener("click", () => retry({ seed: nextSeed(found.state) }));
  byId("stuck-units").addEventListener("click", () => retry({ net: { h: moreUnits(found.state.net.h) } }));
  fitSection.onChange(look);
  i18n.onLanguage(show);
};
