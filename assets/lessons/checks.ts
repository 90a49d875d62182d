// Checks whether the task of a lesson's step is done. The names of the checks are those of lessons.py.
import * as buildSection from "../build/build";
import { byId } from "../core/dom";
import * as nets from "../core/net/net";
import type { Activation, NetDescription, Optimizer, Status, Weights } from "../core/types";
import * as oneStep from "../explore/one-step/card";
import * as seeds from "../explore/seeds/card";
import type { Ready } from "../fit/fit";
import * as fitSection from "../fit/fit";

type Bounds = { min?: number; max?: number };
// The checks by name, each with the type of the value that a step gives it.
type Wanted = {
  read: true;
  build_mse: Bounds;
  build_moved: true;
  w1_moved: true;
  construction: number;
  epoch: Bounds;
  at_epoch: number;
  seed: number;
  loss: Bounds;
  width: Bounds;
  bias1: boolean;
  activation: Activation;
  optimizer: Optimizer["kind"];
  lr: Bounds;
  momentum: Bounds;
  status: Status;
  both_sides: true;
  steep: Bounds;
  edges: number;
  seeds: Bounds;
  weight: number;
  unit: true;
  moved: true;
  more_epochs: Bounds;
  looking_back: true;
  edited: true;
};
type Name = keyof Wanted;
export type Done = Partial<Wanted>;

const within = (value: number, { min = -Infinity, max = Infinity }: Bounds) => value >= min && value <= max;
const EDGE_TOLERANCE = 0.1;
const firstLayer = (net: NetDescription, p: Weights) => p.slice(0, net.h); // W1

const buildMse = () => {
  const xs = nets.grid(-1, 1, 101);
  const target = buildSection.now().challenge ?? nets.TARGET;
  return nets.mse(nets.logit(buildSection.weights(), xs), nets.bent(target, xs));
};
const differs = (from: number, to: number) =>
  buildSection
    .weights()
    .slice(from, to)
    .some((w, k) => w !== nets.START[from + k]);

// The state when the step was entered, for checks of what has changed since.
type Entered = { build: Weights; epoch: number; seq: number };
let entered: Entered | null = null;

const atEntry = ({ state, playback }: Ready) => {
  entered ??= { build: [...buildSection.weights()], epoch: state.epoch, seq: playback.lastSeq };
  entered.epoch = Math.min(entered.epoch, state.epoch); // a reset lowers it
  return entered;
};

// Neither training nor playback is running.
const isAtRest = ({ state, playback }: Ready) => state.status !== "running" && !playback.playing;

const CHECKS: { [N in Name]: (wanted: Wanted[N], now: Ready) => boolean } = {
  read: () => false, // a step that is only read is done when the user goes on to the next
  build_mse: (wanted) => within(buildMse(), wanted),
  build_moved: () => differs(0, 5),
  w1_moved: () => differs(0, 2),
  construction: (wanted) => byId(`construction-${wanted}`).getAttribute("aria-selected") === "true",
  epoch: (wanted, { state }) => within(state.epoch, wanted),
  at_epoch: (wanted, { frame, state }) => frame?.epoch === wanted && state.epoch > wanted,
  seed: (wanted, { state }) => state.seed === wanted,
  loss: (wanted, { state }) => within(state.loss ?? Infinity, wanted),
  width: (wanted, { state }) => within(state.net.h, wanted),
  bias1: (wanted, { state }) => state.net.bias1 === wanted,
  activation: (wanted, { state }) => state.net.activation === wanted,
  optimizer: (wanted, { state }) => state.optimizer.kind === wanted,
  lr: (wanted, { state }) => within(state.lr, wanted),
  momentum: (wanted, { state }) => within(state.optimizer.momentum ?? 0, wanted),
  status: (wanted, { state }) => state.status === wanted,
  both_sides: (_, { state }) => {
    const W1 = firstLayer(state.net, state.params ?? []);
    return W1.some((w) => w > 0) && W1.some((w) => w < 0);
  },
  steep: (wanted, { state: { net, params } }) =>
    params !== null && firstLayer(net, params).every((w) => within(Math.abs(w), wanted)),
  edges: (wanted, { state: { net, params } }) =>
    net.bias1 &&
    params !== null &&
    firstLayer(net, params).every((w, k) => Math.abs(Math.abs(params[net.h + k] / w) - wanted) < EDGE_TOLERANCE),
  seeds: (wanted) => within(seeds.trained(), wanted),
  weight: (wanted) => oneStep.chosen() === wanted,
  unit: () => Number(document.querySelector<HTMLInputElement>("#pieces-choose input")?.value ?? 0) > 0,
  moved: (_, now) => buildSection.weights().some((w, k) => w !== atEntry(now).build[k]),
  more_epochs: (wanted, now) => isAtRest(now) && within((now.playback.frame?.epoch ?? 0) - atEntry(now).epoch, wanted),
  looking_back: (_, now) => isAtRest(now) && (now.playback.frame?.epoch ?? Infinity) < now.state.epoch,
  edited: (_, now) => {
    const { seq } = atEntry(now);
    return now.playback.frames.some((frame) => frame.seq > seq && frame.mark === "edit");
  },
};

const passes = <N extends Name>(name: N, wanted: Wanted[N], now: Ready) => CHECKS[name](wanted, now);

// Call this when a step is entered.
export const begin = () => {
  entered = null;
  const now = fitSection.now();
  if (fitSection.isReady(now)) atEntry(now);
};

// Whether all checks of `done` pass. False before the session is open.
export const isDone = (done: Done) => {
  const now = fitSection.now();
  if (!fitSection.isReady(now)) return false;
  const names = Object.keys(done) as Name[];
  return names.every((name) => {
    const wanted = done[name];
    return wanted !== undefined && passes(name, wanted, now);
  });
};
