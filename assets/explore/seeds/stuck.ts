// When the net in Fit is stuck on one side: a drawer that explains the reason, found in its weights, and offers
// remedies. It is offered only while the net is stuck.
import { byId, labelOf, setText } from "../../core/dom";
import { limits } from "../../core/limits";
import * as nets from "../../core/net/net";
import { endsOf } from "../../core/ranges";
import * as i18n from "../../core/text/i18n";
import { fixed, whole } from "../../core/text/numbers";
import type { NetDescription, Snapshot, Weights } from "../../core/types";
import type { FitData } from "../../fit/data";
import type { Ready } from "../../fit/fit";
import * as fitSection from "../../fit/fit";
import { startOver } from "../start-over";
import type { Plateaus } from "./plateaus";
import * as plateauStore from "./plateaus";

type Side = "left" | "right";
type Unit = { k: number; w1: number; side: Side; adds: number; isOn: boolean };
// Why a net is stuck; `units` are the ones that cause it. A unit is "asleep" if it contributes almost nothing.
type Reason =
  | { reason: "one_side" | "asleep"; side: Side; plateau: number; units: Unit[] }
  | { reason: "dead"; side?: undefined; plateau?: undefined; units: Unit[] };
type Found = Reason & { all: Unit[]; best: Plateaus; state: Snapshot; n: number };

const { t } = i18n;
const NEAR = 0.1; // a loss is at a plateau if it is within this fraction of the distance from `flat` to the plateau
const ASLEEP = 0.1; // a unit that adds less than this to the logit (or to y) at both ends of the data is asleep

let found: Found | null = null; // the reason that is shown

// --- the reason ---------------------------------------------------------------------------------

// Unit k: the side it faces, the larger of its contributions at the ends of the data, and whether it is positive at
// any point.
const unit = (p: Weights, k: number, net: NetDescription, data: Pick<FitData, "x">): Unit => {
  const ends = endsOf(data.x);
  const adds = nets.contribution(p, k, ends, net).map(Math.abs);
  const isOn = nets.unit(p, k, ends, net).some((u) => u > 0); // u is linear in x, so the ends suffice
  return { k: k + 1, w1: p[k], side: p[k] < 0 ? "left" : "right", adds: Math.max(...adds), isOn };
};

const isNear = (loss: number, plateau: number, flat: number) => loss <= plateau + NEAR * (flat - plateau);
const OTHER: Record<Side, Side> = { left: "right", right: "left" };

// All units face the same side, and the loss is at that side's plateau.
const oneSide = (units: Unit[], loss: number, best: Plateaus): Reason | null => {
  const side = units[0].side;
  const isOneSided = units.every((each) => each.side === side);
  if (!isOneSided || !plateauStore.areBothSidesNeeded(best, best[side])) return null;
  return isNear(loss, best[side], best.flat) ? { reason: "one_side", side, plateau: best[side], units } : null;
};

// Units face both sides, but those of one side are asleep.
const asleep = (units: Unit[], loss: number, best: Plateaus): Reason | null => {
  for (const side of ["left", "right"] as const) {
    const away = units.filter((each) => each.side !== side);
    if (!away.length || away.some((each) => each.adds > ASLEEP)) continue;
    if (!plateauStore.areBothSidesNeeded(best, best[side]) || !isNear(loss, best[side], best.flat)) continue;
    return { reason: "asleep", side: OTHER[side], units: away, plateau: best[side] };
  }
  return null;
};

// With a first-layer bias a unit can bend outside the data. Then it may be 0 at all points and never change again.
const dead = (units: Unit[], loss: number, best: Plateaus): Reason | null => {
  const off = units.filter((each) => !each.isOn);
  if (!off.length || units.length < 2 || !plateauStore.areBothSidesNeeded(best, loss)) return null;
  return { reason: "dead", units: off };
};

// Why the net in Fit is stuck, or null. Null also while it is trained or its new frames are played.
type Session = {
  state: Snapshot;
  data: Pick<FitData, "key" | "x">;
  playback: Pick<Ready["playback"], "playing" | "following">;
};
export const whyStuck = ({ state, data, playback }: Session, best: Plateaus | null): Found | null => {
  const { net, params, status, epoch, loss } = state;
  const isOver = status !== "running" && epoch > 0 && !(playback.playing && playback.following);
  if (!isOver || net.activation !== "relu" || data.key !== state.data_key) return null;
  if (!params || !best || loss === null) return null;
  const units = Array.from({ length: net.h }, (_, k) => unit(params, k, net, data));
  const reason = net.bias1 ? dead(units, loss, best) : (oneSide(units, loss, best) ?? asleep(units, loss, best));
  return reason && { ...reason, all: units, best, state, n: data.x.length };
};

// --- in words -----------------------------------------------------------------------------------
const listed = (units: Unit[], words: (unit: Unit) => string | number) => units.map(words).join(", ");

const reasonWords = ({ reason, side, units, all, n, state }: Found) => {
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

const limitWords = ({ plateau, best, state }: Found) =>
  t(plateau === undefined ? "stuck.limit_dead" : "stuck.limit", {
    loss: fixed(state.loss, 4),
    plateau: fixed(plateau ?? null, 4),
    both: fixed(best.both, 4),
  });

const moreUnits = (h: number) => Math.min(2 * h, limits.ranges.hidden.max);

const show = () => {
  const drawer = byId("fit-stuck", HTMLDetailsElement);
  drawer.hidden = !found;
  if (!found) {
    drawer.open = false;
    return;
  }
  const { state } = found;
  setText(byId("stuck-reason"), reasonWords(found));
  setText(byId("stuck-limit"), limitWords(found));
  setText(byId("stuck-hint"), t("stuck.hint", { epochs: whole(state.epoch) }));
  byId("stuck-bias").hidden = state.net.bias1;
  setText(labelOf("stuck-seed"), t("stuck.seed_n", { seed: nextSeed(state) }));
  setText(labelOf("stuck-units"), t("stuck.units_n", { h: moreUnits(state.net.h) }));
};

const update = (now: Ready) => {
  const before = found && `${found.state.seed} ${found.reason}`;
  found = whyStuck(now, needsPlateaus(now) ? plateauStore.of(now, updateNow) : null);
  show();
  if (found && `${found.state.seed} ${found.reason}` !== before) {
    i18n.announce(`${t("stuck.title")}. ${reasonWords(found)}`);
  }
};

const updateNow = () => {
  const now = fitSection.now();
  if (fitSection.isReady(now)) update(now);
};

const needsPlateaus = ({ state }: Ready) => state.epoch > 0 && state.params !== null && state.net.activation === "relu";

// --- remedies: start over with a change, for the same number of epochs ----------------------------
const nextSeed = ({ seed }: Snapshot) => (seed === limits.ranges.seed.max ? 0 : seed + 1);
type Change = { seed?: number; net?: Partial<NetDescription> };
const retryWith = (id: string, change: (state: Snapshot) => Change) =>
  byId(id).addEventListener("click", () => {
    if (!found) return;
    const { state } = found;
    const { seed = state.seed, net } = change(state);
    const epochs = Math.min(state.epoch, limits.ranges.epochs.max);
    startOver({ seed, net: { ...state.net, ...net }, optimizer: state.optimizer, epochs });
  });

export const start = () => {
  retryWith("stuck-bias", () => ({ net: { bias1: true } }));
  retryWith("stuck-seed", (state) => ({ seed: nextSeed(state) }));
  retryWith("stuck-units", ({ net }) => ({ net: { h: moreUnits(net.h) } }));
  fitSection.onChange(update);
  i18n.onLanguage(show);
};
